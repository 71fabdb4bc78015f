import { isAddress, isContractName } from '../contract/address.js'
import { codeOfWire, ERRORS, type ErrorCode, SottoError } from '../errors.js'
import { decisionId } from './decision.js'
import type { Frame } from './frames.js'
import { encodeFrame } from './framewriter.js'
import type { Initiation } from './initiation.js'

/** Codes a REFUSE may carry (SE-29). */
export const REFUSALS = [
  'identity/not-trusted',
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

/** The error a REFUSE stands for at the initiator. */
export const errorOfRefusal = (
  frame: Extract<Frame, { readonly is: 'REFUSE' }>,
  sessionId: string,
  initiation: Initiation,
): SottoError => {
  const code = codeOfWire(frame.code)
  const { detail: address } = frame
  const named = splitAddress(address)
  switch (code) {
    case 'contract/unserved':
      return SottoError.of(code, `the peer does not serve ${address}`, {
        details: named.operation === '' ? { contract: named.contract } : named,
      })
    case 'contract/changed':
      return SottoError.of(code, `the peer has another row for ${address}`, { details: named })
    case 'policy/denied':
    case 'policy/limited': {
      const index = initiation.uses.findIndex(({ contract }) => contract === address)
      const decision = decisionId(sessionId, 'ir', 0, Math.max(index, 0))
      return SottoError.of(code, `the peer refuses ${address}`, { details: { decision, address } })
    }
    case 'identity/not-trusted':
    case 'session/malformed':
    case 'session/service':
    case 'session/extension':
      return SottoError.of(code, 'the peer refuses the session')
    default:
      return SottoError.of('session/malformed', `a refusal with the code ${frame.code}`)
  }
}

const detailOf = (error: SottoError): string => {
  if (SottoError.is(error, 'contract/unserved') || SottoError.is(error, 'contract/changed')) {
    const { contract, operation } = error.details
    return operation === undefined ? contract : `${contract}.${operation}`
  }
  if (SottoError.is(error, 'policy/denied') || SottoError.is(error, 'policy/limited')) return error.details.address
  return ''
}

const splitAddress = (detail: string): { readonly contract: string; readonly operation: string } => {
  if (isContractName(detail)) return { contract: detail, operation: '' }
  if (!isAddress(detail)) return { contract: '', operation: '' }
  const at = detail.lastIndexOf('.')
  return { contract: detail.slice(0, at), operation: detail.slice(at + 1) }
}
