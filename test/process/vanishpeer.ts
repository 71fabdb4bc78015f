/**
 * The process that is killed. `node vanishpeer.js KEYFILE PEER ENDPOINT LOG`: it serves until it has done as many steps as it was last
 * told, and kills itself in the middle of the next. A step is a chunk that it reads or writes. The number of each request whose
 * handler has begun is written to LOG before it is answered, a byte each, so that it holds even when the process is killed.
 */
import { openSync, writeSync } from 'node:fs'
import { createServer } from 'node:net'
import { host, type PeerId, serve, type Transport } from '../../src/index.js'
import { fromDuplex, readIdentity } from '../../src/node.js'
import { open, Steps } from './steps.js'

const [, , keyFile = '', peerId, path = '', log = '', steps = ''] = process.argv
const identity = await readIdentity(keyFile)
// The cast: the test gives what it made.
const peer = peerId as PeerId
const begun = openSync(log, 'a')
let left = Number(steps)

const ran = (id: number): void => void writeSync(begun, Uint8Array.of(id))

const step = (): void => {
  if (left-- === 0) process.kill(process.pid, 'SIGKILL')
}

const never = () => new Promise<never>(() => undefined)

const service = serve(Steps, {
  ask: ({ id, text }) => {
    ran(id)
    return text
  },
  hang: ({ id }) => {
    ran(id)
    return never()
  },
  tell: ({ id }) => ran(id),
  down: async function* ({ id }) {
    ran(id)
    for (let n = 0; n < 3; n++) yield n
    await never()
  },
  up: async ({ id }, { up }) => {
    ran(id)
    for await (const chunk of up) void chunk
  },
})

/** Counts what goes over, in both directions. */
const counted = (inner: Transport): Transport => ({
  write: (bytes) => {
    step()
    return inner.write(bytes)
  },
  close: () => inner.close(),
  abort: (reason) => inner.abort(reason),
  async *[Symbol.asyncIterator]() {
    for await (const chunk of inner) {
      step()
      yield chunk
    }
  },
})

const answering = host({ identity, trust: [peer], policy: open, serve: [service], protocol: { pq: 'off' } })
const server = createServer({ allowHalfOpen: true }, (socket) => {
  answering.accept(counted(fromDuplex(socket))).catch(() => undefined)
})
server.listen(path, () => process.send?.('listening'))
