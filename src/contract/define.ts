import { isContractName, isFieldName, isOperationName, MAX_ADDRESS_BYTES } from './address.js'
import { type Schemas, schemasOf } from './documented.js'
import { type Checked, type Flow, flowOf } from './flow.js'
import { has, isKind } from './kinds.js'
import { CARRIES, type Carries, type Operation, type Operations } from './operation.js'
import { type Row, rowOf, rowsOf } from './row.js'
import { parseTemplate, shortest } from './subject.js'

/** Names and a version, as in `thermostat.v1`; the full grammar is checked when the contract is made. */
export type ContractName = `${string}.v${number}`

/** What its server implements: plain frozen data, made by `contract`. */
export interface Contract<
  N extends ContractName = ContractName,
  O extends Operations = Operations,
  F extends Flow | undefined = Flow | undefined,
> {
  readonly name: N
  readonly operations: O
  /** Of a contract of conversations. */
  readonly flow: F
  /** The name and the rows, in the order of their numbers, with JSON Schemas where the libraries of the shapes make them: what another language needs to speak it. */
  toJSON(): ContractExport
}

export interface ContractExport {
  readonly name: string
  readonly operations: readonly ExportedRow[]
}

export interface ExportedRow extends Row {
  /** Documentation, that peers do not agree on. */
  readonly schemas?: Schemas
}

/** CO-9. The rationale in spec/contract.md has the arithmetic. */
export const MAX_OPERATIONS = 256

/** CO-11, CO-12: declared faults, and visible fields, of one operation. */
export const MAX_NAMES = 64

const FAULT = /^[a-zA-Z][a-zA-Z0-9]{0,62}$/

/**
 * A contract of 1 to 256 operations. The record is copied; its shapes are held as they are and not called (CO-10). With a
 * flow its operations are steps of conversations, which come in the order of the flow alone.
 *
 * @throws RangeError if a name, a kind or a count is outside the grammar of spec/contract.md, or the flow does not fit (CV-1 to CV-5)
 */
export const contract = <
  const N extends ContractName,
  O extends Operations,
  const F extends Flow | undefined = undefined,
>(
  name: N,
  operations: O,
  flow?: F & Checked<O, F>,
): Contract<N, O, F> => {
  // CO-3
  if (!isContractName(name) || name.startsWith('sotto.')) {
    throw new RangeError(`expected a contract name like thermostat.v1, outside sotto., got ${name}`)
  }
  const count = Object.keys(operations).length
  if (count < 1 || count > MAX_OPERATIONS) {
    throw new RangeError(`expected 1 to ${MAX_OPERATIONS} operations in ${name}, got ${count}`)
  }
  for (const [key, operation] of Object.entries<Operation>(operations)) checkRow(name, rowOf(key, operation))
  const made: Contract<N, O, F> = {
    name,
    operations: Object.freeze(Object.assign(Object.create(null), operations)),
    // The cast: a copy of the same members, and undefined exactly where F is.
    flow: (flow === undefined ? undefined : flowOf(name, operations, flow)) as F,
    toJSON: () => ({ name, operations: rowsOf(made).map((row) => exportedRow(row, made.operations)) }),
  }
  return Object.freeze(made)
}

const exportedRow = (row: Row, operations: Operations): ExportedRow => {
  const operation: Operation | undefined = operations[row.name]
  const schemas = operation && schemasOf(operation)
  return schemas === undefined ? row : { ...row, schemas }
}

const checkRow = (contract: string, row: Row): void => {
  const { name, kind, faults, visible } = row
  const where = `${contract}.${name}`
  if (!isOperationName(name))
    throw new RangeError(`expected a camelCase operation name, not a reserved one, got ${where}`)
  if (!isKind(kind)) throw new RangeError(`expected a kind of operation, got ${String(kind)} at ${where}`)
  const strange = strangeIn(row)
  if (strange !== undefined) throw new RangeError(`expected ${strange} as a ${kind} has it, at ${where}`)
  checkNames(`fault of ${where}`, faults, (fault) => FAULT.test(fault))
  checkNames(`visible field of ${where}`, visible, isFieldName)
  // CO-33, CO-36
  const room = MAX_ADDRESS_BYTES - where.length - 1
  if (row.subject !== '' && shortest(parseTemplate(row.subject)) > room)
    throw new RangeError(`expected a subject that fits in an address of ${MAX_ADDRESS_BYTES} bytes, at ${where}`)
}

/** CO-18, CO-19, CO-30: what of a row is not as its kind has it. */
const strangeIn = ({ kind, subject, retain, faults, idempotent, up, down }: Row): string | undefined => {
  const carried = (way: Carries | undefined): boolean =>
    has(kind, 'up') ? CARRIES.some((each) => each === way) : way === undefined
  const right = {
    subject: subject === '' || has(kind, 'subject'),
    retain: !retain || has(kind, 'retain'),
    faults: faults.length === 0 || has(kind, 'faults'),
    idempotent: !idempotent || has(kind, 'idempotent'),
    up: carried(up),
    down: carried(down),
  }
  return Object.entries(right).find(([, isRight]) => !isRight)?.[0]
}

const checkNames = (what: string, names: readonly string[], allowed: (name: string) => boolean): void => {
  if (names.length > MAX_NAMES)
    throw new RangeError(`expected at most ${MAX_NAMES} names, got ${names.length}: ${what}`)
  // CO-15
  const wrong = names.find((name, index) => !allowed(name) || name <= (names[index - 1] ?? ''))
  if (wrong !== undefined)
    throw new RangeError(`expected names in the grammar, rising, once each, got ${wrong}: ${what}`)
}
