import { toHex, utf8 } from '../../src/bytes.js'
import type { Vectors } from '../schema.js'

export type Accepted = Vectors<'cbor'>['accepted'][number]
export type Refused = Vectors<'cbor'>['refused'][number]
export type As = Accepted['as']

export const yes = (name: string, hex: string, diagnostic: string, as: As = 'body'): Accepted => ({
  name,
  as,
  hex,
  diagnostic,
})

export const no = (rule: string, code: Refused['code'], name: string, hex: string, as: As = 'body'): Refused => ({
  name,
  code,
  rule,
  as,
  hex,
})

/** The head of a major type with its argument in 0 (in the head itself), 1, 2, 4 or 8 bytes. */
export const head = (type: number, argument: bigint | number, width: number): string => {
  const low = width === 0 ? Number(argument) : 24 + Math.log2(width)
  const first = ((type << 5) | low).toString(16).padStart(2, '0')
  return (
    first +
    (width === 0
      ? ''
      : BigInt(argument)
          .toString(16)
          .padStart(2 * width, '0'))
  )
}

export const shortest = (type: number, argument: bigint | number): string => {
  const n = BigInt(argument)
  const width = n < 24n ? 0 : n < 0x100n ? 1 : n < 0x1_0000n ? 2 : n < 0x1_0000_0000n ? 4 : 8
  return head(type, n, width)
}

export const textOf = (text: string): string => shortest(3, utf8(text).length) + toHex(utf8(text))

/** Members with the keys "k000", "k001", … */
export const members = (count: number): string =>
  Array.from({ length: count }, (_, i) => `${textOf(`k${String(i).padStart(3, '0')}`)}00`).join('')
