import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { REFRESHES } from '../../src/session/refresh.js'
import { STATE_NAMES, STATES } from '../../src/session/states.js'
import { read } from '../source.js'

const FILES = readdirSync('spec/formal').filter((name) => name.endsWith('.pml'))
/** Each has seeded bugs, named in its first comment and switched by `#ifdef`. */
const MODELS = FILES.map((file) => {
  const text = read(`spec/formal/${file}`)
  return { file, text, bugs: /^ \* Bugs: ([A-Z_, ]+)\.$/m.exec(text)?.[1]?.split(', ') ?? [] }
})

const has = (command: string, flag: string): boolean => spawnSync(command, [flag]).status === 0
const able = has('spin', '-V') && has('gcc', '--version')
if (!able) console.warn('NOT CHECKED: the models of spec/formal, for want of spin or gcc (packages spin, gcc)')

interface Verdict {
  readonly errors: number
  readonly states: number
  readonly said: string
}

/** What an exhaustive search of the model says; with a bug, of the model that has it. */
const check = (file: string, bug?: string): Verdict => {
  const directory = mkdtempSync(join(tmpdir(), 'sotto-formal-'))
  try {
    const here = { cwd: directory, encoding: 'utf8' } as const
    execFileSync('spin', [...(bug === undefined ? [] : [`-D${bug}`]), '-a', resolve('spec/formal', file)], here)
    execFileSync('gcc', [bug === undefined ? '-O2' : '-O0', '-w', '-DSAFETY', '-o', 'pan', 'pan.c'], here)
    const said = execFileSync(join(directory, 'pan'), ['-m500000'], { ...here, timeout: 120_000 })
    const [, errors] = /errors: (\d+)/.exec(said) ?? []
    const [, states] = /(\d+) states, stored/.exec(said) ?? []
    // A search that was cut short says so, and proves nothing.
    expect(said).not.toContain('max search depth too small')
    return { errors: Number(errors), states: Number(states), said }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

describe('the models', () => {
  test('there are six, each with at least three seeded bugs, and they are run where that is asked for', () => {
    expect(FILES).toEqual(['close.pml', 'credit.pml', 'halfclose.pml', 'queue.pml', 'refresh.pml', 'rekey.pml'])
    for (const { bugs, text } of MODELS) {
      expect(bugs.length).toBeGreaterThanOrEqual(3)
      const switched = [...text.matchAll(/^#ifn?def ([A-Z_]+)$/gm)].map(([, name]) => name)
      expect(new Set(switched)).toEqual(new Set(bugs))
    }
    expect(able || process.env.CI === undefined).toBe(true)
  })

  test.skipIf(!able).each(MODELS)('$file: no state breaks what it holds', ({ file }) => {
    const { errors, states, said } = check(file)
    console.log(`${file}: ${states} states`)
    expect(errors, said).toBe(0)
    expect(states).toBeGreaterThan(1_000)
  })

  const seeded = MODELS.flatMap(({ file, bugs }) => bugs.map((bug) => ({ file, bug })))
  test.skipIf(!able).each(seeded)('$file with $bug: breaks', ({ file, bug }) => {
    const { errors, said } = check(file, bug)
    expect(errors, said).toBeGreaterThan(0)
    expect(said).toContain('assertion violated')
  })
})

/** The lines of a model between `table: NAME` and its end. */
const tableIn = (file: string, name: string): string => {
  const text = read(`spec/formal/${file}`)
  const from = text.indexOf(`/* table: ${name} */\n`)
  return text.slice(from, text.indexOf('/* end of table */', from))
}

describe('the tables of the models are those that the code runs on:', () => {
  test('CH-25 a refresh', () => {
    const table = tableIn('refresh.pml', 'REFRESHES')
    const rows = [...table.matchAll(/:: state == (\w+) && event == (\w+)_ -> state = (\w+)$/gm)]
    const said = rows.map(([, from, event, to]) => [from, event, to].join(' '))
    const code = Object.entries(REFRESHES).flatMap(([from, row]) =>
      Object.entries(row).map(([event, to]) => [from, event, to].join(' ').replaceAll('.', '_')),
    )
    expect(said.toSorted()).toEqual(code.toSorted())
    expect([...table.matchAll(/^#define (\w+) \d+$/gm)].map(([, name]) => name)).toEqual(
      Object.keys(REFRESHES).map((name) => name.replace('.', '_')),
    )
  })

  test('SE-40 the states in which a session takes frames, and those that END leads to', () => {
    const table = tableIn('close.pml', 'STATES')
    const takes = [...table.matchAll(/:: at == S_(\w+)$/gm)].map(([, name]) => name)
    expect(takes).toEqual(STATE_NAMES.filter((name) => STATES[name].end !== undefined))
    const named = [...table.matchAll(/^#define S_(\w+) \d$/gm)].map(([, name]) => name)
    expect(new Set(named)).toEqual(
      new Set(['open', 'ending', ...(STATES.open.end ?? []), ...(STATES.ending.end ?? [])]),
    )
    for (const name of ['open', 'ending'] as const) expect(STATES[name].drain).toEqual([name])
  })

  test('every requirement that a model cites is one', () => {
    const ids = new Set(
      readdirSync('spec')
        .filter((name) => name.endsWith('.md'))
        .flatMap((name) => [...read(`spec/${name}`).matchAll(/^- \*\*([A-Z]{2}-\d+)\*\*/gm)].map(([, id]) => id)),
    )
    for (const { text } of MODELS)
      for (const [id] of text.matchAll(/\b[A-Z]{2}-\d+\b/g)) expect(ids.has(id), id).toBe(true)
  })
})
