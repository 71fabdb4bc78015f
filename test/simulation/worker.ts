import { parentPort } from 'node:worker_threads'
import { campaign } from './campaign.js'

// Most errors here are expected outcomes, whose stacks cost a tenth of the time; a replay has them.
Error.stackTraceLimit = 0

/** Runs the seeds it is told to, and tells what came of them (simulate.mjs). */
parentPort?.on('message', ({ first, count }: { readonly first: number; readonly count: number }) => {
  parentPort?.postMessage(campaign(first, (done) => done >= count))
})
