import type { Contract } from '../contract/define.js'
import { SottoError } from '../errors.js'
import type { Engine } from '../session/engine.js'
import type { Transport } from '../transport/transport.js'
import { Edge } from './edge.js'
import { liveSession } from './live.js'
import type { Both } from './options.js'
import type { Closed, Session } from './session.js'
import { onAbort } from './signals.js'

/** What may happen to an attempt, beside what the peer does. */
interface Attempt<U extends Contract> {
  /** Gives the handshake up; it has no effect on the session that came of it. */
  readonly signal: AbortSignal | undefined
  /** Told of the session before anything else happens in it. */
  readonly opened?: ((session: Session<U>) => void) | undefined
  /** Told when the peer takes nothing new any more. */
  readonly draining?: (() => void) | undefined
}

/**
 * Runs an engine on a transport, which it takes over.
 * @throws the error the handshake ended with; session/closed if `attempt.signal` aborts first
 */
export const open = <U extends Contract>(
  engine: Engine,
  transport: Transport,
  options: Both<U>,
  { signal, opened, draining }: Attempt<U>,
): Promise<Session<U>> =>
  new Promise((resolve, reject) => {
    let finish: (closed: Closed) => void = () => undefined
    const closed = new Promise<Closed>((settle) => {
      finish = settle
    })
    const edge = new Edge(engine, transport, options.serve ?? [], {
      established: (established) => {
        deaf()
        const session = liveSession(established, edge, options, closed)
        opened?.(session)
        resolve(session)
        return session
      },
      draining: () => draining?.(),
      closed: (outcome) => {
        deaf()
        finish(outcome)
        // After `established` this changes nothing.
        if (!outcome.clean) reject(outcome.error)
      },
    })
    const giveUp = (): void =>
      edge.abort(SottoError.of('session/closed', 'given up during the handshake', { cause: signal?.reason }))
    const deaf = onAbort(signal, giveUp)
    edge.start()
    if (signal?.aborted === true) giveUp()
  })
