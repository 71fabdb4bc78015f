import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { concat, EMPTY } from '../../src/bytes.js'
import type { AeadKey, Cipher } from '../../src/crypto/provider.js'
import { providers } from '../crypto/providers.js'
import { close, PAIR_LENGTH, repeats } from './ledger.js'
import { NonceRecorder, withFixedKeys } from './nonces.js'

const ciphers = providers.flatMap((provider) => Object.values(provider.cipher))

/** The pairs a recorder of its own sees while `use` seals; the recorder of the run looks away. */
const recorded = (cipher: Cipher, use: (watched: Cipher, recorder: NonceRecorder) => void): Uint8Array => {
  let pairs = EMPTY
  const recorder = new NonceRecorder((batch) => {
    pairs = concat(pairs, batch)
  })
  const watched = { ...cipher }
  recorder.watch(watched)
  withFixedKeys('the recorder is tested with repeats', () => use(watched, recorder))
  recorder.flush()
  return pairs
}

const sealed = (key: AeadKey, n: number): void => key.seal(n, EMPTY, EMPTY, new Uint8Array(16))

const key = Uint8Array.from({ length: 32 }, (_, i) => i)

test.each(ciphers)('CR-20 the recorder tells a repeat from fresh nonces and fresh keys ($name)', (cipher) => {
  const fresh = recorded(cipher, (watched) => {
    const imported = watched.importKey(key)
    for (let n = 0; n < 5000; n++) sealed(imported, n)
    sealed(watched.importKey(key.toReversed()), 0)
  })
  expect(fresh.length).toBe(5001 * PAIR_LENGTH)
  expect(repeats([fresh]).size).toBe(0)

  const twice = recorded(cipher, (watched) => {
    sealed(watched.importKey(key), 7)
    sealed(watched.importKey(key), 7)
  })
  expect(repeats([twice]).size).toBe(1)
})

test.each(ciphers)('CR-20 the recorder follows a key through rekey ($name)', (cipher) => {
  const pairs = recorded(cipher, (watched) => {
    sealed(watched.importKey(key).rekey(), 0)
    sealed(watched.importKey(key).rekey(), 0)
    sealed(watched.importKey(key), 0)
  })
  expect(pairs.length).toBe(3 * PAIR_LENGTH)
  expect(repeats([pairs]).size).toBe(1)
})

test('CR-20 the recorder counts no refused seal and no key fixed on purpose', () => {
  const [cipher] = ciphers
  if (cipher === undefined) throw new Error('expected a cipher')
  const pairs = recorded(cipher, (watched, recorder) => {
    const imported = watched.importKey(key)
    expect(() => sealed(imported, -1)).toThrow(RangeError)
    const end = recorder.fix('a vector')
    sealed(watched.importKey(key), 0)
    end()
    sealed(imported, 0)
  })
  expect(pairs.length).toBe(PAIR_LENGTH)
})

test('CR-20 the ledger finds a pair that two test files share', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sotto-nonces-test-'))
  try {
    writeFileSync(join(directory, 'one.pairs'), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 1))
    expect(() => close(directory)).not.toThrow()
    writeFileSync(join(directory, 'two.pairs'), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
    expect(() => close(directory)).toThrow('one.pairs, two.pairs')
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('CR-20 a run that seals a pair twice ends in failure though all its tests pass', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', '--root', root, '--config', join(root, 'test/setup/repeat/vitest.config.ts')]
  const run = spawnSync(process.execPath, args, { encoding: 'utf8', env: {} })
  expect(run.stdout).toContain('2 (key, nonce) pairs sealed by 1 test files, 1 sealed twice')
  expect(run.stderr).toContain('was sealed twice, in sealed.twice.ts')
  expect(run.status).toBe(1)
})

test('CR-20 the provider objects of this run are watched', () => {
  for (const provider of providers) {
    for (const cipher of Object.values(provider.cipher)) {
      // The recorder's keys are plain objects, the providers' own are of a class.
      const imported = cipher.importKey(provider.randomBytes(32))
      expect(Object.getPrototypeOf(imported)).toBe(Object.prototype)
    }
  }
})
