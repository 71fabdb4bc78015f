/**
 * The process that lets in and throws out. `node narrowpeer.js KEYFILE PEER ENDPOINT`: it serves a stream that never ends and,
 * when told `replace` or `revoke`, does it and tells what had become of its handlers when that returned, and how many turns
 * of the event loop it took until each had ended.
 */
import { type PeerId, policyStore, serve, trustStore } from '../../src/index.js'
import { type Endpoint, listen, readIdentity } from '../../src/node.js'
import { closed, open, type Told, Ward } from './ward.js'

const [, , keyFile = '', peerId, endpointText] = process.argv
const identity = await readIdentity(keyFile)
// The casts: the test gives what it made.
const peer = peerId as PeerId
const endpoint = endpointText as Endpoint
const policy = policyStore(open)
const trust = trustStore([peer])
const signals = new Map<string, AbortSignal>()
let turn = 0
const ended: Record<string, number> = {}

const ward = serve(Ward, {
  async *watch({ who }, { signal }) {
    signals.set(who, signal)
    let hear: () => void = () => undefined
    const aborted = new Promise<void>((resolve) => {
      hear = resolve
    })
    signal.addEventListener('abort', () => hear())
    yield 0
    await aborted
    ended[who] = turn
  },
  ask: ({ who }) => who.length,
})

await using listener = await listen(endpoint, { identity, trust, policy, serve: [ward] })

process.on('message', (what) => {
  const count = (): void => {
    turn++
    if (turn < 5) setImmediate(count)
    else tell()
  }
  const tell = (): void => void process.send?.({ atOnce, ended } satisfies Told)
  if (what === 'replace') policy.replace(closed)
  else trust.revoke(peer)
  const atOnce = Object.fromEntries([...signals].map(([who, signal]) => [who, codeOf(signal)]))
  setImmediate(count)
})

/** Why it was aborted, or that it was not. */
const codeOf = ({ aborted, reason }: AbortSignal): string => (aborted ? String(Reflect.get(reason, 'code')) : 'open')

process.send?.('listening')
for await (const _ of listener.failures);
