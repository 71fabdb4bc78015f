import type { Contract } from '../contract/define.js'
import { SottoError } from '../errors.js'
import type { Established } from '../session/established.js'
import type { Edge } from './edge.js'
import { bindCaller } from './face.js'
import type { Both } from './options.js'
import type { Closed, Session } from './session.js'
import { onAbort } from './signals.js'

/** What `close` gives open exchanges to finish (LI-13). */
const CLOSE_MS = 4_000
/** What an end takes at most, from `close` or from the deadline of `drain` (LI-13). */
const END_MS = 5_000
const DRAIN_MS = 30_000
const LONGEST_DRAIN_MS = 86_400_000

const edges = new WeakMap<Session, Edge>()

/** @internal True while `session` is one of ours and not over. @throws TypeError if it is none */
export const isLive = (session: Session): boolean => {
  const edge = edges.get(session)
  if (edge === undefined) throw new TypeError('expected a Session made by dial, initiate, host or listen')
  return !edge.over
}

/** @internal What is trusted has changed: `session` ends if its peer is trusted no more, and is narrowed if it is another (LI-5). */
export const retrust = (session: Session): void => edges.get(session)?.retrust()

/** @internal Renews what `session` shows. One that ends, or has had too many just now, goes on with what it has (LI-43, LI-55). */
export const renewIn = (session: Session, credential: Uint8Array): void => {
  try {
    session.renew(credential)
  } catch (error) {
    // What this one session cannot take is nothing to the others.
    if (!(error instanceof SottoError)) throw error
  }
}

/** The session of an established engine. */
export const liveSession = <U extends Contract>(
  established: Established,
  edge: Edge,
  options: Both<U>,
  closed: Promise<Closed>,
): Session<U> => {
  const { use = [], serve = [], signal } = options
  const abort = (reason?: unknown): void => edge.abort(endOf(reason))
  const ending = async (timeoutMs: number, limitMs: number): Promise<void> => {
    edge.close(timeoutMs)
    const timer = setTimeout(abort, limitMs, SottoError.of('session/timeout', 'the session did not end in time'))
    await closed
    clearTimeout(timer)
  }
  const close = (): Promise<void> => ending(CLOSE_MS, END_MS)
  const drain: Session['drain'] = async (drainOptions) => {
    const timeoutMs = drainMs(drainOptions)
    await ending(timeoutMs, timeoutMs + END_MS)
  }
  const session: Session<U> = {
    id: established.id,
    get peer() {
      return edge.peer ?? established.peer
    },
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
    renew: (credential) => edge.renew(credential),
    drain,
    close,
    abort,
    exportKey: (label, context, length) => established.exportKey(label, context, length),
    [Symbol.asyncDispose]: close,
  }
  bindCaller(session, edge)
  edges.set(session, edge)
  const deaf = onAbort(signal, () => abort(signal?.reason))
  void closed.then(deaf)
  return Object.freeze(session)
}

/** @internal What a drain gives open exchanges to finish. @throws RangeError */
export const drainMs = ({ timeoutMs = DRAIN_MS }: { readonly timeoutMs?: number } = {}): number => {
  if (timeoutMs >= 0 && timeoutMs <= LONGEST_DRAIN_MS) return timeoutMs
  throw new RangeError(`expected timeoutMs of 0..${LONGEST_DRAIN_MS}, got ${timeoutMs}`)
}

const endOf = (reason: unknown): SottoError =>
  reason instanceof SottoError
    ? reason
    : SottoError.of('session/closed', 'the session was aborted here', { cause: reason })
