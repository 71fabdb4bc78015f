import type { Contract } from '../contract/define.js'
import { SottoError } from '../errors.js'
import type { Established } from '../session/established.js'
import type { Edge } from './edge.js'
import { bindCaller } from './face.js'
import type { Both } from './options.js'
import type { Closed, Session } from './session.js'

/** What `close` gives open exchanges to finish; with the wait for the peer's END it is 5 s in all. */
const CLOSE_MS = 4_000
const DRAIN_MS = 30_000
const DISPOSE_MS = 5_000

/** The session of an established engine. */
export const liveSession = <U extends Contract>(
  established: Established,
  edge: Edge,
  options: Both<U>,
  closed: Promise<Closed>,
): Session<U> => {
  const { use = [], serve = [], signal } = options
  const abort = (reason?: unknown): void => {
    edge.abort(SottoError.of('session/closed', 'the session was aborted here', { cause: reason }))
  }
  const ending = async (timeoutMs: number, limitMs: number): Promise<void> => {
    edge.close(timeoutMs)
    const timer = setTimeout(abort, limitMs, new Error('the peer did not end the session in time'))
    await closed
    clearTimeout(timer)
  }
  const close = (): Promise<void> => ending(CLOSE_MS, DISPOSE_MS)
  const session: Session<U> = {
    id: established.id,
    peer: established.peer,
    suite: established.suite.name,
    context: established.context,
    uses: Object.freeze(use.filter(({ name }) => established.uses.includes(name))),
    serves: Object.freeze(
      serve.map(({ contract }) => contract).filter(({ name }) => established.serves.includes(name)),
    ),
    closed,
    refusals: edge.refusals,
    denials: edge.denials,
    ping: (ping) => edge.ping(ping),
    drain: ({ timeoutMs = DRAIN_MS } = {}) => ending(timeoutMs, timeoutMs + DISPOSE_MS),
    close,
    abort,
    exportKey: (label, context, length) => established.exportKey(label, context, length),
    [Symbol.asyncDispose]: close,
  }
  bindCaller(session, edge)
  const onAbort = (): void => abort(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  void closed.then(() => signal?.removeEventListener('abort', onAbort))
  return Object.freeze(session)
}
