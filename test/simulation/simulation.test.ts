import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { BROKEN } from './broken.js'
import { FOUND } from './found.js'
import { load } from './load.js'

/** Sessions of the run in CI; more of them look longer. */
const SESSIONS = Number(process.env.SOTTO_SESSIONS ?? 10_000)
/** Seeds in which a broken engine must show. */
const ENOUGH_SEEDS = 3_000

const sound = load()

const seedOf = (): number => {
  const seed = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`simulation: SOTTO_SEED=${seed}`)
  return seed
}

describe('the simulation', () => {
  test(`finds no violation in ${SESSIONS} sessions, with nine kinds of fault`, { timeout: 900_000 }, async () => {
    const { campaign } = await sound
    const { tally, findings } = campaign(seedOf(), (_, { sessions }) => sessions >= SESSIONS)
    console.log(`simulation: ${JSON.stringify(tally)}`)
    for (const { seed, message, script } of findings) console.log(`seed ${seed}: ${message}\n${JSON.stringify(script)}`)
    expect(findings.map(({ message }) => message)).toEqual([])
    for (const [name, count] of Object.entries(tally.faults)) expect(count, name).toBeGreaterThan(SESSIONS / 100)
    expect(tally.messages).toBeGreaterThan(SESSIONS)
    expect(tally.clean).toBeGreaterThan(SESSIONS / 2)
  })

  test('does the same thing for the same seed, byte for byte', async () => {
    const { scriptOf, World } = await sound
    const written = (script: ReturnType<typeof scriptOf>): string => {
      const hash = createHash('sha256')
      World.run(script, (bytes) => hash.update(bytes))
      return hash.digest('hex')
    }
    const seeds = Array.from({ length: 50 }, (_, i) => i + 1)
    const once = seeds.map((seed) => written(scriptOf(seed)))
    expect(new Set(once).size).toBe(seeds.length)
    expect(seeds.map((seed) => written(JSON.parse(JSON.stringify(scriptOf(seed)))))).toEqual(once)
  })
})

describe('what was found once is not found again:', () => {
  test.each(FOUND)('$name', async (script) => {
    expect((await sound).violationOf(script)).toBe(undefined)
  })
})

describe('a broken engine is caught:', () => {
  test.each(BROKEN)('$name', { timeout: 300_000 }, async ({ name, edits, breaks }) => {
    const { campaign, violationOf } = await load(edits)
    const { findings } = campaign(1, (done) => done >= ENOUGH_SEEDS, 1)
    const [first] = findings
    if (first === undefined) return expect.fail(`no violation in ${ENOUGH_SEEDS} seeds`)
    console.log(`${name}: seed ${first.seed}, ${first.script.steps.length} steps: ${first.message}`)
    const violation = violationOf(first.script)
    expect(breaks).toContain(violation?.invariant)
    // What is left of the script is what the defect needs: the sound engine passes it.
    expect((await sound).violationOf(first.script)).toBe(undefined)
  })
})
