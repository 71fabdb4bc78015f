/**
 * The serving process of the tests of streams. `node streampeer.js KEYFILE PEER ENDPOINT LOG`: each item of `count` is
 * written to LOG, a byte, before it is given, so that it holds even when the process is killed.
 */
import { createHash } from 'node:crypto'
import { openSync, writeSync } from 'node:fs'
import { bytes, contract, type PeerId, serve, stream } from '../../src/index.js'
import { type Endpoint, listen, readIdentity } from '../../src/node.js'
import { type Measured, measured, number, open } from './tape.js'

const [, , keyFile = '', peerId, endpointText, log = ''] = process.argv
const identity = await readIdentity(keyFile)
// The casts: the test gives what it made.
const peer = peerId as PeerId
const endpoint = endpointText as Endpoint
const given = openSync(log, 'a')

const Tape = contract('tape.v1', {
  count: stream({ down: number }),
  upload: stream({ up: bytes, down: measured }),
})

const tape = serve(Tape, {
  async *count() {
    for (let n = 0; ; n++) {
      writeSync(given, Uint8Array.of(n & 255))
      yield n
    }
  },
  async *upload(_, { up }) {
    const hash = createHash('sha256')
    const rss: number[] = []
    let count = 0
    for await (const chunk of up) {
      hash.update(chunk)
      count += chunk.length
      rss.push(process.memoryUsage.rss())
    }
    yield { sha256: hash.digest('hex'), bytes: count, ...growthOf(rss) }
  },
})

/** The most, and how much more than the most of the first quarter. */
const growthOf = (rss: readonly number[]): Pick<Measured, 'most' | 'growth'> => {
  const most = rss.reduce((a, b) => Math.max(a, b), 0)
  const warm = rss.slice(0, rss.length / 4).reduce((a, b) => Math.max(a, b), 0)
  return { most, growth: most - warm }
}

const listener = await listen(endpoint, { identity, trust: [peer], policy: open, serve: [tape] })
process.send?.('listening')
for await (const _ of listener.failures);
