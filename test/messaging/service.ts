import { SottoError } from '../../src/errors.js'
import type { Answer, Incoming, Served } from '../../src/link/face.js'

/** A service that is watched: the messages that came to it, and what it answered. */
export const tapped = <S extends Served>(service: S) => {
  const incoming: Incoming[] = []
  const answers: (Answer | undefined | Promise<Answer | undefined>)[] = []
  const served: S = {
    ...service,
    answer: (message: Incoming) => {
      incoming.push(message)
      const answer = service.answer(message)
      answers.push(answer)
      return answer
    },
  }
  return { served, incoming, answers }
}

/** A peer that agrees on the contract of `service` and answers whatever it likes. */
export const answering = (service: Served, answer: Answer): Served => ({ ...service, answer: () => answer })

/** How a call ended, as its caller was told. */
export const outcome = async (call: Promise<unknown>): Promise<unknown> => {
  try {
    return { is: 'reply', value: await call }
  } catch (error) {
    if (SottoError.is(error, 'call/fault')) return { is: 'fault', ...error.details }
    if (SottoError.is(error, 'call/internal')) return { is: 'internal', ...error.details }
    if (SottoError.is(error, 'contract/invalid')) return { is: 'invalid', ...error.details }
    throw error
  }
}
