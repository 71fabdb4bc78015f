import { type As, head, members, no, type Refused, shortest, textOf } from './cborform.js'

export const refusedFamilies = (): Refused[] => [
  ...reserved(),
  ...cutShort(),
  ...longHeads(),
  ...tooFew(),
  ...simple(),
  ...longFloats(),
  ...badTexts(),
  ...inside(),
  ...keys(),
]

const WIDTHS = [1, 2, 4, 8] as const
/** The largest argument that a head of the width before has. */
const LARGEST: Readonly<Record<(typeof WIDTHS)[number], bigint>> = { 1: 23n, 2: 0xffn, 4: 0xffffn, 8: 0xffff_ffffn }

const TYPES = [
  'an integer',
  'a negative integer',
  'a byte string',
  'a text',
  'an array',
  'a map',
  'a tag',
  'a simple value or float',
]

/** RFC 8949 section 3: the arguments 28, 29 and 30 are reserved for every type; 31 means a length without end for four of them. */
const reserved = (): Refused[] =>
  TYPES.flatMap((is, type) => [
    ...[28, 29, 30].map((low) =>
      no(
        'CB-2',
        'cbor/malformed',
        `${is} with the reserved argument ${low}`,
        ((type << 5) | low).toString(16).padStart(2, '0'),
      ),
    ),
    ...([0, 1, 6].includes(type)
      ? [
          no(
            'CB-2',
            'cbor/malformed',
            `${is} without end, and a stop byte`,
            `${((type << 5) | 31).toString(16).padStart(2, '0')}ff`,
          ),
        ]
      : []),
    ...([2, 3, 4, 5].includes(type)
      ? [
          no(
            'CB-7',
            'cbor/forbidden',
            `${is} without a length, and nothing in it`,
            `${((type << 5) | 31).toString(16)}ff`,
          ),
        ]
      : []),
  ])

/** Heads whose argument is missing, or lacks its last byte; a tag is refused before that is seen. */
const cutShort = (): Refused[] =>
  TYPES.flatMap((is, type) =>
    (type === 6 ? [] : WIDTHS).flatMap((width) => {
      const whole = head(type, 2n ** BigInt(8 * width) - 1n, width)
      const none = no(
        'CB-2',
        'cbor/malformed',
        `${is}: an argument of ${width} bytes, and none of them`,
        whole.slice(0, 2),
      )
      const less = no(
        'CB-2',
        'cbor/malformed',
        `${is}: an argument of ${width} bytes, and one less`,
        whole.slice(0, -2),
      )
      return width === 1 ? [none] : [none, less]
    }),
  )

/** CB-3: each width for what a shorter one can say, with as many bytes or items as it says where they are few. */
const longHeads = (): Refused[] =>
  TYPES.slice(0, 6).flatMap((is, type) =>
    WIDTHS.flatMap((width) => {
      const zero = no('CB-3', 'cbor/forbidden', `${is}: 0 in ${width} bytes`, head(type, 0, width))
      if (type > 1 && width > 2) return [zero]
      const content = ['', '', 'ab', '61', '00', ''][type] ?? ''
      const filled = type === 5 ? members(Number(LARGEST[width])) : content.repeat(Number(LARGEST[width] % 0x1_0000n))
      return [
        zero,
        no(
          'CB-3',
          'cbor/forbidden',
          `${is}: ${LARGEST[width]} in ${width} bytes`,
          head(type, LARGEST[width], width) + (type < 2 ? '' : filled),
        ),
      ]
    }),
  )

/** CB-4: one byte or item less than a head says. */
const tooFew = (): Refused[] =>
  [1, 23, 24, 256].flatMap((count) => [
    no(
      'CB-4',
      'cbor/malformed',
      `a byte string of ${count}, and one byte less`,
      shortest(2, count) + 'ab'.repeat(count - 1),
    ),
    no('CB-4', 'cbor/malformed', `a text of ${count}, and one byte less`, shortest(3, count) + '61'.repeat(count - 1)),
    no(
      'CB-4',
      'cbor/malformed',
      `an array of ${count}, and one item less`,
      shortest(4, count) + '00'.repeat(count - 1),
    ),
    no('CB-4', 'cbor/malformed', `a map of ${count}, and nothing in it`, shortest(5, count)),
  ])

const simple = (): Refused[] => [
  ...Array.from({ length: 20 }, (_, n) => n)
    .filter((n) => n > 0)
    .map((n) => no('CB-6', 'cbor/forbidden', `the simple value ${n}`, (0xe0 | n).toString(16))),
  ...[0, 19, 20, 23, 24, 31].map((n) =>
    no('CB-6', 'cbor/malformed', `the simple value ${n} in two bytes`, `f8${n.toString(16).padStart(2, '0')}`),
  ),
  ...[33, 127, 128, 254].map((n) => no('CB-6', 'cbor/forbidden', `the simple value ${n}`, `f8${n.toString(16)}`)),
  ...(['c6', 'd7', 'd818', 'd90100', 'da00010000', 'db0000000100000000'] as const).map((tag) =>
    no('CB-5', 'cbor/forbidden', `the tag ${tag}`, `${tag}00`),
  ),
]

const longFloats = (): Refused[] => [
  ...WHOLE.map(([name, hex]) => no('CB-8', 'cbor/forbidden', name, hex)),
  ...SHORTER.map(([name, hex]) => no('CB-9', 'cbor/forbidden', name, hex)),
]

const WHOLE: readonly (readonly [string, string])[] = [
  ['zero as a single', 'fa00000000'],
  ['zero as a double', 'fb0000000000000000'],
  ['minus zero as a single', 'fa80000000'],
  ['minus zero as a double', 'fb8000000000000000'],
  ['minus one as a half', 'f9bc00'],
  ['one as a single', 'fa3f800000'],
  ['one as a double', 'fb3ff0000000000000'],
  ['two as a half', 'f94000'],
  ['65,504, the largest half', 'f97bff'],
  ['minus 65,504', 'f9fbff'],
  ['1,024 as a half', 'f96400'],
  ['2^23 as a single', 'fa4b000000'],
  ['2^24 + 2 as a single', 'fa4b800001'],
  ['2^32 as a single', 'fa4f800000'],
  ['2^52 as a double', 'fb4330000000000000'],
  ['2^64 as a double', 'fb43f0000000000000'],
  ['the largest single', 'fa7f7fffff'],
  ['minus the largest double', 'fbffefffffffffffff'],
]

const SHORTER: readonly (readonly [string, string])[] = [
  ['the smallest half as a single', 'fa33800000'],
  ['the smallest half as a double', 'fb3e70000000000000'],
  ['1023.5 as a single', 'fa447fe000'],
  ['1023.5 as a double', 'fb408ffc0000000000'],
  ['-1.5 as a single', 'fabfc00000'],
  ['-1.5 as a double', 'fbbff8000000000000'],
  ['the smallest single as a double', 'fb36a0000000000000'],
  ['8388607.5 as a double', 'fb415fffffe0000000'],
  ['infinity as a double', 'fb7ff0000000000000'],
  ['minus infinity as a single', 'faff800000'],
  ['minus infinity as a double', 'fbfff0000000000000'],
  ['not a number as a single', 'fa7fc00000'],
  ['a signalling half', 'f97d00'],
  ['a half that is not a number, all bits set', 'f97fff'],
  ['a single that is not a number, with a payload', 'fa7fc00001'],
  ['a double that is not a number, with a payload', 'fb7ff8000000000001'],
  ['a signalling double', 'fb7ff0000000000001'],
]

/** CB-13, each as a text, as a key and at the end of a text that is long. */
const badTexts = (): Refused[] =>
  BAD_LETTERS.flatMap(([name, hex]) => {
    const length = hex.length / 2
    return [
      no('CB-13', 'cbor/malformed', name, shortest(3, length) + hex),
      no('CB-13', 'cbor/malformed', `${name}, behind 70 letters`, shortest(3, 70 + length) + '61'.repeat(70) + hex),
    ]
  })

const BAD_LETTERS: readonly (readonly [string, string])[] = [
  ['the first byte that only goes on', '80'],
  ['the last byte that only goes on', 'bf'],
  ['C1, which no letter has', 'c1bf'],
  ['F5, which no letter has', 'f5808080'],
  ['FE, which no letter has', 'fe'],
  ['a letter of two bytes, and one', 'df'],
  ['a letter of three bytes, and one', 'e2'],
  ['a letter of three bytes, and two', 'e282'],
  ['a letter of four bytes, and one', 'f0'],
  ['a letter of four bytes, and two', 'f09f'],
  ['a letter of four bytes, and three', 'f09f98'],
  ['a letter of two bytes, and a letter', 'c361'],
  ['a letter of three bytes that ends in a letter', 'e28261'],
  ['a letter of four bytes that ends in a letter', 'f09f9861'],
  ['a letter and a byte that only goes on', '6180'],
  ['U+0000 in three bytes', 'e08080'],
  ['U+07FF in three bytes', 'e09fbf'],
  ['U+0000 in four bytes', 'f0808080'],
  ['U+FFFF in four bytes', 'f08fbfbf'],
  ['U+DBFF', 'edafbf'],
  ['U+DC00', 'edb080'],
  ['U+DFFF', 'edbfbf'],
  ['a pair of surrogates, each in three bytes', 'eda0bdedb880'],
  ['U+1FFFFF', 'f7bfbfbf'],
  ['a letter of five bytes', 'f888808080'],
  ['a letter of six bytes', 'fc8480808080'],
  ['UTF-16', 'fffe6100'],
  ['Latin-1', '63616fe9'],
]

/** A fault of each rule, where it is not the first thing that is read. */
const inside = (): Refused[] =>
  FAULTS.flatMap(([rule, code, name, hex]) => [
    no(rule, code, `${name}, as the last item of an array`, `8201${hex}`),
    no(rule, code, `${name}, as the value of a member`, `a16161${hex}`),
    no(rule, code, `${name}, in 30 arrays`, `${'81'.repeat(30)}${hex}`),
    no(rule, code, `${name}, in a control structure`, `a101${hex}`, 'control'),
  ])

const FAULTS: readonly (readonly [rule: string, code: Refused['code'], name: string, hex: string])[] = [
  ['CB-2', 'cbor/malformed', 'a head without its argument', '19'],
  ['CB-2', 'cbor/malformed', 'a reserved head', '1d'],
  ['CB-2', 'cbor/malformed', 'a stop byte', 'ff'],
  ['CB-3', 'cbor/forbidden', '23 in one byte', '1817'],
  ['CB-3', 'cbor/forbidden', 'a length of 1 in one byte', '580100'],
  ['CB-4', 'cbor/malformed', 'a text that is cut short', '6361'],
  ['CB-4', 'cbor/malformed', 'an array that is cut short', '83'],
  ['CB-5', 'cbor/forbidden', 'a tag', 'c100'],
  ['CB-6', 'cbor/forbidden', 'undefined', 'f7'],
  ['CB-6', 'cbor/forbidden', 'a simple value', 'f3'],
  ['CB-7', 'cbor/forbidden', 'an array without a length', '9fff'],
  ['CB-7', 'cbor/forbidden', 'a text without a length', '7fff'],
  ['CB-10', 'cbor/forbidden', 'a key that comes twice', 'a2616100616100'],
  ['CB-12', 'cbor/forbidden', 'the key __proto__', 'a1695f5f70726f746f5f5f01'],
  ['CB-13', 'cbor/malformed', 'a text that is no UTF-8', '61ff'],
]

/** CB-10 and CB-11, key by key. */
const keys = (): Refused[] => {
  const map = (...pairs: string[]): string => `a${pairs.length}${pairs.map((key) => `${key}00`).join('')}`
  const body = (name: string, ...pairs: string[]): Refused => no('CB-10', 'cbor/forbidden', name, map(...pairs))
  const control = (name: string, ...pairs: string[]): Refused =>
    no('CB-10', 'cbor/forbidden', name, map(...pairs), 'control')
  const typed = (name: string, key: string, as: As = 'body'): Refused =>
    no('CB-11', 'cbor/forbidden', `${name} as a key${as === 'body' ? '' : ' of a control structure'}`, map(key), as)
  return [
    body('the first key of three is the last', '6163', '6161', '6162'),
    body('the last key of three is the first', '6162', '6163', '6161'),
    body('the empty key last', '6161', '60'),
    body('the empty key twice', '60', '60'),
    body('a key that begins the one before it', '626161', '6161'),
    body('a capital behind a small letter', '6161', '6141'),
    body('a letter of two bytes in front of one of one byte', '62c3a9', '6161'),
    body('keys of 24 letters that fall', textOf('b'.repeat(24)), textOf('a'.repeat(24))),
    control('1 in front of 0', '01', '00'),
    control('24 in front of 1', '1818', '01'),
    control('256 in front of 255', '190100', '18ff'),
    control('-1 in front of 0', '20', '00'),
    control('-2 in front of -1', '21', '20'),
    control('-1 twice', '20', '20'),
    control('text keys that fall', '6162', '6161'),
    typed('an integer', '00'),
    typed('a negative integer', '20'),
    typed('a map', 'a0'),
    typed('false', 'f4'),
    typed('a float', 'f93e00'),
    typed('a byte string', '4161', 'control'),
    typed('an array', '80', 'control'),
    typed('a map', 'a0', 'control'),
    typed('true', 'f5', 'control'),
    typed('2^53', '1b0020000000000000', 'control'),
    typed('-2^53', '3b001fffffffffffff', 'control'),
    ...['__proto__', 'constructor', 'prototype'].flatMap((name) => [
      no('CB-12', 'cbor/forbidden', `the key ${name} behind another`, `a2615f00${textOf(name)}00`),
      no('CB-12', 'cbor/forbidden', `the key ${name} in a control structure`, map(textOf(name)), 'control'),
    ]),
    ...['fa3fc00001', 'fb3fb999999999999a', 'f97c00', 'f90001'].map((float) =>
      no('CB-17', 'cbor/forbidden', `the float ${float} in a control structure`, float, 'control'),
    ),
  ]
}
