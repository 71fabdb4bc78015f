import { encodeControl } from '../cbor.js'
import type { Hash } from '../crypto/provider.js'
import { type Flow, type RowFlow, rowFlowOf } from './flow.js'
import type { Kind } from './kinds.js'
import type { Operation, Operations, Terms } from './operation.js'

/** What two peers must hold in common of an operation: everything Sotto itself enforces, and no shape. */
export interface Row extends Terms {
  readonly name: string
  readonly kind: Kind
  /** CV-6: of a step of the contract's flow alone. */
  readonly flow?: RowFlow | undefined
}

/** The row of one operation; frozen. */
export const rowOf = (name: string, operation: Operation, flow?: Flow): Row => {
  const step = rowFlowOf(flow, name)
  return Object.freeze({ name, kind: operation.kind, ...operation.terms, ...(step !== undefined && { flow: step }) })
}

/** CO-16: the rows of a contract, rising bytewise by name; a row's index is its number on the wire. */
export const rowsOf = (contract: {
  readonly operations: Operations
  readonly flow?: Flow | undefined
}): readonly Row[] =>
  Object.entries<Operation>(contract.operations)
    .map(([name, operation]) => rowOf(name, operation, contract.flow))
    .sort((a, b) => (a.name < b.name ? -1 : 1))

/**
 * CO-17: the digest two peers compare. 32 bytes, freshly allocated.
 *
 * @param hash SHA-256 of a crypto provider
 */
export const rowDigest = (hash: Hash, row: Row): Uint8Array => hash.digest(encodeControl(membersOf(row)))

/** What of a row is hashed: the members it has, and no others, least of all a schema (CO-38). */
export const membersOf = (row: Row) => ({
  name: row.name,
  kind: row.kind,
  subject: row.subject,
  faults: row.faults,
  visible: row.visible,
  retain: row.retain,
  idempotent: row.idempotent,
  // CO-30: a stream's row alone has these two.
  ...(row.up !== undefined && { up: row.up }),
  ...(row.down !== undefined && { down: row.down }),
  ...(row.flow !== undefined && { flow: row.flow }),
})
