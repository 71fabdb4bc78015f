import { expect } from 'vitest'
import type { z } from 'zod'
import { toHex } from '../../src/bytes.js'
import { SottoError } from '../../src/errors.js'
import { fromHex } from '../../test-vectors/hex.js'
import type { FileName } from '../../test-vectors/schema.js'
import { read } from '../source.js'

/** The committed vectors, held to their schema. */
export const readVectors = <S extends z.ZodType>(schema: S, name: FileName): z.infer<S> =>
  schema.parse(JSON.parse(read(`test-vectors/${name}.json`)))

/** The bytes of a vector whose end is said as a repetition. */
export const bytesOf = (of: {
  readonly hex: string
  readonly repeat?: { readonly hex: string; readonly times: number } | undefined
}): Uint8Array => fromHex(of.hex + (of.repeat?.hex.repeat(of.repeat.times) ?? ''))

/** The code `run` throws. What is no SottoError is thrown on: a crash. */
export const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof SottoError) return error.code
    throw error
  }
  return 'nothing'
}

/** `bytes` with one byte changed, in each place and by each of `masks`. */
export function* flipped(bytes: Uint8Array, masks: readonly number[] = [0x01, 0x80]): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at++)
    for (const mask of masks) yield Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ mask : byte))
}

/** Each byte of `bytes` matters to `observe`: changed, it is refused with a SottoError or gives something else. */
export const expectEveryByteToMatter = (bytes: Uint8Array, observe: (bytes: Uint8Array) => string): void => {
  const right = observe(bytes)
  const silent: string[] = []
  for (const changed of flipped(bytes)) {
    let seen = ''
    if (codeOf(() => (seen = observe(changed))) === 'nothing' && seen === right) silent.push(toHex(changed))
  }
  expect(silent).toEqual([])
}
