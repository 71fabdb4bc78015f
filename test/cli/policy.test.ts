import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { run } from '../../src/cli/commands.js'
import { contract, generateIdentity, requestResponse } from '../../src/index.js'

const folder = mkdtempSync(join(tmpdir(), 'sotto-policy-'))
afterAll(() => rmSync(folder, { recursive: true }))

const file = (name: string, content: unknown): string => {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2))
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
  return { exit: await run(['policy', ...args], terminal), out: out.join('\n'), error: error.join('\n') }
}

const { id } = generateIdentity()
const RULE = { id: 'all', effect: 'allow', by: ['any'], verbs: ['call'], on: ['a.v1.*'] }
const CELLAR = [
  { attribute: 'body.room', is: 'present' },
  { attribute: 'body.room', is: 'eq', value: 'cellar' },
]
const policy = (...rules: object[]) => ({ version: 1, rules })
const good = file('good.json', policy(RULE, { ...RULE, id: 'cellar', effect: 'deny', when: CELLAR }))
const House = contract('a.v1', { read: requestResponse({}), write: requestResponse({}) })
const house = file('house.json', House)

describe('policy check', () => {
  test('CL-30 a policy without findings is exit 0', async () => {
    expect(await sotto('check', good)).toEqual({ exit: 0, out: '0 findings', error: '' })
    expect(await sotto('check', good, '--json')).toEqual({
      exit: 0,
      out: JSON.stringify({ file: good, loads: true, findings: [] }),
      error: '',
    })
  })

  test('CL-30 a finding comes with its line and column, and is exit 1', async () => {
    const path = file(
      'shadowed.json',
      policy({ ...RULE, effect: 'deny' }, { ...RULE, id: 'second', on: ['a.v1.read'] }),
    )
    const line = readFileSync(path, 'utf8')
      .split('\n')
      .findIndex((each) => each.includes('second'))
    expect(await sotto('check', path)).toEqual({
      exit: 1,
      out: `${path}:${line}:5: unreachable: all that it speaks of is denied by all (rules[1], rule second)\n1 finding`,
      error: '',
    })
    const { exit, out } = await sotto('check', path, '--json')
    expect([exit, out.includes('\n')]).toEqual([1, false])
    expect(JSON.parse(out)).toEqual({
      file: path,
      loads: true,
      findings: [
        {
          path: 'rules[1]',
          what: 'unreachable',
          rule: 'second',
          by: 'all',
          text: 'all that it speaks of is denied by all',
          line,
          column: 5,
        },
      ],
    })
  })

  test('CL-30 what keeps a policy from loading comes with its line and column, and is exit 1', async () => {
    const path = file('broken.json', '{ "version": 1,\n  "rules": [\n    { "id": "r", "effect": "permit" } ] }')
    expect(await sotto('check', path)).toEqual({
      exit: 1,
      out: `${path}:3:28: malformed: expected one of allow, deny, got a text of 6 characters, at rules[0].effect`,
      error: '',
    })
    const json = JSON.parse((await sotto('check', path, '--json')).out)
    expect(json).toMatchObject({
      loads: false,
      findings: [{ what: 'malformed', path: 'rules[0].effect', line: 3, column: 28 }],
    })
  })

  test('CL-30 what is no JSON comes with its line and column, and what cannot be read is told', async () => {
    const path = file('nojson.json', '{ "version": 1,\n  "rules": [,] }')
    const { exit, out } = await sotto('check', path)
    expect([exit, out]).toEqual([1, expect.stringContaining(`${path}:2:13: malformed: expected a value`)])
    const absent = await sotto('check', join(folder, 'absent.json'))
    expect(absent).toMatchObject({ exit: 1, out: '' })
    expect(absent.error).toContain('sotto policy check: policy/malformed: expected a file to read')
  })

  test('CL-30 a policy is held against the contracts that are given', async () => {
    expect(await sotto('check', good, '--contract', house)).toMatchObject({
      exit: 1,
      out: expect.stringMatching(
        /:31:24: malformed: expected a field that .* declares visible, got none, at rules\[1\]\.when\[0\]\.attribute$/,
      ),
    })
    const misspelt = file('misspelt.json', policy({ ...RULE, on: ['a.v1.reed'] }))
    expect((await sotto('check', misspelt)).exit).toBe(0)
    expect(await sotto('check', misspelt, '--contract', house)).toMatchObject({
      exit: 1,
      out: expect.stringMatching(/:14:9: malformed: expected an operation of a\.v1 that call can act on/),
    })
    const broken = file('nocontract.json', { name: 'a.v1' })
    const refused = await sotto('check', good, '--contract', broken)
    expect(refused).toMatchObject({ exit: 1, out: '' })
    expect(refused.error).toContain('contract/malformed: expected this member, got none, at operations')
    expect(refused.error).toContain(broken)
  })
})

describe('policy test', () => {
  const one = { name: 'a room', peer: { id }, verb: 'call', address: 'a.v1.read', expect: { effect: 'allow' } }
  const cellar = {
    ...one,
    name: 'the cellar',
    peer: 'panel',
    direction: 'in',
    attributes: { 'body.room': 'cellar', bytes: 3 },
    expect: { effect: 'deny', why: 'rule', rules: ['cellar'] },
  }
  const peers = { panel: { id, name: 'spiffe://x/panel', roles: ['r'], claims: { floor: 2, lit: true, room: 'x' } } }
  const cases = (...list: object[]) => file('cases.json', { peers, cases: list })

  test('CL-31 cases that are decided as they expect are exit 0', async () => {
    const both = cases(one, cellar, { ...cellar, expect: { effect: 'deny' } })
    expect(await sotto('test', good, both)).toEqual({ exit: 0, out: '3 passed, 0 failed', error: '' })
    expect(await sotto('test', good, both, '--json')).toEqual({
      exit: 0,
      out: '{"passed":3,"failed":0,"failures":[]}',
      error: '',
    })
  })

  test('CL-31 no case at all is exit 1, for nothing was tested', async () => {
    expect(await sotto('test', good, cases())).toEqual({ exit: 1, out: '0 passed, 0 failed', error: '' })
  })

  test('CL-31 a case that is decided otherwise is told with what was expected, what came, and why', async () => {
    const list = cases(
      { ...cellar, expect: { effect: 'allow' } },
      { ...one, expect: { effect: 'allow', rules: ['cellar', 'all'] } },
      { ...cellar, expect: { effect: 'deny', why: 'default' } },
      { ...one, verb: 'send', expect: { effect: 'allow', rules: [] } },
    )
    const { exit, out } = await sotto('test', good, list)
    expect(exit).toBe(1)
    expect(out.split('\n')).toEqual([
      'FAIL #0 the cellar',
      '  expected allow',
      '  got      deny by rule: cellar',
      '           allow rule all is met',
      '           deny rule cellar is met, read body.room',
      'FAIL #1 a room',
      '  expected allow: cellar, all',
      '  got      allow: all',
      '           allow rule all is met',
      '           deny rule cellar is not met, lacks body.room present; body.room eq "cellar", read body.room absent',
      'FAIL #2 the cellar',
      '  expected deny by default',
      '  got      deny by rule: cellar',
      '           allow rule all is met',
      '           deny rule cellar is met, read body.room',
      'FAIL #3 a room',
      '  expected allow: no rule',
      '  got      deny by default',
      '           nearest is all, which lacks verb: verbs call',
      '0 passed, 4 failed',
    ])
    const json = JSON.parse((await sotto('test', good, list, '--json')).out)
    expect(json).toMatchObject({ passed: 0, failed: 4 })
    expect(json.failures[3]).toMatchObject({
      index: 3,
      name: 'a room',
      expected: { effect: 'allow', rules: [] },
      explanation: { decision: { effect: 'deny', why: 'default' }, near: { id: 'all', misses: 'verb' } },
    })
  })

  const refused: [string, object, string][] = [
    ['a member that is not there', { ...one, adress: 'x' }, 'cases[0].adress'],
    ['a misspelt expectation', { ...one, expect: { effect: 'allow', rule: 'all' } }, 'cases[0].expect.rule'],
    ['no expectation', { ...one, expect: undefined }, 'cases[0].expect'],
    ['another effect', { ...one, expect: { effect: 'permit' } }, 'cases[0].expect.effect'],
    ['a reason of an allow', { ...one, expect: { effect: 'allow', why: 'rule' } }, 'cases[0].expect.why'],
    ['another reason', { ...one, expect: { effect: 'deny', why: 'no' } }, 'cases[0].expect.why'],
    ['a peer that is not there', { ...one, peer: 'pannel' }, 'cases[0].peer'],
    ['a peer without an id', { ...one, peer: { roles: [] } }, 'cases[0].peer.id'],
    ['an id that is none', { ...one, peer: { id: `${id}x` } }, 'cases[0].peer.id'],
    ['a verb that is not there', { ...one, verb: 'read' }, 'cases[0].verb'],
    ['a direction that is not there', { ...one, direction: 'inbound' }, 'cases[0].direction'],
    ['an attribute that is not there', { ...one, attributes: { size: 1 } }, 'cases[0].attributes.size'],
    ['a claim told by a message', { ...one, attributes: { 'claim.x': 1 } }, 'cases[0].attributes.?'],
    ['a text for a number', { ...one, attributes: { bytes: '1' } }, 'cases[0].attributes.bytes'],
    ['a list for a field', { ...one, attributes: { 'body.x': [1] } }, 'cases[0].attributes.?'],
    ['a case without a name', { ...one, name: undefined }, 'cases[0].name'],
  ]
  test.each(refused)('CL-32 refuses %s', async (_, broken, path) => {
    const { exit, out, error } = await sotto('test', good, cases(broken))
    expect([exit, out]).toEqual([1, ''])
    expect(error).toMatch(/^sotto policy test: policy\/malformed: .*cases\.json:\d+:\d+: expected /)
    expect(error).toContain(`at ${path}`)
  })

  test('CL-32 refuses a file that is no list of cases, and a policy that does not load', async () => {
    expect((await sotto('test', good, file('none.json', {}))).error).toContain('none.json:1:1: expected a field cases')
    const broken = file('broken.json', '{ "version": 1,\n  "rules": [[]] }')
    expect(await sotto('test', broken, cases(one))).toMatchObject({
      exit: 1,
      error: expect.stringContaining('broken.json:2:13: expected an object, got a list, at rules[0]'),
    })
  })

  test('CL-31 CL-32 the cases of the chapter hold of the policy of the chapter', async () => {
    const example = (chapter: string): string => {
      const text = readFileSync(new URL(`../../spec/${chapter}.md`, import.meta.url), 'utf8')
      return /```json\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
    }
    const chapters = [file('chapter.json', example('policy')), file('chapter.cases.json', example('cli'))] as const
    expect(await sotto('test', ...chapters)).toEqual({ exit: 0, out: '2 passed, 0 failed', error: '' })
    expect(await sotto('check', chapters[0])).toMatchObject({ exit: 0 })
  })
})

describe('policy explain', () => {
  const ask = (...more: string[]) => sotto('explain', good, '--peer', id, '--verb', 'call', ...more)

  test('CL-33 prints the decision, the rules that match and what they read', async () => {
    const room = await ask('--address', 'a.v1.read', '--attribute', 'body.room=cellar', '--attribute', 'bytes:=3')
    expect(room).toEqual({
      exit: 0,
      out: 'deny by rule: cellar\n  allow rule all is met\n  deny rule cellar is met, read body.room',
      error: '',
    })
    const { exit, out } = await ask('--address', 'a.v1.read', '--json')
    expect([exit, out.includes('\n')]).toEqual([0, false])
    expect(JSON.parse(out)).toMatchObject({ decision: { effect: 'allow', rules: ['all'] }, rules: [{ id: 'all' }, {}] })
  })

  test('CL-33 prints what the nearest allow lacks', async () => {
    const path = file(
      'staff.json',
      policy({ ...RULE, by: ['role:staff'] }, { ...RULE, id: 'own', on: ['a.v1.*.{claim.room}'] }),
    )
    const of = (...more: string[]) => sotto('explain', path, '--peer', id, '--verb', 'call', '--address', ...more)
    expect((await of('a.v1.read')).out).toContain('nearest is all, which lacks who: by role:staff')
    expect((await of('a.v1.read', '--role', 'staff', '--role', 'other')).out).toBe(
      'allow: all\n  allow rule all is met',
    )
    expect((await of('a.v1.read.x', '--claim', 'room=x')).out).toMatch(/^allow: own\n/)
    expect((await of('a.v1.read.x', '--claim', 'floor:=2')).out).toMatch(/^deny by error: own\n/)
    expect((await of('a.v1.read', '--direction', 'out')).out).toBe('allow')
    expect((await of('a.v1.read', '--name', 'spiffe://x/y')).exit).toBe(0)
  })

  test('CL-1 what is asked wrongly is told', async () => {
    const told = async (...args: string[]) => (await sotto('explain', good, ...args)).error
    expect(await told('--peer', 'me', '--verb', 'call', '--address', 'a.v1.read')).toContain('a peer id')
    expect(await told('--peer', id, '--verb', 'read', '--address', 'a.v1.read')).toContain('at verb')
    expect(await told('--peer', id, '--verb', 'call', '--address', 'x', '--direction', 'up')).toContain('at direction')
    expect(await told('--peer', id, '--verb', 'call', '--address', 'x', '--attribute', 'size:=1')).toContain(
      'attributes.size',
    )
  })
})

test('CL-34 prints nothing that a terminal obeys', async () => {
  const evil = '\x1b[2J\u202e\u{1f600}'
  const eq = { attribute: 'label.l', is: 'eq', value: evil }
  const path = file('evil.json', policy({ ...RULE, when: [eq] }, { ...RULE, id: 'x', by: [`role:x`, 'role:x'] }))
  const list = { name: evil, peer: { id }, verb: 'call', address: 'a.v1.read', attributes: { 'label.l': `${evil}!` } }
  const cases = file('evil.cases.json', { cases: [{ ...list, expect: { effect: 'deny', rules: [evil] } }] })
  for (const more of [[], ['--json']]) {
    const outs = [
      await sotto('check', path, ...more),
      await sotto('test', path, cases, ...more),
      await sotto(
        'explain',
        path,
        '--peer',
        id,
        '--verb',
        'call',
        '--address',
        'a.v1.read',
        '--attribute',
        `label.l=${evil}!`,
        ...more,
      ),
    ]
    for (const { out, error } of outs) expect(`${out}${error}`).toMatch(/^[\x20-\x7e\n]+$/)
    expect(outs.map(({ out }) => out.includes(String.raw`\u001b[2J\u202e`))).toEqual([false, true, true])
  }
})

test.each([
  ['check'],
  ['check', 'a', 'b'],
  ['test', 'a'],
  ['test', 'a', 'b', 'c'],
  ['explain', 'a'],
  ['explain', 'a', '--peer', id, '--verb', 'call'],
  ['explain', 'a', '--peer', id, '--verb', 'call', '--address', 'x', '--attribute', 'bytes'],
  ['explain', 'a', '--peer', id, '--verb', 'call', '--address', 'x', '--attribute', 'bytes:=[1]'],
  [
    'explain',
    'a',
    '--peer',
    id,
    '--verb',
    'call',
    '--address',
    'x',
    '--attribute',
    'bytes:=1',
    '--attribute',
    'bytes:=2',
  ],
  ['explain', 'a', '--peer', id, '--verb', 'call', '--address', 'x', '--claim', 'x:=y'],
])('CL-1 sotto policy %s %s … is a wrong call: exit 2', async (...args) => {
  expect(await sotto(...args)).toMatchObject({ exit: 2, out: '' })
})
