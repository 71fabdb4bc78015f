/** CO-8: the grammar of names and addresses (spec/contract.md): ASCII, case-sensitive, every part bounded. */

/** Bytes of a whole address; also the bound of a contract name. */
export const MAX_ADDRESS_BYTES = 255

/** Tokens behind the operation. */
export const MAX_TOKENS = 16

// Each pattern is one or two character classes with a bounded count: there is nothing to backtrack into.
const NAME = /^[a-z][a-z0-9-]{0,62}$/
const VERSION = /^v[1-9][0-9]{0,3}$/
const OPERATION = /^[a-z][a-zA-Z0-9]{0,62}$/
// A peer id has 65 characters, and must be able to stand in an address.
const TOKEN = /^[a-zA-Z0-9_-]{1,65}$/
const FIELD = /^[a-zA-Z0-9_-]{1,64}$/

// CO-5: each is found on, or awaited from, any JavaScript object, so it could stand for something else there.
const RESERVED_OPERATIONS: ReadonlySet<string> = new Set(['then', 'constructor', 'prototype', '__proto__', 'toJSON'])

// CO-13: the CBOR profile lets no map have these keys.
const RESERVED_FIELDS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** CO-1: one or more names and a version, as in `thermostat.v1` or `acme.billing.v12`. */
export const isContractName = (text: string): boolean => {
  if (text.length > MAX_ADDRESS_BYTES) return false
  const elements = text.split('.')
  return elements.length > 1 && versionAt(elements) === elements.length - 1
}

/** CO-4, CO-5: camelCase of up to 63 letters and digits, and none of the five reserved names. */
export const isOperationName = (text: string): boolean => OPERATION.test(text) && !RESERVED_OPERATIONS.has(text)

/** CO-6: one to 65 letters, digits, `-` or `_`. */
export const isToken = (text: string): boolean => TOKEN.test(text)

/** CO-12, CO-13: what names a member of a message, as the CBOR profile allows it: 1 to 64 letters, digits, `-` or `_`. */
export const isFieldName = (text: string): boolean => FIELD.test(text) && !RESERVED_FIELDS.has(text)

/** CO-7: a contract name, an operation name and at most 16 tokens, joined by dots. */
export const isAddress = (text: string): boolean => {
  if (text.length > MAX_ADDRESS_BYTES) return false
  const elements = text.split('.')
  const version = versionAt(elements)
  const operation = elements[version + 1]
  const tokens = elements.slice(version + 2)
  return (
    version > 0 &&
    operation !== undefined &&
    isOperationName(operation) &&
    tokens.length <= MAX_TOKENS &&
    tokens.every(isToken)
  )
}

/** The address of an operation of a contract. @throws RangeError if the parts are no address */
export const addressOf = (contract: string, operation: string, ...tokens: readonly string[]): string => {
  const address = [contract, operation, ...tokens].join('.')
  if (!isContractName(contract) || !isOperationName(operation) || !tokens.every(isToken) || !isAddress(address)) {
    throw new RangeError(`expected a contract, an operation and at most ${MAX_TOKENS} tokens, got ${address}`)
  }
  return address
}

/** CO-2: the index of the first version, which ends the contract name; -1 if the elements before it are no names. */
const versionAt = (elements: readonly string[]): number => {
  const version = elements.findIndex((element) => VERSION.test(element))
  return elements.slice(0, Math.max(version, 0)).every((element) => NAME.test(element)) ? version : -1
}
