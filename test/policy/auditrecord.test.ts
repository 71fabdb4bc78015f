import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AuditRecord, encodeAudit, MAX_AUDIT, MAX_SHOWN, type Seen } from '../../src/policy/auditrecord.js'
import type { Verdict } from '../../src/policy/decide.js'
import { policyStore } from '../../src/policy/store.js'
import { idOf } from './arbitrary.js'

const seed = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
console.info(`test/policy/auditrecord: SOTTO_SEED=${seed}`)

const peer = idOf(1)
const whose = { session: '00112233445566778899aabbccddeeff', peer } as const
const act = {
  decision: '0011223344556677.ir.3.0',
  direction: 'in',
  verb: 'call',
  address: 'thermostat.v1.set',
  verdict: { effect: 'deny', why: 'default', rules: [] },
} as const
const textOf = (record: AuditRecord): string => new TextDecoder('utf-8', { fatal: true }).decode(encodeAudit(record))
const many = (count: number, text: string) => Array.from({ length: count }, (_, n) => `${text}${n}`)

describe('PO-37 a record as text', () => {
  const seen: Seen = {
    read: { bytes: 12, 'body.room': null, 'label.a': 'b', 'claim.c': true },
    unmet: ['set body.room eq "kitchen"'],
    shadow: { effect: 'allow', rules: ['set'] },
  }
  const records: [string, AuditRecord, string][] = [
    [
      'of a session that opened',
      { kind: 'opened', ...whose, role: 'responder', suite: 'Noise_X', uses: [], serves: ['a.v1', 'b.v1'] },
      `"role":"responder","suite":"Noise_X","uses":[],"serves":["a.v1","b.v1"]`,
    ],
    ['of one that closed', { kind: 'closed', ...whose, code: null }, '"code":null'],
    ['of one that was lost', { kind: 'closed', ...whose, code: 'session/lost' }, '"code":"session/lost"'],
    [
      'of a decision',
      { kind: 'decided', ...whose, ...act, bytes: 12 },
      '"decision":"0011223344556677.ir.3.0","direction":"in","verb":"call","address":"thermostat.v1.set","bytes":12,"effect":"deny","why":"default","rules":[]',
    ],
    [
      'of a decision with what was seen',
      { kind: 'decided', ...whose, ...act, verdict: { effect: 'allow', rules: ['r'] }, bytes: 0, seen },
      '"decision":"0011223344556677.ir.3.0","direction":"in","verb":"call","address":"thermostat.v1.set","bytes":0,"effect":"allow","rules":["r"],"read":{"bytes":12,"body.room":null,"label.a":"b","claim.c":true},"unmet":["set body.room eq \\"kitchen\\""],"shadow":{"effect":"allow","rules":["set"]}',
    ],
    [
      'of an exchange that was ended',
      { kind: 'narrowed', ...whose, ...act },
      '"decision":"0011223344556677.ir.3.0","direction":"in","verb":"call","address":"thermostat.v1.set","effect":"deny","why":"default","rules":[]',
    ],
  ]
  test.each(records)('PO-37 %s has its keys in one order', (_, record, rest) =>
    expect(textOf(record)).toBe(`{"kind":"${record.kind}","session":"${whose.session}","peer":"${peer}",${rest}}`),
  )
  test('PO-37 of a policy has its keys in one order', () =>
    expect(textOf({ kind: 'policy', epoch: 3, digest: 'ab' })).toBe('{"kind":"policy","epoch":3,"digest":"ab"}'))

  test('PO-37 shows 32 rules, and counts the others', () => {
    const verdict: Verdict = { effect: 'deny', why: 'rule', rules: many(40, 'r'.repeat(62)) }
    const told = JSON.parse(textOf({ kind: 'decided', ...whose, ...act, verdict, bytes: 0 }))
    expect([told.rules, told.more]).toEqual([verdict.rules.slice(0, MAX_SHOWN), 8])
  })
  test('PO-37 shows 32 of what was read and unmet, and counts the others', () => {
    const read = Object.fromEntries(many(40, 'label.l').map((name) => [name, 1]))
    const told = JSON.parse(
      textOf({ kind: 'decided', ...whose, ...act, bytes: 0, seen: { read, unmet: many(40, 'r') } }),
    )
    expect([Object.keys(told.read).length, told.read.more]).toEqual([MAX_SHOWN + 1, 8])
    expect([told.unmet.length, told.unmet.at(-1)]).toEqual([MAX_SHOWN + 1, '\u20268 more'])
  })
  test('PO-37 cuts a long text with a mark, and not inside a character', () => {
    const text = textOf({
      kind: 'decided',
      ...whose,
      ...act,
      bytes: 0,
      seen: { read: { b: '😀'.repeat(99) }, unmet: [] },
    })
    expect(JSON.parse(text).read.b).toMatch(/^(😀)+\u2026$/u)
  })
  test('PO-37 tells in ASCII what is not, and half a character as U+FFFD', () => {
    const read = { 'label.a': '\u001b[31m\u007f\u2028é\ud800"\\' }
    const text = textOf({ kind: 'decided', ...whose, ...act, bytes: 0, seen: { read, unmet: [] } })
    expect(text).toContain('"\\u001b[31m\\u007f\\u2028\\u00e9\\ufffd\\"\\\\"')
  })
  test('PO-37 tells a number that JSON lacks as text', () => {
    const read = { a: Number.NaN, b: -Infinity, c: 1e300, d: -0 }
    const told = JSON.parse(textOf({ kind: 'decided', ...whose, ...act, bytes: Infinity, seen: { read, unmet: [] } }))
    expect([told.bytes, told.read]).toEqual(['Infinity', { a: 'NaN', b: '-Infinity', c: 1e300, d: 0 }])
  })
})

test('PO-37 the chapter shows records as they are', () => {
  const chapter = readFileSync(new URL('../../spec/policy.md', import.meta.url), 'utf8')
  const [, lines = ''] = /```jsonl\n([\s\S]*?)```/.exec(chapter) ?? []
  const told: string[] = []
  const audit = (bytes: Uint8Array) => told.push(new TextDecoder().decode(bytes)) > 0
  const rule = { effect: 'allow', by: ['any'], verbs: ['call'], on: ['thermostat.v1.set'] }
  const room = (value: string) => [{ attribute: 'body.room', is: 'eq', value }]
  const rules = [{ id: 'kitchen', ...rule, when: room('kitchen') }]
  const shadow = { version: 1, rules: [{ id: 'cellar', ...rule, when: room('cellar') }] }
  const policy = policyStore({ version: 1, rules }, { audit, shadow }).forPeer({ id: peer, roles: [], claims: {} })
  const attributes = { bytes: 12, 'body.room': 'cellar' }
  const { seen, ...judgement } = policy.admit('in', 'call', 'thermostat.v1.set', attributes, 0)
  policy.audit({ kind: 'decided', ...whose, ...act, verdict: judgement, bytes: 12, ...(seen && { seen }) })
  expect(lines.trim().split('\n')).toEqual(told)
})

const wild = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.string({
    unit: fc.constantFrom('\ud800', '\udc00', '\u0000', '"', '\\', '\u007f', '\u2028', 'é', '😀', 'a'),
    maxLength: 2_000,
  }),
  fc.constant('\u0001'.repeat(70_000)),
)
const number = fc.oneof(fc.double(), fc.integer())
const verdict: fc.Arbitrary<Verdict> = fc.oneof(
  fc.record({ effect: fc.constant('allow' as const), rules: fc.array(wild, { maxLength: 80 }) }),
  fc.record({
    effect: fc.constant('deny' as const),
    why: fc.constantFrom('rule' as const, 'default' as const, 'limit' as const, 'error' as const),
    rules: fc.array(wild, { maxLength: 80 }),
  }),
)
const seen = fc.record(
  {
    read: fc.dictionary(wild, fc.oneof(wild, number, fc.boolean(), fc.constant(null)), { maxKeys: 80 }),
    unmet: fc.array(wild, { maxLength: 80 }),
    shadow: verdict,
  },
  { requiredKeys: ['read', 'unmet'] },
)
const judged = {
  session: wild,
  peer: fc.constant(peer),
  decision: wild,
  direction: fc.constantFrom('in' as const, 'out' as const),
  verb: fc.constantFrom('call' as const, 'consume' as const),
  address: wild,
  verdict,
}
const record: fc.Arbitrary<AuditRecord> = fc.oneof(
  fc.record({
    kind: fc.constant('opened' as const),
    session: wild,
    peer: fc.constant(peer),
    role: fc.constantFrom('initiator' as const, 'responder' as const),
    suite: wild,
    uses: fc.array(wild, { maxLength: 80 }),
    serves: fc.array(wild, { maxLength: 80 }),
  }),
  fc.record({ kind: fc.constant('decided' as const), ...judged, bytes: number }),
  fc.record({ kind: fc.constant('decided' as const), ...judged, bytes: number, seen }),
  fc.record({ kind: fc.constant('narrowed' as const), ...judged }),
  fc.record({
    kind: fc.constant('closed' as const),
    session: wild,
    peer: fc.constant(peer),
    code: fc.option(wild),
  }),
  fc.record({ kind: fc.constant('policy' as const), epoch: number, digest: wild }),
)

test('PO-37 any record becomes one line of printable ASCII JSON of at most 4,096 bytes', () => {
  let longest = 0
  fc.assert(
    fc.property(record, (each) => {
      const bytes = encodeAudit(each)
      longest = Math.max(longest, bytes.length)
      expect(bytes.length).toBeLessThanOrEqual(MAX_AUDIT)
      expect(bytes.every((byte) => byte >= 0x20 && byte <= 0x7e)).toBe(true)
      const told = JSON.parse(textOf(each))
      expect(told.kind).toBe(each.kind)
      if ('verdict' in each) {
        expect(told.effect).toBe(each.verdict.effect)
        expect(told.rules.length + (told.more ?? 0)).toBe(each.verdict.rules.length)
      }
      if ('seen' in each) expect([typeof told.read, Array.isArray(told.unmet)]).toEqual(['object', true])
    }),
    { seed, numRuns: 2_000 },
  )
  expect(longest).toBeGreaterThan(3_000)
})

describe('PO-38 the policy in force is told', () => {
  const document = { version: 1, rules: [] }
  // sha256sum of {"version":1,"rules":[]}
  const digest = '6be6bac38f2d35217ca3cd98e36322f9e8fb6638564f5a87ff660589f6302103'

  test('PO-38 at the start and at each replacement, before anybody hears of the change', () => {
    const told: string[] = []
    const audit = (bytes: Uint8Array) => told.push(new TextDecoder().decode(bytes)) > 0
    const store = policyStore(document, { audit })
    store.onChange(() => told.push('changed'))
    store.replace({ rules: [], version: 1 })
    expect(() => store.replace({})).toThrow('version')
    const policy = (epoch: number) => `{"kind":"policy","epoch":${epoch},"digest":"${digest}"}`
    expect(told).toEqual([policy(0), policy(1), 'changed'])
  })
  test('PO-38 to a sink that throws: the store goes on', () => {
    const audit = () => {
      throw new Error('a full disk')
    }
    const store = policyStore(document, { audit })
    store.replace(document)
    expect([store.epoch, store.forPeer({ id: peer, roles: [], claims: {} }).audited]).toEqual([1, true])
  })
  test('PO-38 without a sink nobody is told', () =>
    expect(policyStore(document).forPeer({ id: peer, roles: [], claims: {} }).audited).toBe(false))
})

test('PO-39 a sink that throws or drops changes no decision', () => {
  const document = { version: 1, rules: [{ id: 'r', effect: 'allow', by: ['any'], verbs: ['call'], on: ['a.v1.o'] }] }
  const sinks = [
    () => false,
    () => {
      throw new Error('a full disk')
    },
  ]
  for (const audit of sinks) {
    const policy = policyStore(document, { audit }).forPeer({ id: peer, roles: [], claims: {} })
    policy.audit({ kind: 'closed', ...whose, code: null })
    expect(policy.admit('in', 'call', 'a.v1.o', {}, 0)).toMatchObject({ effect: 'allow', rules: ['r'] })
  }
})
