import type { Contract } from '../contract/define.js'
import { SottoError } from '../errors.js'
import type { Engine } from '../session/engine.js'
import type { Transport } from '../transport/transport.js'
import { Edge } from './edge.js'
import { liveSession } from './live.js'
import type { Both } from './options.js'
import type { Closed, Session } from './session.js'

/**
 * Runs an engine on a transport, which it takes over.
 * @throws the error the handshake ended with; session/closed if `options.signal` aborts first
 */
export const open = <U extends Contract>(engine: Engine, transport: Transport, options: Both<U>): Promise<Session<U>> =>
  new Promise((resolve, reject) => {
    const { serve = [], signal } = options
    let finish: (closed: Closed) => void = () => undefined
    const closed = new Promise<Closed>((settle) => {
      finish = settle
    })
    const edge = new Edge(engine, transport, serve, {
      established: (established) => {
        signal?.removeEventListener('abort', onAbort)
        const session = liveSession(established, edge, options, closed)
        resolve(session)
        return session
      },
      closed: (outcome) => {
        finish(outcome)
        // After `established` this changes nothing.
        if (!outcome.clean) reject(outcome.error)
      },
    })
    const onAbort = (): void => {
      edge.abort(SottoError.of('session/closed', 'aborted during the handshake', { cause: signal?.reason }))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    edge.start()
    if (signal?.aborted === true) onAbort()
  })
