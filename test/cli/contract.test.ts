import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import * as z from 'zod'
import { run } from '../../src/cli/commands.js'
import { contract, contractCddl, oneWay, requestResponse } from '../../src/index.js'

const folder = mkdtempSync(join(tmpdir(), 'sotto-contract-'))
afterAll(() => rmSync(folder, { recursive: true }))

const file = (name: string, content: unknown): string => {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const sotto = async (...args: string[]) => {
  const out: string[] = []
  const error: string[] = []
  const terminal = {
    out: (text: string) => out.push(text),
    error: (text: string) => error.push(text),
    progress: () => {},
  }
  return { exit: await run(['contract', ...args], terminal), out: out.join('\n'), error: error.join('\n') }
}

const Text = z.string().describe('caf\u00e9 \u202e')
const House = contract('a.v1', { read: requestResponse({ idempotent: true }), log: oneWay(Text) })
const house = file('house.json', House)
const program = file(
  'house.mjs',
  `export const House = { toJSON: () => (${JSON.stringify(House)}) }\nexport const other = { name: 'a.v1' }\nexport default House\nexport const none = () => {}`,
)

test('CL-40 CL-43 contract export prints what a module exports, in one line of ASCII or in many', async () => {
  const { exit, out, error } = await sotto('export', program, 'House')
  expect([exit, error]).toEqual([0, ''])
  expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(House)))
  expect([out.includes('\n  "name": "a.v1"'), /^[\n -~]+$/.test(out)]).toEqual([true, true])
  const json = await sotto('export', program, 'default', '--json')
  expect([json.exit, json.out.includes('\n')]).toEqual([0, false])
  expect(JSON.parse(json.out)).toEqual(JSON.parse(JSON.stringify(House)))
})

test('CL-40 contract export fails where there is no module, no such export, or no contract', async () => {
  const broken = file('broken.mjs', 'throw new Error("not today")')
  const cases: readonly (readonly [string, string, string])[] = [
    [join(folder, 'absent.mjs'), 'House', 'a JavaScript module that runs'],
    [broken, 'House', 'not today'],
    [program, 'house', 'expected an export house, got none'],
    [program, 'toString', 'expected an export toString, got none'],
    [program, 'other', 'at operations'],
    [program, 'none', 'expected an object'],
  ]
  for (const [path, name, why] of cases) {
    const { exit, out, error } = await sotto('export', path, name)
    expect([exit, out], name).toEqual([1, ''])
    expect(error).toContain('sotto contract export: contract/malformed: expected ')
    expect(error).toContain(why)
  }
  expect((await sotto('export', program)).exit).toBe(2)
})

test('CL-41 CL-43 contract cddl prints the CDDL of an exported contract', async () => {
  const text = contractCddl(House).trimEnd()
  expect(await sotto('cddl', house)).toEqual({ exit: 0, out: text, error: '' })
  expect(await sotto('cddl', house, '--json')).toEqual({ exit: 0, out: JSON.stringify({ cddl: text }), error: '' })
  expect(/^[\n -~]+$/.test(text)).toBe(true)
  expect(await sotto('cddl', join(folder, 'absent.json'))).toMatchObject({
    exit: 1,
    out: '',
    error: expect.stringContaining('sotto contract cddl: contract/malformed'),
  })
  expect((await sotto('cddl')).exit).toBe(2)
})

test('CL-42 contract diff is exit 0 where nothing breaks', async () => {
  expect(await sotto('diff', house, house)).toEqual({ exit: 0, out: '0 changes, 0 break', error: '' })
  const more = file('more.json', contract('a.v1', { ...House.operations, stop: requestResponse({}) }))
  const { exit, out } = await sotto('diff', house, more)
  expect(exit).toBe(0)
  expect(out).toMatch(/^is fine: stop row: was absent, is \{"kind":"requestResponse".*\n1 change, 0 break$/)
  const other = file('other.json', contract('a.v1', { ...House.operations, log: oneWay(z.number()) }))
  const maybe = await sotto('diff', house, other)
  expect(maybe.exit).toBe(0)
  expect(maybe.out).toContain('may break: log schemas.message: was {')
})

test('CL-42 CL-43 contract diff is exit 1 with the field and both values where who uses the old one is refused', async () => {
  const newer = file('newer.json', contract('a.v1', { read: requestResponse({}) }))
  const { exit, out } = await sotto('diff', house, newer)
  expect([exit, /^[\n -~]+$/.test(out)]).toEqual([1, true])
  expect(out.split('\n')).toEqual([
    expect.stringMatching(/^breaks: log row: was \{"kind":"oneWay".*\}, is absent$/),
    'breaks: read idempotent: was true, is false',
    '2 changes, 2 break',
  ])
  const json = await sotto('diff', house, newer, '--json')
  expect([json.exit, json.out.includes('\n')]).toEqual([1, false])
  expect(JSON.parse(json.out)).toMatchObject({
    holds: false,
    changes: [{}, { operation: 'read', field: 'idempotent', mine: true, theirs: false, breaking: 'yes' }],
  })
  const absent = await sotto('diff', house, join(folder, 'absent.json'))
  expect(absent).toMatchObject({
    exit: 1,
    out: '',
    error: expect.stringContaining('sotto contract diff: contract/malf'),
  })
  expect((await sotto('diff', house)).exit).toBe(2)
})
