import type { Wire } from '../cbor.js'
import { SottoError } from '../errors.js'
import { type Contract, type ContractName, contract } from './define.js'
import { isKind, type Kind } from './kinds.js'
import { CARRIES, type Carries, type Operation, type Terms } from './operation.js'
import { bytes, nothing, type Sent, type Shape } from './shape.js'

/**
 * CO-32: the contract of what `toJSON()` of another gave: the same name and rows, and shapes that take whatever the rows
 * let be sent. It is for what reads rows alone, as policies do, and for calls whose values nobody here checks.
 *
 * @param exported plain data, as JSON gives it
 * @throws SottoError contract/malformed if it is not what a contract exports; `details.path` says where
 */
export const parseContract = (exported: unknown): Contract => {
  const { name, operations } = record(exported, '', ['name', 'operations'])
  const rows = list(operations, 'operations').map((row, index) => rowAt(row, `operations[${index}]`))
  // CO-16: a file in another order, or with a name twice, was not exported.
  const wrong = rows.findIndex((row, index) => row.name <= (rows[index - 1]?.name ?? ''))
  if (wrong >= 0) throw malformed(`operations[${wrong}].name`, 'expected names that rise, once each')
  try {
    return contract(
      nameOf(name),
      Object.fromEntries(rows.map(({ name: key, kind, terms }) => [key, operationOf(kind, terms)])),
    )
  } catch (cause) {
    // A mistake of a program there is one of a file here; its text says what was expected of which operation.
    if (cause instanceof RangeError) throw malformed('', cause.message, cause)
    throw cause
  }
}

const ROW = ['name', 'kind', 'subject', 'faults', 'visible', 'retain', 'idempotent'] as const
const STREAM = [...ROW, 'up', 'down'] as const

const rowAt = (value: unknown, path: string): { readonly name: string; readonly kind: Kind; readonly terms: Terms } => {
  const { kind } = record(value, path)
  if (typeof kind !== 'string' || !isKind(kind)) throw malformed(`${path}.kind`, 'expected a kind of operation')
  const row = record(value, path, kind === 'stream' ? STREAM : ROW)
  const calls = kind === 'requestResponse'
  // CO-18, CO-19: what a kind does not have is empty or false.
  if (row.subject !== '') throw malformed(`${path}.subject`, 'expected an empty text')
  if (row.retain !== false) throw malformed(`${path}.retain`, 'expected false')
  if (typeof row.idempotent !== 'boolean' || (row.idempotent && !calls))
    throw malformed(`${path}.idempotent`, `expected ${calls ? 'true or ' : ''}false`)
  const faults = texts(row.faults, `${path}.faults`)
  if (faults.length > 0 && !calls) throw malformed(`${path}.faults`, 'expected an empty list')
  const terms = Object.freeze({
    subject: '',
    faults,
    visible: texts(row.visible, `${path}.visible`),
    retain: false,
    idempotent: row.idempotent,
    ...(kind === 'stream' && { up: carries(row.up, `${path}.up`), down: carries(row.down, `${path}.down`) }),
  })
  return { name: text(row.name, `${path}.name`), kind, terms }
}

/** Takes any value the wire carries, and no value. */
const anything: Shape<Wire> = Object.freeze({
  '~standard': Object.freeze({
    version: 1,
    vendor: 'sotto',
    // What is no wire value, the encoder refuses; nothing is told of the type of what was received.
    validate: (value: unknown) => ({ value: value as Wire }),
  }),
})

const SHAPES: Readonly<Record<Carries, Sent>> = { nothing, items: anything, bytes }

const operationOf = (kind: Kind, terms: Terms): Operation => {
  switch (kind) {
    case 'oneWay':
      return Object.freeze({ kind, message: anything, terms })
    case 'stream':
      return Object.freeze({ kind, request: anything, up: shapeOf(terms.up), down: shapeOf(terms.down), terms })
    case 'requestResponse': {
      const faults = Object.freeze(Object.fromEntries(terms.faults.map((fault) => [fault, anything])))
      return Object.freeze({ kind, request: anything, response: anything, faults, terms })
    }
  }
}

const shapeOf = (way: Carries | undefined): Sent => SHAPES[way ?? 'nothing']

const carries = (value: unknown, path: string): Carries => {
  const found = CARRIES.find((each) => each === value)
  if (found === undefined) throw malformed(path, `expected one of ${CARRIES.join(', ')}`)
  return found
}

/** The members of an object; exactly those of `names`, where given. */
const record = (value: unknown, path: string, names?: readonly string[]): Readonly<Record<string, unknown>> => {
  if (!isRecord(value)) throw malformed(path, 'expected an object')
  const inside = path === '' ? '' : `${path}.`
  const missing = names?.find((name) => !Object.hasOwn(value, name))
  if (missing !== undefined) throw malformed(`${inside}${missing}`, 'expected this member, got none')
  if (names !== undefined && Reflect.ownKeys(value).length !== names.length)
    throw malformed(path, `expected no members but ${names.join(', ')}`)
  return value
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const list = (value: unknown, path: string): readonly unknown[] => {
  if (!Array.isArray(value)) throw malformed(path, 'expected a list')
  return value
}

const texts = (value: unknown, path: string): readonly string[] =>
  Object.freeze(list(value, path).map((item, index) => text(item, `${path}[${index}]`)))

const text = (value: unknown, path: string): string => {
  if (typeof value !== 'string') throw malformed(path, 'expected a text')
  return value
}

/** `contract` checks the grammar of it. */
const nameOf = (value: unknown): ContractName => text(value, 'name') as ContractName

const malformed = (path: string, what: string, cause?: unknown): SottoError<'contract/malformed'> =>
  SottoError.of('contract/malformed', path === '' ? what : `${what}, at ${path}`, { details: { path }, cause })
