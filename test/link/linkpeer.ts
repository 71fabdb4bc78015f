/**
 * The other process of a test of links. `node linkpeer.js ROLE KEYFILE PEER ENDPOINT LOG`: what it ran is written to LOG, three
 * bytes each, before anything is answered, so that it holds even when the process is killed.
 */
import { openSync, writeSync } from 'node:fs'
import { client, type PeerId, serve } from '../../src/index.js'
import { type Endpoint, link, listen, readIdentity } from '../../src/node.js'
import { open } from '../process/contracts.js'
import { Store } from './store.js'

const [, , role = '', keyFile = '', peerId, endpointText, log = ''] = process.argv
const identity = await readIdentity(keyFile)
// The casts: the test gives what it made.
const peer = peerId as PeerId
const endpoint = endpointText as Endpoint

/** Writes down what ran; `hang` answers nothing. */
const serving = async (answers: boolean): Promise<void> => {
  const ran = openSync(log, 'a')
  const run = (kind: number) => (value: Uint8Array) => {
    writeSync(ran, Uint8Array.of(kind, ...value.subarray(0, 2)))
    return answers ? value : new Promise<never>(() => undefined)
  }
  const store = serve(Store, { get: run(0), set: run(1), note: (value) => void run(2)(value) })
  const protocol = { limits: { exchanges: 50 } }
  const listener = await listen(endpoint, { identity, trust: [peer], policy: open, serve: [store], protocol })
  process.send?.('listening')
  for await (const _ of listener.failures);
}

/** Links in every state they can be ended in; then nothing is left to do, and the process must exit by itself. */
const living = async (): Promise<void> => {
  const stop = new AbortController()
  const options = { identity, peer, use: [Store], policy: open } as const
  const ends = [
    link(endpoint, options),
    link(endpoint, options, { firstMs: 1 }),
    link('unix:/nowhere/sotto.sock', options, { firstMs: 60_000, capMs: 60_000 }),
    link('unix:/nowhere/sotto.sock', { ...options, signal: stop.signal }),
    link('unix:/nowhere/sotto.sock', options, { firstMs: 1, capMs: 1, giveUpMs: 5 }),
  ]
  const [established] = ends
  if (established === undefined) return
  await client(established, Store).set(Uint8Array.of(0, 1))
  const waits = ends.slice(2).map((on) =>
    client(on, Store)
      .set(Uint8Array.of(0, 2))
      .catch(() => undefined),
  )
  stop.abort()
  const last = ends.at(-1)
  await last?.closed
  await Promise.all(ends.map((on) => on.close()))
  await Promise.all(waits)
}

if (role === 'hang' || role === 'answer') await serving(role === 'answer')
else {
  await living()
  // Exiting would wait for it: it is a wait that nobody is in any more.
  if (process.getActiveResourcesInfo().includes('Timeout')) process.exitCode = 4
}
