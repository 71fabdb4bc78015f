import { createHash, randomBytes } from 'node:crypto'
import { native } from '../../src/crypto/native.js'
import { noble } from '../../src/crypto/noble.js'
import type { Provider } from '../../src/crypto/provider.js'

if (native === undefined) console.warn('crypto: this runtime has no native provider; only noble is tested')

/** Every provider of this runtime; noble first. */
export const providers: readonly Provider[] = native === undefined ? [noble] : [noble, native]

/** Bytes that follow from a seed, which is printed: CR_SEED repeats a run. */
export const seeded = (): ((length: number) => Uint8Array) => {
  const { CR_SEED: seed = randomBytes(8).toString('hex') } = process.env
  console.log(`CR_SEED=${seed}`)
  const state = { draws: 0 }
  return (length) => {
    const source = createHash('shake256', { outputLength: Math.max(length, 1) }).update(`${seed}/${state.draws++}`)
    return Uint8Array.from(source.digest().subarray(0, length))
  }
}
