import { isToken } from '../contract/address.js'
import type { In, Sent, Shape } from '../contract/shape.js'
import { type Ran, SottoError } from '../errors.js'

/** Elements of a path that are told; CBOR goes no deeper. */
const MAX_PATH = 32
/** Bytes of a path, which are ASCII: what a FAULT carries of one (SE-49). */
const MAX_PATH_BYTES = 255

/**
 * Runs a shape over a value and returns its output.
 *
 * @param ran what to say of the other side if the value is refused
 * @throws contract/invalid if the shape has an issue with it, or answers with a promise; whatever the shape throws
 */
export const check = <O>(shape: Shape<unknown, O>, value: unknown, ran: Ran = 'no'): O => {
  const result = shape['~standard'].validate(value)
  // ME-4
  if ('then' in result) {
    // The promise is refused already, whichever way it ends.
    result.then(undefined, () => {})
    throw invalid('expected a shape that answers at once, got a promise', '', ran)
  }
  if (result.issues === undefined) return result.value
  const path = pathOf(result.issues[0]?.path ?? [])
  throw invalid(`expected a value that its shape takes, got one it refuses at "${path}"`, path, ran)
}

/**
 * ME-1, ME-3: runs a shape over a value about to be sent; what goes out is the value, not the output.
 *
 * A value that passes is taken for a wire value: contracts hold only shapes whose input is one, and encoding refuses
 * what a shape let through all the same.
 *
 * @throws as `check`
 */
export function checkSent(shape: Sent, value: unknown): asserts value is In<Sent> {
  check(shape, value)
}

const invalid = (message: string, path: string, ran: Ran) =>
  SottoError.of('contract/invalid', message, { details: { path }, ran })

/** ME-5: where the value was refused, as in `items.0.name`, and nothing of the value itself. */
const pathOf = (path: readonly (PropertyKey | { readonly key: PropertyKey })[]): string =>
  // A copy: the list of a library may be of a class of its own, which makes something else of `slice` and `map`.
  Array.from(path)
    .slice(0, MAX_PATH)
    .map((element) => String(typeof element === 'object' ? element.key : element))
    // A key of a record is the sender's own text; one that is no plain name is not repeated.
    .map((key) => (isToken(key) ? key : '?'))
    .join('.')
    .slice(0, MAX_PATH_BYTES)
