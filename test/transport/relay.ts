import { connect, type Endpoint } from '../../src/transport/sockets.node.js'
import { stdio } from '../../src/transport/stdio.node.js'
import { join } from './pass.js'

// A child process that joins its standard input and output to the endpoint it is given.
await join(stdio(), await connect(process.argv[2] as Endpoint))
process.exit()
