import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { toHex } from '../../src/bytes.js'
import { Random } from '../random.js'
import { Coverage } from './coverage.js'
import { mutate } from './mutate.js'
import type { Target } from './target.js'
import { TARGETS } from './targets.js'

/** What one execution may take, in ms; a slow one is run again, since the machine may have been busy. */
const HANG_MS = 50
/** What a search may hold more than at its start, in bytes. */
const GROWTH = 64 * 2 ** 20
const REPORT_MS = 10_000

const { values } = parseArgs({
  options: {
    executions: { type: 'string' },
    seconds: { type: 'string' },
    target: { type: 'string', multiple: true },
    seed: { type: 'string' },
    save: { type: 'boolean' },
  },
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
const limit = {
  executions: Number(values.executions ?? Number.POSITIVE_INFINITY),
  ms: values.seconds === undefined && values.executions !== undefined ? Infinity : Number(values.seconds ?? 10) * 1_000,
}
const corpusPath = (name: string): string => join(process.env.SOTTO_CORPUS ?? '.', `${name}.txt`)

/** One input a line, in hex; an absent file is an empty corpus. */
const load = (name: string): readonly Uint8Array[] => {
  try {
    return readFileSync(corpusPath(name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => Uint8Array.from(Buffer.from(line, 'hex')))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

class Finding extends Error {}

/** Runs one input under every rule. */
const execute = (target: Target, input: Uint8Array): void => {
  const before = performance.now()
  try {
    target.run(input)
  } catch (cause) {
    throw new Finding(`${target.name} threw on ${toHex(input)}`, { cause })
  }
  if (performance.now() - before < HANG_MS) return
  // A machine that is busy with other things takes time too, so what counts is the time of this process.
  const again = [1, 2, 3].map(() => {
    const start = process.cpuUsage()
    target.run(input)
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1_000
  })
  if (Math.min(...again) >= HANG_MS)
    throw new Finding(`${target.name} took ${Math.min(...again)} ms of the processor on ${toHex(input)}`)
}

const held = (): number => {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const search = (target: Target, coverage: Coverage): void => {
  const random = new Random(seed, 0)
  const corpus: Uint8Array[] = []
  const start = Date.now()
  let executions = 0
  let reportAt = start + REPORT_MS
  const attempt = (input: Uint8Array): void => {
    coverage.reset()
    execute(target, input)
    executions++
    if (coverage.learn()) corpus.push(input.slice())
  }
  const report = (what: string): void => {
    const rate = Math.round((executions / Math.max(Date.now() - start, 1)) * 1_000)
    console.log(
      `${what} ${target.name}: ${executions} executions, ${rate}/s, ${corpus.length} inputs, ${coverage.reached} places`,
    )
  }
  for (const input of [new Uint8Array(0), ...target.seeds, ...load(target.name)]) attempt(input)
  const before = held()
  while (executions < limit.executions && Date.now() - start < limit.ms) {
    for (let i = 0; i < 1_000; i++) {
      const input = random.pick(corpus)
      attempt(mutate(input, random, random.pick(corpus), target.dictionary ?? []))
    }
    if (Date.now() < reportAt) continue
    report('   ')
    reportAt = Date.now() + REPORT_MS
    check(target, before, corpus)
  }
  check(target, before, corpus)
  report('ok ')
  if (values.save === true) save(target, corpus)
}

const check = (target: Target, before: number, corpus: readonly Uint8Array[]): void => {
  const own = corpus.reduce((sum, { length }) => sum + length + 200, 0)
  const grown = held() - before - own
  if (grown > GROWTH) throw new Finding(`${target.name} holds ${grown} bytes more than at its start`)
}

/** The shortest inputs first, each kept if it reaches what none before it did. */
const save = (target: Target, corpus: readonly Uint8Array[]): void => {
  const coverage = new Coverage()
  const kept = [...corpus]
    .sort((a, b) => a.length - b.length)
    .filter((input) => {
      coverage.reset()
      target.run(input)
      return coverage.learn()
    })
  mkdirSync(join(corpusPath(target.name), '..'), { recursive: true })
  writeFileSync(corpusPath(target.name), kept.map((input) => `${toHex(input)}\n`).join(''))
  console.log(`    ${target.name}: ${kept.length} inputs kept`)
}

console.log(`fuzz: --seed ${seed}`)
try {
  for (const target of TARGETS) if (values.target?.includes(target.name) ?? true) search(target, new Coverage())
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
