/**
 * npm run mutate -- [--rooms LIST] [--tests LIST] [--workers 2] [--every N] [--from N] [--most MS] [--json FILE]
 *                   [--again FILE]
 *
 * Mutation testing of the rooms that keys depend on; README.md tells how to read it. Ends with 1 below the aim.
 */
import { fork } from 'node:child_process'
import { appendFileSync, existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build, stateOf } from './build.mjs'

const ROOMS = ['crypto', 'noise', 'channel', 'session']
/** Killed mutants, in per cent of all. */
const AIM = 90
/** Without a word for so long, above what its tests may take, a mutant hangs: it is killed. */
const HANG_MS = 30_000
/** Mutants between two lines of progress. */
const STEP = 100

const { values } = parseArgs({
  options: {
    rooms: { type: 'string', default: ROOMS.join(',') },
    tests: { type: 'string', default: [...ROOMS, 'vectors'].join(',') },
    workers: { type: 'string', default: '2' },
    every: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    most: { type: 'string', default: '10000' },
    json: { type: 'string' },
    again: { type: 'string' },
  },
})
const rooms = values.rooms.split(',')
const most = Number(values.most)
const cache = fileURLToPath(new URL('../../node_modules/.cache/mutation/', import.meta.url))
const directory = join(cache, await stateOf(values.tests))
const all = await build(ROOMS, values.tests.split(','), directory)
/** Ids go up to here: some are of mutants that were left out. */
const mutants = 1 + Math.max(...all.map(({ id }) => Number(id)))
const startedAt = Date.now()
const elapsed = () => `${Math.round((Date.now() - startedAt) / 1_000)} s`

/** A child that says things; settles with how it ended. */
const start = (active, task, told) => {
  const env = { ...process.env, ...(active && { __STRYKER_ACTIVE_MUTANT__: active }) }
  const options = { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }
  const child = fork(fileURLToPath(new URL('worker.mjs', import.meta.url)), [directory], options)
  child.send({ mutants, most, ...task })
  return new Promise((resolve) => {
    let timer
    let failure
    const wind = () => {
      clearTimeout(timer)
      timer = setTimeout(() => child.kill('SIGKILL'), HANG_MS + 3 * most)
    }
    wind()
    child.on('message', (message) => {
      wind()
      failure ??= message.error
      told(message)
    })
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, failure })
    })
  })
}

console.log(`${all.length} mutants in ${ROOMS.join(', ')}`)
const file = join(directory, 'covered.json')
if (!existsSync(file)) {
  const ended = await start(
    undefined,
    { is: 'cover' },
    ({ at }) => at % 500 === 0 && console.log(`test ${at}, ${elapsed()}`),
  )
  if (!existsSync(file)) throw new Error(`the tests could not be loaded and called: ${JSON.stringify(ended)}`)
}
const covered = JSON.parse(await readFile(file, 'utf8'))
if (covered.failed.length > 0) console.log(`left out, as they fail without a mutant:\n${covered.failed.join('\n')}`)
console.log(`${covered.times.length} tests, covered after ${elapsed()}`)

const isIn = (room, { fileName }) => fileName.startsWith(`src/${room}/`) || fileName === `src/${room}.ts`
const keyOf = ({ fileName, replacement, source }) => `${fileName}: ${source} => ${replacement}`
const only = values.again && new Set(JSON.parse(await readFile(values.again, 'utf8')).map(({ key }) => key))
const chosen = all
  .filter((mutant) => rooms.some((room) => isIn(room, mutant)))
  .filter((mutant, i) => (only ? only.has(keyOf(mutant)) : i % Number(values.every) === Number(values.from)))
const results = new Map()
const rowOf = new Map(all.map((mutant) => [mutant.id, { ...mutant, key: keyOf(mutant) }]))
const settle = (id, result) => {
  results.set(id, result)
  if (values.json !== undefined && result.is !== 'killed')
    appendFileSync(`${values.json}.part`, `${JSON.stringify(rowOf.get(id))}\n`)
  if (results.size % STEP > 0) return
  const survived = [...results.values()].filter(({ is }) => is !== 'killed').length
  console.log(`${results.size}/${chosen.length}, ${survived} survive, ${elapsed()}`)
}

const isStatic = new Set(covered.static)
const atLoad = new Set([...covered.static, ...covered.loading])
const queue = []
const statics = []
for (const { id } of chosen)
  if (covered.anywhere[id] === 1) queue.push(id)
  else if (atLoad.has(id)) statics.push(id)
  else settle(id, { is: 'not covered' })

/** Mutants one after another in one process; one that hangs or breaks it is over, and the next has a new process. */
const tryShare = async (share, alone) => {
  const seen = new Set()
  const again = []
  let current
  await start(undefined, { is: 'try', share: share.map((id) => rowOf.get(id)), alone }, ({ begins, id, result }) => {
    if (begins !== undefined) current = begins
    if (result === undefined) return
    seen.add(id)
    if (result.is === 'again') again.push(id)
    else if (result.is === 'survived' && isStatic.has(id)) statics.push(id)
    else settle(id, result)
  })
  if (current !== undefined && !seen.has(current)) {
    seen.add(current)
    settle(current, { is: 'killed', by: 'a test that hangs or breaks the process' })
  }
  queue.unshift(...share.filter((id) => !seen.has(id)))
  for (const id of again) await tryShare([id], true)
}

const work = async () => {
  while (queue.length > 0) await tryShare(queue.splice(0, 60), false)
  for (let id = statics.shift(); id !== undefined; id = statics.shift()) {
    const { fileName } = rowOf.get(id)
    const near = all.filter((mutant) => mutant.fileName === fileName).map((mutant) => mutant.id)
    let found = { is: 'killed', by: 'a module that does not load, or a test that hangs' }
    await start(id, { is: 'static', id, fileName, near }, ({ result }) => {
      found = result ?? found
    })
    settle(id, found)
  }
}
await Promise.all(Array.from({ length: Number(values.workers) }, work))

const known = JSON.parse(await readFile(new URL('survivors.json', import.meta.url), 'utf8'))
const survivors = chosen.filter(({ id }) => results.get(id).is !== 'killed')
if (values.json !== undefined) {
  const rows = survivors.map(({ id }) => ({ ...rowOf.get(id), is: results.get(id).is }))
  await writeFile(values.json, JSON.stringify(rows, undefined, 2))
}
for (const room of rooms) {
  const own = chosen.filter((mutant) => isIn(room, mutant))
  const lost = own.filter((mutant) => survivors.includes(mutant)).length
  console.log(
    `${room}: ${own.length - lost} of ${own.length} killed, ${((100 * (own.length - lost)) / own.length).toFixed(1)} %`,
  )
}
const unexplained = survivors.filter((mutant) => known[keyOf(mutant)] === undefined)
console.log(`${survivors.length} survive, ${unexplained.length} of them without a reason`)
for (const { fileName, line, source, replacement, id } of unexplained)
  console.log(`${fileName}:${line} ${results.get(id).is}: ${source} => ${replacement}`)
process.exitCode = 100 * survivors.length > (100 - AIM) * chosen.length ? 1 : 0
