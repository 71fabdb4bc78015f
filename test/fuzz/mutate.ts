import type { Random } from '../random.js'

/** Bytes of an input, at most. */
export const MAX_INPUT = 4_096

const INTERESTING = [0x00, 0x01, 0x10, 0x17, 0x18, 0x1f, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xfe, 0xff]

type Edit = (input: Uint8Array, random: Random, other: Uint8Array) => Uint8Array

/** An input near `input`: one edit, or several of them, the fewer the likelier. */
export const mutate = (
  input: Uint8Array,
  random: Random,
  other: Uint8Array,
  dictionary: readonly Uint8Array[],
): Uint8Array => {
  let output = input
  do {
    const at = random.below(EDITS.length + (dictionary.length > 0 ? 2 : 0))
    const edit = EDITS[at] ?? ((bytes) => insert(bytes, random, random.pick(dictionary)))
    output = edit(output, random, other)
  } while (random.below(2) === 0)
  return output.subarray(0, MAX_INPUT)
}

const splice = (input: Uint8Array, from: number, to: number, middle: Uint8Array): Uint8Array => {
  const output = new Uint8Array(from + middle.length + input.length - to)
  output.set(input.subarray(0, from))
  output.set(middle, from)
  output.set(input.subarray(to), from + middle.length)
  return output
}

const insert = (input: Uint8Array, random: Random, middle: Uint8Array): Uint8Array => {
  const at = random.below(input.length + 1)
  return splice(input, at, at, middle)
}

const range = (length: number, random: Random): readonly [number, number] => {
  const from = random.below(length + 1)
  const most = Math.min(length - from, random.below(10) === 0 ? 256 : 8)
  return [from, from + random.below(most + 1)]
}

const change = (input: Uint8Array, random: Random, to: (byte: number) => number): Uint8Array => {
  const output = input.slice()
  const at = random.below(output.length)
  if (output.length > 0) output[at] = to(output[at] ?? 0)
  return output
}

const integer = (input: Uint8Array, random: Random, bytes: number): Uint8Array => {
  const output = input.slice()
  if (output.length < bytes) return output
  const at = random.below(output.length - bytes + 1)
  const value = random.below(3) === 0 ? random.below(2 ** 32) : 2 ** random.below(33) - 1 + random.below(3)
  for (let i = 0; i < bytes; i++) output[at + i] = Math.floor(value / 2 ** (8 * (bytes - 1 - i)))
  return output
}

const EDITS: readonly Edit[] = [
  (input, random) => change(input, random, (byte) => byte ^ (1 << random.below(8))),
  (input, random) => change(input, random, () => random.below(256)),
  (input, random) => change(input, random, () => random.pick(INTERESTING)),
  (input, random) => change(input, random, (byte) => byte + random.below(17) - 8),
  (input, random) => integer(input, random, 2),
  (input, random) => integer(input, random, 4),
  (input, random) => splice(input, ...range(input.length, random), new Uint8Array(0)),
  (input, random) =>
    insert(
      input,
      random,
      Uint8Array.from({ length: 1 + random.below(8) }, () => random.below(256)),
    ),
  (input, random) => insert(input, random, input.subarray(...range(input.length, random))),
  (input, random, other) =>
    splice(input, ...range(input.length, random), other.subarray(...range(other.length, random))),
  (input, random, other) =>
    splice(input, random.below(input.length + 1), input.length, other.subarray(random.below(other.length + 1))),
]
