import { concat, toHex } from '../bytes.js'
import { decode, decodeControl, encode, encodeControl } from '../cbor.js'
import { isAddress, isContractName, isOperationName, isToken } from '../contract/address.js'
import { contract } from '../contract/define.js'
import { oneWay } from '../contract/operation.js'
import { membersOf, type Row, rowDigest, rowsOf } from '../contract/row.js'
import { bytes } from '../contract/shape.js'
import { fits, parseTemplate } from '../contract/subject.js'
import { defaultProvider } from '../crypto/default.js'
import type { Members } from './members.js'

/** Asks of what is encoded: items of CBOR, rows, names and subjects. */
export const CORE_ENCODINGS = {
  cbor: (vector: Members) => {
    const decoded = vector.one('as', ['body', 'control']) === 'body' ? decode : decodeControl
    return { diagnostic: diagnosticOf(decoded(repeatedOf(vector))) }
  },
  row: (vector: Members) => {
    // The cast: rows of vectors have the members of rows, and no others are read.
    const row = vector.of('row').all as unknown as Row
    return {
      cbor: toHex(encodeControl(membersOf(row))),
      digest: toHex(rowDigest(defaultProvider.hash.SHA256, row)),
    }
  },
  numbering: (vector: Members) => {
    const operations = Object.fromEntries(vector.texts('given').map((name) => [name, oneWay(bytes)]))
    return { numbered: rowsOf(contract('a.v1', operations)).map(({ name }) => name) }
  },
  grammar: (vector: Members) => {
    const as = vector.one('as', ['contract', 'operation', 'token', 'address', 'template'])
    return { valid: GRAMMARS[as](vector.text('text')) }
  },
  subject: (vector: Members) => {
    const [template, text] = [vector.text('template'), vector.text('text')]
    return { subject: fits(template, text, false), filter: fits(template, text, true) }
  },
}

/** The bytes of a vector whose end may be said as a repetition. */
export const repeatedOf = (vector: Members): Uint8Array => {
  const start = vector.bytes('hex')
  if (!vector.has('repeat')) return start
  const repeat = vector.of('repeat')
  const part = repeat.bytes('hex')
  const end = new Uint8Array(part.length * repeat.count('times'))
  for (let at = 0; at < end.length; at += part.length) end.set(part, at)
  return concat(start, end)
}

/** CBOR diagnostic notation of a value (RFC 8949 section 8), as spec/conformance.md spells it. */
export const diagnosticOf = (value: unknown): string => {
  if (value instanceof Uint8Array) return `h'${toHex(value)}'`
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(diagnosticOf).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  // Objects have names that are whole numbers in front, whatever the order of their bytes.
  const entries: readonly (readonly [unknown, unknown])[] =
    value instanceof Map
      ? [...value]
      : Object.entries(value).toSorted(([one], [other]) => (placeOf(one) < placeOf(other) ? -1 : 1))
  return `{${entries.map(([key, member]) => `${diagnosticOf(key)}: ${diagnosticOf(member)}`).join(', ')}}`
}

const placeOf = (name: string): string => toHex(encode(name))

const isTemplate = (text: string): boolean => {
  try {
    return parseTemplate(text).text === text
  } catch (error) {
    // What is no template is what is asked; anything else is a crash.
    if (error instanceof RangeError) return false
    throw error
  }
}

/** What is a name, by its grammar. */
export const GRAMMARS = {
  contract: isContractName,
  operation: isOperationName,
  token: isToken,
  address: isAddress,
  template: isTemplate,
}
