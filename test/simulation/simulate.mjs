/**
 * npm run simulate -- --seeds N [--seed S] [--workers W]
 *
 * Runs the scripts of N seeds from S on. Ends with 1 if any breaks an invariant, and prints the smallest script of it;
 * `--replay FILE` runs such a script.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { bundle } from './bundle.mjs'

/** Seeds that a worker is given at a time. */
const SHARE = 250
/** Between two lines of progress, in ms. */
const EVERY_MS = 5_000

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    replay: { type: 'string' },
  },
})
const [seeds, first, workers] = [values.seeds, values.seed, values.workers].map(Number)

const add = (to, more) => {
  for (const [name, value] of Object.entries(more))
    if (typeof value === 'number') to[name] = (to[name] ?? 0) + value
    else to[name] = add(to[name] ?? {}, value)
  return to
}

const startedAt = performance.now()
const seconds = () => (performance.now() - startedAt) / 1_000
const tally = {}
const findings = []
let given = 0
let stopped = false
let done = 0
let shownAt = 0

const show = () => {
  const rate = Math.round((tally.sessions ?? 0) / seconds())
  const line = `${done}/${seeds} seeds, ${tally.sessions ?? 0} sessions, ${rate}/s, ${findings.length} violations`
  const terminal = process.stdout.isTTY
  if (terminal) process.stdout.write(`\r${line}`)
  else if (done === seeds || seconds() * 1_000 - shownAt >= EVERY_MS) {
    shownAt = seconds() * 1_000
    console.log(line)
  }
  if (terminal && done === seeds) process.stdout.write('\n')
}

const report = ({ seed, message, script }) => {
  console.log(`\nseed ${seed}: ${message}\n${JSON.stringify(script)}`)
}

/** One worker, share by share, until nothing is left to give. */
const work = (file) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(file)
    const give = () => {
      const count = stopped ? 0 : Math.min(SHARE, seeds - given)
      if (count === 0) return resolve(worker.terminate())
      worker.postMessage({ first: first + given, count })
      given += count
      worker.once('message', (result) => {
        done += count
        add(tally, result.tally)
        findings.push(...result.findings)
        result.findings.forEach(report)
        show()
        give()
      })
    }
    worker.once('error', reject)
    give()
  })

const replay = async (directory, path) => {
  const file = join(directory, 'simulation.mjs')
  await bundle('simulation.ts', file)
  const { violationOf } = await import(pathToFileURL(file).href)
  const violation = violationOf(JSON.parse(await readFile(path, 'utf8')))
  console.log(violation?.stack ?? 'no violation')
  if (violation !== undefined) findings.push(violation)
}

const directory = await mkdtemp(join(tmpdir(), 'sotto-simulation-'))
try {
  if (values.replay === undefined) {
    const file = join(directory, 'worker.mjs')
    await bundle('worker.ts', file)
    // What is under way is finished, and counted.
    process.once('SIGINT', () => {
      stopped = true
    })
    await Promise.all(Array.from({ length: workers }, () => work(file)))
    console.log(`seeds ${first} to ${first + done - 1} in ${Math.round(seconds())} s: ${JSON.stringify(tally)}`)
  } else await replay(directory, values.replay)
} finally {
  await rm(directory, { recursive: true })
}
process.exitCode = findings.length > 0 ? 1 : 0
