import { codeOfWire, ERRORS, type ErrorCode, SottoError } from '../errors.js'
import { decisionId } from './decision.js'
import type { Frame } from './frames.js'
import { encodeFrame } from './framewriter.js'
import type { Initiation } from './initiation.js'

/** Codes a REFUSE may carry (SE-29). */
export const REFUSALS = [
  'identity/not-trusted',
  'session/busy',
  'session/malformed',
  'session/service',
  'session/extension',
  'contract/unserved',
  'contract/changed',
  'policy/denied',
  'policy/limited',
] as const satisfies readonly ErrorCode[]

/** The REFUSE of an error, or undefined if the peer may not learn of it. The detail is an address the peer itself named. */
export const refusalOf = (error: SottoError): Uint8Array | undefined =>
  REFUSALS.some((code) => code === error.code)
    ? encodeFrame({ is: 'REFUSE', code: ERRORS[error.code].wire, detail: detailOf(error) })
    : undefined

/** The error a REFUSE stands for at the initiator; a detail that names nothing it asked for is malformed (SE-29). */
export const errorOfRefusal = (
  { code: wire, detail }: Extract<Frame, { readonly is: 'REFUSE' }>,
  sessionId: string,
  { uses }: Initiation,
): SottoError => {
  const code = codeOfWire(wire)
  const index = uses.findIndex(({ contract }) => detail === contract || detail.startsWith(`${contract}.`))
  const { contract = '', operations = [] } = uses[index] ?? {}
  const operation = operations.find(({ name }) => detail === `${contract}.${name}`)?.name
  const isContract = index >= 0 && detail === contract
  if (code === 'contract/unserved' && (isContract || operation !== undefined))
    return SottoError.of(code, `the peer does not serve ${detail}`, {
      details: operation === undefined ? { contract } : { contract, operation },
    })
  if (code === 'contract/changed' && operation !== undefined)
    return SottoError.of(code, `the peer has another row for ${detail}`, { details: { contract, operation } })
  if ((code === 'policy/denied' || code === 'policy/limited') && isContract) {
    const decision = decisionId(sessionId, 'ir', 0, index)
    return SottoError.of(code, `the peer refuses ${detail} (decision ${decision})`, {
      details: { decision, address: detail },
    })
  }
  if (isBare(code) && detail === '') return SottoError.of(code, 'the peer refuses the session')
  return SottoError.of('session/malformed', `a refusal with the code ${wire} and a detail that does not fit`)
}

/** Codes that say it all. */
const isBare = (code: ErrorCode | undefined) =>
  code === 'identity/not-trusted' ||
  code === 'session/busy' ||
  code === 'session/malformed' ||
  code === 'session/service' ||
  code === 'session/extension'

const detailOf = (error: SottoError): string => {
  if (SottoError.is(error, 'contract/unserved') || SottoError.is(error, 'contract/changed')) {
    const { contract, operation } = error.details
    return operation === undefined ? contract : `${contract}.${operation}`
  }
  if (SottoError.is(error, 'policy/denied') || SottoError.is(error, 'policy/limited')) return error.details.address
  return ''
}
