import type { ChildProcess } from 'node:child_process'
import process from 'node:process'
import { fromHalves } from './duplex.node.js'
import type { Transport } from './transport.js'

/**
 * This process's standard input and output as a transport; nothing else may print to standard output from now on.
 * Where they are true pipes and not sockets, as in a shell, the other end sees the end when this process exits.
 *
 * @throws TypeError if standard input is being read already
 */
export const stdio = (): Transport => fromHalves(process.stdin, process.stdout)

/**
 * A child process's standard input and output as a transport. A child that does not start fails it. `close` and `abort`
 * end the transport, not the child, which is its owner's to stop.
 *
 * @throws TypeError if the child was not started with both piped, or its output is being read already
 */
export const fromChild = (child: ChildProcess): Transport => {
  if (child.stdin === null || child.stdout === null)
    throw new TypeError("expected a child started with stdio 'pipe' for input and output")
  const transport = fromHalves(child.stdout, child.stdin)
  // TR-26
  child.on('error', (cause) => transport.abort(cause))
  return transport
}
