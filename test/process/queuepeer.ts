/**
 * A worker. `node queuepeer.js KEYFILE PEER ENDPOINT`: it consumes, tells of each job `begun`, and of each that was acknowledged `done`;
 * between the two it works for a turn.
 */
import { client, type PeerId } from '../../src/index.js'
import { dial, type Endpoint, readIdentity } from '../../src/node.js'
import { Work } from './queuework.js'

const [, , keyFile = '', peerId, endpointText] = process.argv
// The casts: the test gives what it made.
const session = await dial(endpointText as Endpoint, {
  identity: await readIdentity(keyFile),
  peer: peerId as PeerId,
  use: [Work],
})

const tell = (what: 'begun' | 'done', number: number, attempt: number): Promise<void> =>
  new Promise((resolve) => process.send?.([what, number, attempt], () => resolve()))

for await (const delivery of client(session, Work).jobs.consume({}, { credit: 8 })) {
  await tell('begun', delivery.value, delivery.attempt)
  await new Promise((resolve) => setImmediate(resolve))
  await delivery.ack()
  await tell('done', delivery.value, delivery.attempt)
}
