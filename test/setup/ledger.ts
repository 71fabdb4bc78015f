/**
 * CR-20: over the whole run no (key, nonce) pair is sealed twice. Each test file leaves its pairs in one directory
 * (test/setup/nonces.ts); after the last one they are compared here, and a repeat fails the run.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Bytes kept of a pair's SHA-256: among ten million pairs two unlike ones meet with a chance of 3 in a million. */
export const PAIR_LENGTH = 8

declare module 'vitest' {
  interface ProvidedContext {
    /** The directory that takes the pairs. */
    nonces: string
  }
}

/** The digests that stand more than once in `files`. */
export const repeats = (files: readonly Uint8Array[]): ReadonlySet<bigint> => {
  const all = new BigUint64Array(files.reduce((sum, file) => sum + file.length / PAIR_LENGTH, 0))
  let at = 0
  for (const file of files) for (const pair of pairsOf(file)) all[at++] = pair
  all.sort()
  return new Set(all.filter((pair, i) => i > 0 && pair === all[i - 1]))
}

function* pairsOf(file: Uint8Array): Generator<bigint> {
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  for (let i = 0; i < file.length; i += PAIR_LENGTH) yield view.getBigUint64(i)
}

/** Prints the sums of `directory`. @throws Error naming the test files that hold a repeated pair */
export const close = (directory: string): void => {
  const files = readdirSync(directory).map((name) => ({ name, bytes: readFileSync(join(directory, name)) }))
  const pairs = files.filter(({ name }) => name.endsWith('.pairs'))
  const fixed = files.filter(({ name }) => name.endsWith('.fixed'))
  for (const { name, bytes } of fixed) console.log(`nonces: keys fixed on purpose in ${name}: ${bytes.toString()}`)
  const repeated = repeats(pairs.map(({ bytes }) => bytes))
  const count = pairs.reduce((sum, { bytes }) => sum + bytes.length / PAIR_LENGTH, 0)
  console.log(`nonces: ${count} (key, nonce) pairs sealed by ${pairs.length} test files, ${repeated.size} sealed twice`)
  if (repeated.size === 0) return
  const where = pairs.filter(({ bytes }) => [...pairsOf(bytes)].some((pair) => repeated.has(pair)))
  throw new Error(`a (key, nonce) pair was sealed twice, in ${where.map(({ name }) => name).join(', ')}`)
}

/** vitest's globalSetup: opens the ledger and returns what closes it. */
export default (project: { provide(key: 'nonces', directory: string): void }): (() => void) => {
  const directory = mkdtempSync(join(tmpdir(), 'sotto-nonces-'))
  project.provide('nonces', directory)
  return () => {
    try {
      close(directory)
    } catch (error) {
      // vitest prints an error of a teardown, and still ends with 0.
      process.exitCode = 1
      throw error
    } finally {
      rmSync(directory, { recursive: true })
    }
  }
}
