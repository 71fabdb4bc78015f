/**
 * A service of a cluster: `node natspeer.js KEYFILE PEER ENDPOINT NATSPORT`. Its queue is in NATS; it says `listening`, and lives
 * until it is killed.
 */
import { connect } from '@nats-io/transport-node'
import * as z from 'zod'
import { queue } from '../../src/contract/operation.js'
import { contract, type PeerId, type Policy, serve } from '../../src/index.js'
import { natsBroker } from '../../src/nats.js'
import { type Endpoint, listen, readIdentity } from '../../src/node.js'

export const Work = contract('work.v1', {
  jobs: queue(z.number(), { leaseMs: 2_000, maxDeliveries: 100, backoffMs: 10 }),
})

/** Of the cluster. */
export const KEY = new Uint8Array(32).fill(5)

export const open: Policy = {
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['enqueue', 'consume'], on: ['>'] }],
}

const run = async (keyFile: string, peer: PeerId, endpoint: Endpoint, port: string): Promise<void> => {
  const connection = await connect({ servers: `127.0.0.1:${port}`, maxReconnectAttempts: -1 })
  const broker = natsBroker({ connection, keys: [KEY] })
  const identity = await readIdentity(keyFile)
  const work = serve(Work, { broker }, {})
  const listener = await listen(endpoint, { identity, trust: [peer], policy: open, serve: [work] })
  process.send?.('listening')
  for await (const _ of listener.failures);
}

const [, , keyFile, peer, endpoint, port] = process.argv
// The casts: the test gives what it made. Without it this file says what both speak.
if (keyFile !== undefined && port !== undefined) await run(keyFile, peer as PeerId, endpoint as Endpoint, port)
