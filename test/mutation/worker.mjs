/** Loads the tests with all mutants in them, and calls them as mutate.mjs asks. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Tests over this are not called for mutants: each mutant that lives would wait for them. */
const SLOW_MS = 1_000
/** What files of tests do as they load is no test's, and not the sources' own loading either. */
const LOADING = 'loading'
/** Passes of a mutated place in one test; that many are a loop without an end. */
const LOOP = 1_000_000

console.log = () => undefined
console.warn = () => undefined
process.on('unhandledRejection', () => undefined)
const coverage = { static: {}, perTest: {} }
globalThis.__stryker__ ??= { mutantCoverage: coverage }
const stryker = globalThis.__stryker__

const directory = process.argv[2]
const { call, collected, load } = await import(pathToFileURL(join(directory, 'stdin.mjs')).href)

const passes = async (test) => {
  try {
    await call(test)
    return true
  } catch {
    // Whatever it is, it killed the mutant.
    return false
  }
}

/** Tests that reach the least come first: they are about little, and so about what they reach. */
const narrowFirst = (times, reach) =>
  times
    .map((ms, index) => ({ ms, index, reach: reach[index] }))
    .filter(({ ms }) => ms <= SLOW_MS)
    .sort((a, b) => a.reach - b.reach || a.ms - b.ms)
    .map(({ index }) => index)

/** Counts what is reached until a test has had its time: then whatever it calls throws. */
const counter = (mutants) => {
  const until = performance.now() + SLOW_MS
  const counts = new Uint8Array(mutants)
  let writes = 0
  let late = false
  const seen = new Proxy(counts, {
    get: () => 0,
    set: (_, id) => {
      counts[id] = 1
      late ||= (++writes & 0xff) === 0 && performance.now() > until
      if (late) throw new Error('a slow test')
      return true
    },
  })
  return { counts, seen, isLate: () => late || performance.now() > until }
}

/** A row of bits for each test: the mutants that it reaches. It goes by files, as it is millions of bits. */
const cover = async ({ mutants }) => {
  // A test that is cut off may have more to do, in which it is cut off as well.
  process.on('uncaughtException', () => undefined)
  const times = []
  const reach = []
  const failed = []
  const reached = new Uint8Array(collected.length * mutants)
  const anywhere = new Uint8Array(mutants)
  for (const [index, each] of collected.entries()) {
    const { counts, seen, isLate } = counter(mutants)
    coverage.perTest[index] = seen
    stryker.currentTestId = String(index)
    const from = performance.now()
    const passed = await passes(each)
    const slow = isLate()
    if (!passed && !slow) failed.push(each.name)
    times.push(passed && !slow ? performance.now() - from : Number.POSITIVE_INFINITY)
    reach.push(counts.reduce((sum, count) => sum + count, 0))
    for (let id = 0; id < mutants; id++) {
      if (counts[id] === 0) continue
      anywhere[id] = 1
      reached[index * mutants + id] = 1
    }
    delete coverage.perTest[index]
    process.send({ at: index, ms: Math.round(times[index]) })
  }
  const order = narrowFirst(times, reach)
  const atLoad = { static: Object.keys(coverage.static), loading: Object.keys(coverage.perTest[LOADING] ?? {}) }
  const covered = { ...atLoad, anywhere: [...anywhere], times, order, failed }
  await writeFile(join(directory, 'reached'), reached)
  await writeFile(join(directory, 'covered.json'), JSON.stringify(covered))
  process.send({ tests: collected.length })
}

/** The test that tells the mutant from the code, of `indices` in their order, within `most` ms of tests. */
const killerOf = async (indices, times, most) => {
  let left = most
  for (const index of indices) {
    left -= times[index]
    if (left < 0) return undefined
    if (!(await passes(collected[index]))) return index
  }
  return undefined
}

const fileOf = (index) => collected[index].name.split(' > ', 1)[0]

/**
 * Tests of the mutated file itself first, then one of each file in turn: those of one file are alike, and what the first
 * of them do not notice the others hardly do. `source` is as `src/noise/handshake.ts`.
 */
const spread = (indices, source) => {
  const own = source.replace(/^src/, 'test').replace(/\.ts$/, '')
  const first = indices.filter((index) => fileOf(index).startsWith(own))
  const turns = []
  const seen = new Map()
  for (const index of indices) {
    const file = fileOf(index)
    if (file.startsWith(own)) continue
    const turn = seen.get(file) ?? 0
    seen.set(file, turn + 1)
    turns[turn] ??= []
    turns[turn].push(index)
  }
  return [...first, ...turns.flat()]
}

/** Reads what `cover` found; tests that reach any of `ids`, in the order to call them. */
const reaching = async (mutants) => {
  const { order, times } = JSON.parse(await readFile(join(directory, 'covered.json'), 'utf8'))
  const reached = await readFile(join(directory, 'reached'))
  const of = (ids) => order.filter((index) => ids.some((id) => reached[index * mutants + Number(id)] === 1))
  return { of, order, times }
}

const tryAll = async ({ share, mutants, most, alone }) => {
  const { of, times } = await reaching(mutants)
  // What killed the last ones is tried first.
  let recent = []
  for (const { id, fileName } of share) {
    process.send({ begins: id })
    const indices = spread(of([id]), fileName)
    const reach = new Set(indices)
    const first = recent.filter((index) => reach.has(index)).slice(0, 8)
    const rest = indices.filter((index) => !first.includes(index))
    Object.assign(stryker, { activeMutant: id, hitCount: 0, hitLimit: LOOP })
    const killer = await killerOf([...first, ...rest], times, most)
    Object.assign(stryker, { activeMutant: undefined, hitCount: undefined })
    if (killer === undefined) {
      process.send({ id, result: { is: 'survived' } })
    } else if (alone || (await passes(collected[killer]))) {
      recent = [killer, ...recent.filter((index) => index !== killer)].slice(0, 50)
      process.send({ id, result: { is: 'killed', by: collected[killer].name } })
    } else {
      // A mutant before it left something broken behind, or it did: it is tried again in a process of its own.
      process.send({ id, result: { is: 'again' } })
      return
    }
  }
}

/** A mutant that was there when the modules were loaded: tests that reach its file come first. */
const tryStatic = async ({ id, fileName, near, mutants, most }) => {
  const { of, order, times } = await reaching(mutants)
  const first = new Set(of(near))
  const rest = order.filter((index) => !first.has(index))
  const killer = await killerOf([...spread([...first], fileName), ...spread(rest, fileName)], times, most)
  process.send({ id, result: killer === undefined ? { is: 'survived' } : { is: 'killed', by: collected[killer].name } })
}

const answer = async (task) => {
  try {
    stryker.currentTestId = LOADING
    await load()
    await (task.is === 'cover' ? cover(task) : task.is === 'try' ? tryAll(task) : tryStatic(task))
  } catch (error) {
    process.send({ error: String(error?.stack) })
  } finally {
    process.send({ is: 'over' }, () => process.exit())
  }
}

process.once('message', (task) => void answer(task))
