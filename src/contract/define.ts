import { isContractName, isFieldName, isOperationName } from './address.js'
import { isKind } from './kinds.js'
import { CARRIES, type Carries, type Operation, type Operations } from './operation.js'
import { type Row, rowOf, rowsOf } from './row.js'

/** Names and a version, as in `thermostat.v1`; the full grammar is checked when the contract is made. */
export type ContractName = `${string}.v${number}`

/** What its server implements: plain frozen data, made by `contract`. */
export interface Contract<N extends ContractName = ContractName, O extends Operations = Operations> {
  readonly name: N
  readonly operations: O
  /** The name and the rows, in the order of their numbers: what another language needs to speak it. */
  toJSON(): ContractExport
}

export interface ContractExport {
  readonly name: string
  readonly operations: readonly Row[]
}

/** CO-9. The rationale in spec/contract.md has the arithmetic. */
export const MAX_OPERATIONS = 256

/** CO-11, CO-12: declared faults, and visible fields, of one operation. */
export const MAX_NAMES = 64

const FAULT = /^[a-zA-Z][a-zA-Z0-9]{0,62}$/

/**
 * A contract of 1 to 256 operations. The record is copied; its shapes are held as they are and not called (CO-10).
 *
 * @throws RangeError if a name, a kind or a count is outside the grammar of spec/contract.md
 */
export const contract = <const N extends ContractName, O extends Operations>(
  name: N,
  operations: O,
): Contract<N, O> => {
  // CO-3
  if (!isContractName(name) || name.startsWith('sotto.')) {
    throw new RangeError(`expected a contract name like thermostat.v1, outside sotto., got ${name}`)
  }
  const count = Object.keys(operations).length
  if (count < 1 || count > MAX_OPERATIONS) {
    throw new RangeError(`expected 1 to ${MAX_OPERATIONS} operations in ${name}, got ${count}`)
  }
  for (const [key, operation] of Object.entries<Operation>(operations)) checkRow(name, rowOf(key, operation))
  const made: Contract<N, O> = {
    name,
    operations: Object.freeze(Object.assign(Object.create(null), operations)),
    toJSON: () => ({ name, operations: rowsOf(made) }),
  }
  return Object.freeze(made)
}

const checkRow = (contract: string, { name, kind, faults, visible, up, down }: Row): void => {
  const where = `${contract}.${name}`
  if (!isOperationName(name))
    throw new RangeError(`expected a camelCase operation name, not a reserved one, got ${where}`)
  if (!isKind(kind)) throw new RangeError(`expected a kind of operation, got ${String(kind)} at ${where}`)
  // CO-30
  const carry = (way: Carries | undefined): boolean => (way === undefined ? kind !== 'stream' : CARRIES.includes(way))
  if (!carry(up) || !carry(down) || (kind !== 'stream' && (up ?? down) !== undefined))
    throw new RangeError(`expected what a stream carries up and down, and of a stream alone, at ${where}`)
  checkNames(`fault of ${where}`, faults, (fault) => FAULT.test(fault))
  checkNames(`visible field of ${where}`, visible, isFieldName)
}

const checkNames = (what: string, names: readonly string[], allowed: (name: string) => boolean): void => {
  if (names.length > MAX_NAMES)
    throw new RangeError(`expected at most ${MAX_NAMES} names, got ${names.length}: ${what}`)
  // CO-15
  const wrong = names.find((name, index) => !allowed(name) || name <= (names[index - 1] ?? ''))
  if (wrong !== undefined)
    throw new RangeError(`expected names in the grammar, rising, once each, got ${wrong}: ${what}`)
}
