import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { run } from '../../src/cli/commands.js'
import { contract, oneWay, policyStore, requestResponse } from '../../src/index.js'

const folder = mkdtempSync(join(tmpdir(), 'sotto-policytools-'))
afterAll(() => rmSync(folder, { recursive: true }))

const Room = z.object({ room: z.string() })
const Thermostat = contract('thermostat.v1', {
  read: requestResponse({ request: Room, visible: ['room'] }),
  set: requestResponse({ request: Room, visible: ['room'] }),
  raise: oneWay(Room),
})

const POLICY = {
  version: 1,
  groups: { staff: ['role:operator', 'name:spiffe://x/boss'] },
  rules: [
    { id: 'read', effect: 'allow', by: ['any'], verbs: ['call'], on: ['thermostat.v1.read'] },
    {
      id: 'set',
      effect: 'allow',
      by: ['group:staff'],
      verbs: ['call', 'send'],
      on: ['thermostat.v1.>'],
      limit: { perSecond: 20, concurrent: 4 },
    },
    {
      id: 'no-cellar',
      effect: 'deny',
      by: ['any'],
      verbs: ['call'],
      on: ['thermostat.v1.*'],
      when: [
        { attribute: 'body.room', is: 'present' },
        { attribute: 'body.room', is: 'eq', value: 'cellar\u202e' },
      ],
    },
    { id: 'quiet', effect: 'deny', to: ['any'], verbs: ['send'], on: ['thermostat.v1.raise'] },
  ],
}

const file = (name: string, value: unknown): string => {
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify(value))
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
  return { exit: await run(args, terminal), out: out.join('\n'), error: error.join('\n') }
}

const contracts = file('thermostat.json', Thermostat)
const policy = file('policy.json', POLICY)

/** The second rule with another limit, no deny of the cellar, and a deny of guests. */
const night = { id: 'night', effect: 'deny', by: ['role:guest'], verbs: ['call'], on: ['*.v1.read'] }
const [read, set, cellar, quiet] = POLICY.rules
const newer = file('newer.json', {
  ...POLICY,
  rules: [read, { ...set, limit: { perSecond: 10 } }, cellar, quiet, night],
})

describe('sotto policy matrix', () => {
  test('CL-35 shows who may do what, acts for which the same holds together', async () => {
    const { exit, out, error } = await sotto('policy', 'matrix', policy, '--contract', contracts)
    expect([exit, error]).toEqual([0, ''])
    const lines = out.split('\n')
    const below = (line: string): readonly string[] => {
      const rest = lines.slice(lines.indexOf(line) + 1)
      return rest.slice(0, rest.indexOf(''))
    }
    expect(below('  send thermostat.v1.raise')).toEqual([
      '    deny   any   by default',
      '    allow  role:operator, name:spiffe://x/boss',
      '             allow by set, at most 4 at once, 20/s',
    ])
    expect(below('  call thermostat.v1.set')).toEqual([
      '    deny   any   by no-cellar, default',
      '    if     role:operator, name:spiffe://x/boss',
      '             deny by no-cellar, if body.room present and body.room eq "cellar\\u202e"',
      '             deny by an error in no-cellar',
      '             allow by set, at most 4 at once, 20/s',
    ])
    const ours = lines.indexOf('What we may do to peers')
    expect(lines.slice(ours, ours + 8)).toEqual([
      'What we may do to peers',
      '',
      '  initiate thermostat.v1',
      '  call thermostat.v1.read',
      '  call thermostat.v1.set',
      '    allow  any   by default',
      '',
      '  send thermostat.v1.raise',
    ])
  })

  test('CL-25 CL-35 with --json it is one line with everything', async () => {
    const { exit, out } = await sotto('policy', 'matrix', policy, '--contract', contracts, '--json')
    expect([exit, out.split('\n').length]).toEqual([0, 1])
    const { rows } = JSON.parse(out)
    expect(rows).toHaveLength(8)
    expect(rows).toContainEqual({
      direction: 'out',
      verb: 'send',
      address: 'thermostat.v1.raise',
      cells: [
        {
          who: ['any'],
          effect: 'deny',
          default: 'never',
          rules: [{ id: 'quiet', says: 'deny', often: 'always', when: [], on: [] }],
        },
      ],
    })
  })
})

describe('sotto policy diff', () => {
  test('CL-36 CL-37 CL-38 says what changes, for whom, where, and shows it by an example', async () => {
    const { exit, out, error } = await sotto('policy', 'diff', policy, newer, '--contract', contracts)
    expect([exit, error]).toEqual([1, ''])
    const [, guests = ''] = /( {2}now denied[\s\S]*?)\n\n/.exec(out) ?? []
    expect(guests.split('\n').slice(0, 4)).toEqual([
      '  now denied  call thermostat.v1.read',
      '    who      role:guest',
      '    if       body.room absent or another text',
      '    rules    were read, are night',
    ])
    expect(guests.split('\n')[4]).toMatch(/^ {4}such as {2}\{"peer":\{"id":"sotto1[a-z0-9]+","roles":\["guest"\]/)
    expect(out).toContain('    limits   were 4 at once, 20/s, are 10/s')
    expect(out.endsWith('\n4 changes.')).toBe(true)
  })

  test('CL-38 exits with 0 if nothing changes', async () => {
    const turned = file('turned.json', { ...POLICY, rules: POLICY.rules.toReversed() })
    expect(await sotto('policy', 'diff', policy, turned, '--contract', contracts)).toEqual({
      exit: 0,
      out: 'No change.',
      error: '',
    })
  })

  test('CL-38 CL-39 exits with 1 if nothing is known to change but not all was decided', async () => {
    const when = Array.from({ length: 18 }, (_, at) => ({ attribute: `label.l${at}`, is: 'present' }))
    const many = file('many.json', { version: 1, rules: [{ ...read, when }] })
    const none = file('none.json', { version: 1, rules: [{ ...read, when: [...when, ...when.slice(0, 1)] }] })
    const { exit, out } = await sotto('policy', 'diff', many, none, '--contract', contracts)
    expect(exit).toBe(1)
    expect(out).toContain('  not decided exactly  call thermostat.v1.read')
    expect(out.endsWith('\nNo change, 1 not decided exactly.')).toBe(true)
  })

  test('CL-25 CL-37 with --json it is one line, and its examples can be asked again', async () => {
    const { exit, out } = await sotto('policy', 'diff', policy, newer, '--contract', contracts, '--json')
    expect([exit, out.split('\n').length]).toEqual([1, 1])
    const { changes } = JSON.parse(out)
    const [stores] = [[POLICY, JSON.parse(readFileSync(newer, 'utf8'))].map((document) => policyStore(document))]
    for (const { kind, example } of changes) {
      const [before, after] = stores.map((store) => store.decide(example, 0))
      expect([before?.effect, after?.effect]).toEqual([example.older.effect, example.newer.effect])
      expect(before?.effect === after?.effect).toBe(kind === 'other limit')
    }
  })
})

describe('sotto policy matrix and diff', () => {
  test('CL-1 exit with 2 if called in a wrong way', async () => {
    for (const args of [
      ['matrix', policy],
      ['matrix', '--contract', contracts],
      ['matrix', policy, policy, '--contract', contracts],
      ['diff', policy, '--contract', contracts],
      ['diff', policy, policy],
      ['diff', policy, policy, policy, '--contract', contracts],
    ])
      expect(await sotto('policy', ...args), args.join(' ')).toMatchObject({ exit: 2, out: '' })
  })

  test('CL-1 exit with 1 on a file that does not load, and name it and the place', async () => {
    const bad = file('bad.json', { version: 1, rules: [{ id: 'r' }] })
    const { exit, out, error } = await sotto('policy', 'diff', policy, bad, '--contract', contracts)
    expect([exit, out]).toEqual([1, ''])
    expect(error).toMatch(/^sotto policy diff: policy\/malformed: .*bad\.json:1:\d+: .*rules\[0\]/)
    const wrong = await sotto('policy', 'matrix', policy, '--contract', bad)
    expect([wrong.exit, wrong.out]).toEqual([1, ''])
    expect(wrong.error).toMatch(/^sotto policy matrix: contract\/malformed: .*bad\.json$/)
    const none = await sotto('policy', 'matrix', join(folder, 'missing.json'), '--contract', contracts)
    expect(none.error.match(/missing\.json/g)).toHaveLength(1)
  })
})
