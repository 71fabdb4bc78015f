import { toHex } from '../../src/bytes.js'
import { encode, type Wire } from '../../src/cbor.js'
import { ERRORS, type ErrorCode } from '../../src/errors.js'
import type { Vectors } from '../schema.js'

type Refused = Vectors<'frames'>['refused'][number]

/** The details of a FAULT in every form that its code does not have. */
export const refusedDetails = (): Refused[] => [...BARE.flatMap(bare), ...FORMS.flatMap(formed)]

const BARE = ['call/deadline', 'session/closed', 'topic/slow', 'broker/full', 'broker/failed'] as const

const no = (code: ErrorCode, name: string, hex: string): Refused => ({
  name: `${name}, of ${code}`,
  code: 'session/malformed',
  rule: 'SE-49',
  as: 'fault',
  wire: ERRORS[code].wire,
  hex,
})

const cbor = (value: Wire): string => toHex(encode(value))
const LONG = 'x'.repeat(256)

/** Codes that say it all. */
const bare = (code: ErrorCode): Refused[] => [
  no(code, 'an item', cbor({ item: 1 })),
  no(code, 'null for no details', 'f6'),
  no(code, 'a reason', cbor({ path: '' })),
]

interface Form {
  readonly code: ErrorCode
  readonly right: { readonly [name: string]: Wire }
  /** What each member must not be. */
  readonly not: { readonly [name: string]: readonly (readonly [what: string, value: Wire | undefined])[] }
}

const TEXT = [
  ['a number', 1],
  ['null', null],
  ['bytes', Uint8Array.of(0x61)],
  ['of 256 bytes', LONG],
  ['of 128 characters in 256 bytes', 'é'.repeat(128)],
] as const
const NUMBER = [
  ['a text', '1'],
  ['null', null],
  ['below 0', -1],
  ['1.5', 1.5],
  ['a truth', true],
] as const
const ABSENT = [['left out', undefined]] as const

const FORMS: readonly Form[] = [
  { code: 'policy/denied', right: { item: 1 }, not: { item: [...NUMBER, ['of the fourth, of three', 4]] } },
  { code: 'policy/limited', right: { item: 1 }, not: { item: NUMBER } },
  {
    code: 'contract/invalid',
    right: { path: 'a' },
    not: { path: [...TEXT, ...ABSENT], item: [...NUMBER, ['of the fourth, of three', 4]] },
  },
  { code: 'call/fault', right: { name: 'Busy' }, not: { name: [...TEXT, ...ABSENT] } },
  { code: 'call/internal', right: { incident: 'i' }, not: { incident: [...TEXT, ...ABSENT] } },
  {
    code: 'flow/refused',
    right: { state: 'start', expected: ['go'] },
    not: {
      state: [...TEXT, ...ABSENT],
      expected: [
        ...ABSENT,
        ['a text', 'go'],
        ['null', null],
        ['a map', {}],
        ['of 65', Array.from({ length: 65 }, (_, i) => `s${i}`)],
        ['of a number', [1]],
        ['of an operation of 256 bytes', [LONG]],
      ],
    },
  },
]

const formed = ({ code, right, not }: Form): Refused[] => [
  no(code, 'another member', cbor({ ...right, x: 1 })),
  no(code, 'a list', cbor(Object.values(right))),
  no(code, 'a text', cbor('a')),
  no(code, 'a byte behind the details', `${cbor(right)}00`),
  no(code, 'details that are cut short', cbor(right).slice(0, -2)),
  no(code, 'a map without its end', `bf${cbor(right).slice(2)}ff`),
  ...Object.entries(not).flatMap(([name, values]) =>
    values.map(([what, value]) => {
      const { [name]: _, ...others } = right
      return no(code, `${name} ${what}`, cbor(value === undefined ? others : { ...others, [name]: value }))
    }),
  ),
]
