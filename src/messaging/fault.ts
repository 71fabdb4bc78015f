import type { Operation, RequestResponse } from '../contract/operation.js'
import type { Out, Sent, Shapes } from '../contract/shape.js'
import { SottoError } from '../errors.js'
import { check } from './shape.js'

/** One of the declared faults, with what its shape made of the data. */
export type FaultOf<F extends Shapes> = {
  readonly [K in keyof F]: { readonly name: K; readonly data: Out<F[K]> }
}[keyof F]

/** Which operation a fault was raised by: only there do its name and data have the declared types. */
const raisedBy = new WeakMap<object, Operation>()

/**
 * The declared fault that a call of `operation` failed with; undefined for every other error.
 *
 * @example
 * if (faultOf(error, Thermostat.operations.read)?.name === 'NoSuchRoom') …
 */
export const faultOf = <F extends Shapes>(
  error: unknown,
  operation: RequestResponse<Sent, Sent, F>,
): FaultOf<F> | undefined =>
  SottoError.is(error, 'call/fault') && raisedBy.get(error) === operation
    ? // The cast: `received` took the name from the faults of this operation, and the data from the shape of that name.
      (error.details as FaultOf<F>)
    : undefined

/**
 * ME-12: what a caller is told instead of `error`, a fault as it came from the peer.
 *
 * @throws contract/invalid if the operation does not declare it or its shape refuses the data
 */
export const received = (
  operation: RequestResponse<Sent, Sent, Shapes>,
  error: SottoError<'call/fault'>,
): SottoError<'call/fault'> => {
  const { name } = error.details
  const shape = operation.faults[name]
  if (shape === undefined) {
    const options = { details: { path: '' }, ran: error.ran }
    throw SottoError.of('contract/invalid', 'expected a declared fault, got another', options)
  }
  const data = check(shape, error.details.data, error.ran)
  const fault = SottoError.of('call/fault', name, { details: { name, data }, ran: error.ran, cause: error })
  raisedBy.set(fault, operation)
  return fault
}
