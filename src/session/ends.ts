import { codeOfWire, SottoError } from '../errors.js'

/** What went wrong at this end and is nobody else's fault: it costs one session, not the process (SE-107). */
export const defect = (cause: unknown): SottoError =>
  SottoError.of('session/lost', 'this end failed inside the session', { cause })

/** Takes every step, and gives what the first fails with, if one does: thrown on, it would leave a session without its end. */
export const firstDefect = (steps: readonly (() => void)[]): SottoError | undefined =>
  steps.map(defectIn).find((failure) => failure !== undefined)

const defectIn = (step: () => void): SottoError | undefined => {
  try {
    step()
    return undefined
  } catch (cause) {
    return defect(cause)
  }
}

/** The transport ended without the peer's END; `records` were opened, undefined before there was a session (SE-43). */
export const cutOff = (records: number | undefined, cause: unknown): SottoError =>
  records === undefined
    ? SottoError.of('session/lost', 'the transport ended during the handshake', { cause })
    : SottoError.of('channel/truncated', `the transport ended after ${records} records without END`, {
        details: { records },
        cause,
      })

/** The peer's END had a number other than 0. */
export const endedByPeer = (code: number): SottoError =>
  SottoError.of('session/lost', `the peer ended the session: ${codeOfWire(code) ?? `code ${code}`}`)
