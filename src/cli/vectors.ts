import { readFileSync } from 'node:fs'
import { type NoiseVector, PROVIDERS, readNoiseVectors, runNoiseVector } from '../kit/noisevectors.js'
import { type Command, EXIT, type Terminal } from './command.js'

interface File {
  readonly path: string
  readonly vectors: readonly NoiseVector[]
}

interface Failure {
  readonly file: string
  readonly index: number
  readonly name: string
  readonly reason: string
}

/** Vectors between two showings of progress. */
const PROGRESS = 16

/** NO-31: runs files of test vectors; the last line is `N passed, N failed`. */
export const vectors: Command = {
  usage: 'vectors noise FILE... [--provider noble|native] [--json]',
  summary: 'Runs files of Noise test vectors (the JSON format of cacophony and snow).',
  options: { json: { type: 'boolean' }, provider: { type: 'string' } },
  run: ({ values, positionals: [kind, ...paths] }, terminal) => {
    const provider = PROVIDERS.find(({ name }) => name === (values.provider ?? name))
    if (kind !== 'noise' || paths.length === 0 || provider === undefined) return EXIT.usage
    const files = read(paths, terminal)
    if (files === undefined) return EXIT.failed
    const total = files.reduce((sum, file) => sum + file.vectors.length, 0)
    const failures = runAll(files, provider, (done) => terminal.progress(`${done} of ${total} vectors`))
    terminal.progress('')
    report(terminal, total - failures.length, failures, values.json === true)
    return failures.length === 0 ? EXIT.ok : EXIT.failed
  },
}

/** All files, or undefined once one is reported as unreadable: half a run would look like a whole one. */
const read = (paths: readonly string[], terminal: Terminal): readonly File[] | undefined => {
  const files: File[] = []
  for (const path of paths)
    try {
      files.push({ path, vectors: readNoiseVectors(readFileSync(path, 'utf8')) })
    } catch (error) {
      // The file is the user's: whatever is wrong with it is told, not thrown.
      terminal.error(`sotto vectors: ${path}: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }
  return files
}

const runAll = (
  files: readonly File[],
  provider: (typeof PROVIDERS)[number],
  progress: (done: number) => void,
): readonly Failure[] => {
  const failures: Failure[] = []
  let done = 0
  for (const { path, vectors } of files)
    for (const [index, vector] of vectors.entries()) {
      const reason = runNoiseVector(vector, provider)
      if (reason !== undefined) failures.push({ file: path, index, name: vector.name, reason })
      if (++done % PROGRESS === 0) progress(done)
    }
  return failures
}

const report = (terminal: Terminal, passed: number, failures: readonly Failure[], json: boolean): void => {
  if (json) {
    terminal.out(JSON.stringify({ passed, failed: failures.length, failures }))
    return
  }
  for (const { file, index, name, reason } of failures) terminal.out(`FAIL ${file} #${index} ${name}: ${reason}`)
  terminal.out(`${passed} passed, ${failures.length} failed`)
}
