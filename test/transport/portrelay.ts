import { parentPort, workerData } from 'node:worker_threads'
import { fromPort } from '../../src/transport/port.js'
import { join } from './pass.js'

// A worker that joins the port it was started with to the one it was given.
if (parentPort === null) throw new Error('expected to be a worker')
await join(fromPort(parentPort), fromPort(workerData))
