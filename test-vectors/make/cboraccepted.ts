import { type Accepted, members, shortest, textOf, yes } from './cborform.js'

export const acceptedFamilies = (): Accepted[] => [
  ...EDGES.flatMap((n) => [
    yes(`the integer ${n}`, shortest(0, n), `${n}`),
    yes(`the integer ${-1n - n}`, shortest(1, n), `${-1n - n}`),
  ]),
  ...[1, 23, 25, 255, 256].flatMap((length) => [
    yes(`${length} bytes of ab`, shortest(2, length) + 'ab'.repeat(length), `h'${'ab'.repeat(length)}'`),
    yes(`a text of ${length} letters`, shortest(3, length) + '61'.repeat(length), `"${'a'.repeat(length)}"`),
    yes(`${length} nulls`, shortest(4, length) + 'f6'.repeat(length), `[${Array(length).fill('null').join(', ')}]`),
    yes(`a map of ${length} members`, shortest(5, length) + members(length), `{${shown(length)}}`),
  ]),
  ...LETTERS.map(([name, text]) => yes(name, textOf(text), JSON.stringify(text))),
  ...FLOATS.map(([name, hex, diagnostic]) => yes(name, hex, diagnostic)),
  ...[2, 16, 31].flatMap((depth) => [
    yes(`${depth} arrays inside each other`, `${'81'.repeat(depth - 1)}80`, '['.repeat(depth) + ']'.repeat(depth)),
    yes(
      `${depth} maps inside each other`,
      `${'a160'.repeat(depth - 1)}a0`,
      `${'{"": '.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`,
    ),
  ]),
  ...[0n, 23n, 24n, 255n, 256n, 65_535n, 65_536n].flatMap((n) => [
    yes(`the key ${n}`, `a1${shortest(0, n)}f6`, `{${n}: null}`, 'control'),
    yes(`the key ${-1n - n}`, `a1${shortest(1, n)}f6`, `{${-1n - n}: null}`, 'control'),
  ]),
]

const EDGES = [
  1n,
  22n,
  25n,
  254n,
  257n,
  65_534n,
  65_537n,
  2n ** 31n,
  2n ** 32n - 2n,
  2n ** 32n + 1n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  2n ** 63n,
]

const shown = (count: number): string =>
  Array.from({ length: count }, (_, i) => `"k${String(i).padStart(3, '0')}": 0`).join(', ')

const LETTERS: readonly (readonly [string, string])[] = [
  ['U+007F, the last letter of one byte', '\u007f'],
  ['U+0080, the first letter of two bytes', '\u0080'],
  ['U+07FF, the last letter of two bytes', '\u07ff'],
  ['U+0800, the first letter of three bytes', '\u0800'],
  ['U+D7FF, the last in front of the surrogates', '\ud7ff'],
  ['U+E000, the first behind the surrogates', '\ue000'],
  ['U+FFFE, which is no letter', '\ufffe'],
  ['U+FFFF, the last letter of three bytes', '\uffff'],
  ['U+10000, the first letter of four bytes', '\u{10000}'],
  ['a line feed, a quote and a backslash', '\n"\\'],
  ['a control character', '\u0001'],
]

const FLOATS: readonly (readonly [name: string, hex: string, diagnostic: string])[] = [
  ['the largest half that is no integer', 'f963ff', '1023.5'],
  ['a negative half', 'f9be00', '-1.5'],
  ['the largest half below 1', 'f93bff', '0.99951171875'],
  ['the largest half that is not normal', 'f903ff', '0.00006097555160522461'],
  ['the smallest normal half', 'f90400', '0.00006103515625'],
  ['the smallest single', 'fa00000001', '1.401298464324817e-45'],
  ['the smallest normal single', 'fa00800000', '1.1754943508222875e-38'],
  ['the largest single that is no integer', 'fa4affffff', '8388607.5'],
  ['a single that is half of the smallest half', 'fa33000000', '2.9802322387695312e-8'],
  ['the smallest double', 'fb0000000000000001', '5e-324'],
  ['the smallest normal double', 'fb0010000000000000', '2.2250738585072014e-308'],
  ['the largest double that is no integer', 'fb432fffffffffffff', '4503599627370495.5'],
  ['a double that is half of the smallest single', 'fb3690000000000000', '7.006492321624085e-46'],
  ['a third', 'fb3fd5555555555555', '0.3333333333333333'],
]
