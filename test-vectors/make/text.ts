import { bech32m } from '@scure/base'
import { concat } from '../../src/bytes.js'

/** The table of spec/identity.md, written once more, so that the vectors do not say what the code says of itself. */
export const TEXTS = {
  peer: { prefix: 'sotto', upper: false, length: 32 },
  secret: { prefix: 'sotto-secret-', upper: true, length: 32 },
  sealed: { prefix: 'sotto-sealed-', upper: true, length: 65 },
  issuer: { prefix: 'sottoca', upper: false, length: 32 },
  issuerSecret: { prefix: 'sottoca-secret-', upper: true, length: 32 },
  issuerSealed: { prefix: 'sottoca-sealed-', upper: true, length: 65 },
  auditor: { prefix: 'sottolog', upper: false, length: 32 },
  auditorSecret: { prefix: 'sottolog-secret-', upper: true, length: 32 },
  auditorSealed: { prefix: 'sottolog-sealed-', upper: true, length: 65 },
  challenge: { prefix: 'sotto-challenge-', upper: false, length: 48 },
  proof: { prefix: 'sotto-proof-', upper: false, length: 112 },
} as const

export type TextKind = keyof typeof TEXTS

/** How a text departs from that of its bytes. */
interface Departure {
  readonly type?: number
  readonly prefix?: string
  readonly checksum?: typeof bech32m
  /** Set in the last letter, behind the last byte. */
  readonly spare?: number
}

export const textOf = (
  as: TextKind,
  bytes: Uint8Array,
  { type = 0, prefix = TEXTS[as].prefix, checksum = bech32m, spare = 0 }: Departure = {},
): string => {
  const words = checksum.toWords(concat(Uint8Array.of(type), bytes))
  const last = words.length - 1
  const text = checksum.encode(
    prefix,
    words.map((word, i) => (i === last ? word | spare : word)),
    false,
  )
  return TEXTS[as].upper ? text.toUpperCase() : text
}
