import { SottoError } from '../errors.js'
import type { Transport } from '../transport/transport.js'
import { free } from './pump.js'
import { onAbort } from './signals.js'

/** A way to the peer: a transport of its own for each call. `signal` gives up waiting for it. */
export type Connect = (signal: AbortSignal) => Promise<Transport>

/**
 * A transport, in at most `limitMs`, also where `connect` does not heed its signal: what comes late is freed (LI-1, LI-3).
 * @throws session/timeout, session/closed if `signal` aborts, and what `connect` throws
 */
export const reach = (connect: Connect, limitMs: number, signal: AbortSignal | undefined): Promise<Transport> =>
  new Promise((resolve, reject) => {
    const stop = new AbortController()
    const giveUp = (error: SottoError): void => {
      reject(error)
      stop.abort(error)
      settle()
    }
    const onClosed = (): void =>
      giveUp(SottoError.of('session/closed', 'given up while connecting', { cause: signal?.reason }))
    const onLate = (): void => giveUp(SottoError.of('session/timeout', `no connection after ${limitMs} ms`))
    const timer = setTimeout(onLate, limitMs)
    const deaf = onAbort(signal, onClosed)
    const settle = (): void => {
      clearTimeout(timer)
      deaf()
    }
    if (signal?.aborted === true) onClosed()
    else
      transportOf(connect, stop.signal)
        .finally(settle)
        .then((transport) => {
          if (stop.signal.aborted) free(transport, stop.signal.reason)
          else resolve(transport)
        }, reject)
  })

/** One that throws instead of rejecting is no different. */
const transportOf = async (connect: Connect, signal: AbortSignal): Promise<Transport> => connect(signal)
