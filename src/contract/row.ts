import { encodeControl } from '../cbor.js'
import type { Hash } from '../crypto/provider.js'
import type { Kind } from './kinds.js'
import type { Operation, Operations, Terms } from './operation.js'

/** What two peers must hold in common of an operation: everything Sotto itself enforces, and no shape. */
export interface Row extends Terms {
  readonly name: string
  readonly kind: Kind
}

/** The row of one operation; frozen. */
export const rowOf = (name: string, operation: Operation): Row =>
  Object.freeze({ name, kind: operation.kind, ...operation.terms })

/** CO-16: the rows of a contract, rising bytewise by name; a row's index is its number on the wire. */
export const rowsOf = (contract: { readonly operations: Operations }): readonly Row[] =>
  Object.entries<Operation>(contract.operations)
    .map(([name, operation]) => rowOf(name, operation))
    .sort((a, b) => (a.name < b.name ? -1 : 1))

/**
 * CO-17: the digest two peers compare. 32 bytes, freshly allocated.
 *
 * @param hash SHA-256 of a crypto provider
 */
export const rowDigest = (hash: Hash, row: Row): Uint8Array =>
  hash.digest(
    encodeControl({
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
    }),
  )
