import type { Transport } from '../transport/transport.js'
import type { Admission, Attempt } from './admission.js'

/** `transport`, of which a chunk is handed over when it is the attempt's turn, and as it comes once that is over (LI-53). */
export const paced = (transport: Transport, attempt: Attempt, admission: Admission): Transport => {
  const inTurn = async <T>(news: T): Promise<T> => {
    await admission.turn(attempt)
    return news
  }
  return {
    write: (bytes) => transport.write(bytes),
    close: () => transport.close(),
    abort: (reason) => transport.abort(reason),
    [Symbol.asyncIterator]: () => {
      const chunks = transport[Symbol.asyncIterator]()
      return {
        next: () => {
          // The reader asks when it is done with the last.
          admission.done(attempt)
          return admission.has(attempt) ? chunks.next().then(inTurn) : chunks.next()
        },
        return: async () => {
          admission.done(attempt)
          return (await chunks.return?.()) ?? { done: true, value: undefined }
        },
      }
    },
  }
}
