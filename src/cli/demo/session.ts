import { type Admitted, type Session, SottoError } from '../../index.js'
import { tell } from './facts.js'

/** What both processes tell of a session, whichever end of it they are. */
export const tellSession = (session: Session): void =>
  tell({
    is: 'session',
    session: session.id,
    suite: session.suite,
    peer: session.peer.id,
    uses: session.uses.map(({ name }) => name),
    serves: session.serves.map(({ name }) => name),
  })

export const tellAdmitted = ({ verb, address, decision }: Admitted): void =>
  tell({ is: 'admitted', verb, address, decision })

/** Awaits an answer and tells of it, or of the error that came instead. */
export const tellAnswer = async (address: string, answer: Promise<string | undefined>): Promise<void> => {
  try {
    tell({ is: 'answered', address, text: (await answer) ?? '' })
  } catch (error) {
    if (!(error instanceof SottoError)) throw error
    const { code, ran, cause } = error
    tell({
      is: 'failed',
      address,
      code,
      ran,
      cause: cause instanceof SottoError ? cause.code : undefined,
      decision: SottoError.is(error, 'policy/denied') ? error.details.decision : '',
    })
  }
}

/** Waits for the end of the session and tells how it was. */
export const tellEnd = async (session: Session): Promise<void> => {
  const closed = await session.closed
  tell({
    is: 'ended',
    code: closed.clean ? undefined : closed.error.code,
    message: closed.clean ? '' : closed.error.message,
  })
}
