import { noble } from '../../src/crypto/noble.js'
import { Auditor } from '../../src/identity/auditor.js'
import { Identity } from '../../src/identity/identity.js'
import { AuditChain } from '../../src/policy/auditchain.js'
import { type AuditRecord, encodeAudit } from '../../src/policy/auditrecord.js'
import { loadPolicy } from '../../src/policy/load.js'

/** What a rule takes of the values of JSON, and what it refuses. */
export interface JsonCases {
  readonly taken: readonly unknown[]
  readonly refused: readonly unknown[]
}

const counting = (from: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => from + i)
const peer = Identity.of(counting(0, 32), noble).id
const auditor = Auditor.of(counting(0x60, 32), noble)
const session = '0f0e0d0c0b0a09080706050403020100'
const decision = '0f0e0d0c0b0a0908.ir.3.0'
const act = { session, peer, decision, direction: 'in', verb: 'call', address: 'a.v1.b' } as const
const denied = { effect: 'deny', why: 'default', rules: [] } as const

const json = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes))
const recordOf = (record: AuditRecord): unknown => json(encodeAudit(record))

const records = {
  PolicyRecord: [recordOf({ kind: 'policy', epoch: 0, digest: 'ab'.repeat(32) })],
  OpenedRecord: [
    recordOf({
      kind: 'opened',
      session,
      peer,
      role: 'responder',
      suite: 'Noise_XX_25519_ChaChaPoly_SHA256',
      uses: ['a.v1'],
      serves: [],
    }),
  ],
  DecidedRecord: [
    recordOf({ kind: 'decided', ...act, bytes: 14, verdict: denied }),
    recordOf({
      kind: 'decided',
      ...act,
      bytes: 0,
      verdict: { effect: 'allow', rules: Array.from({ length: 40 }, (_, i) => `r${i}`) },
      seen: { read: { bytes: 12, 'body.room': null, 'claim.a': 'x' }, unmet: ['r1 bytes lt 9'], shadow: denied },
    }),
  ],
  NarrowedRecord: [recordOf({ kind: 'narrowed', ...act, verdict: denied })],
  ClosedRecord: [
    recordOf({ kind: 'closed', session, peer, code: null }),
    recordOf({ kind: 'closed', session, peer, code: 'channel/truncated' }),
  ],
}

const lines = (): readonly unknown[] => {
  const chain = new AuditChain(auditor, { log: counting(0x10, 16) }, noble)
  const record = encodeAudit({ kind: 'closed', session, peer, code: null })
  return [
    chain.first(1_767_225_600_000),
    chain.line(record, 1_767_225_600_001),
    chain.checkpoint(1_767_225_600_002),
    chain.lost(2, 'drop-oldest', 1_767_225_600_003),
    chain.resumed(7, 1_767_225_600_004),
  ].map(json)
}
const [first, line, checkpoint, lost, resumed] = lines()
const recordIn = (of: unknown): unknown =>
  typeof of === 'object' && of !== null && 'record' in of ? of.record : undefined

/** `of` with other members; one that is undefined is left out. */
const over = (of: unknown, members: object): unknown => JSON.parse(JSON.stringify({ ...Object(of), ...members }))

const AUDIT: Readonly<Record<string, JsonCases>> = {
  AuditLine: {
    taken: lines(),
    refused: [
      over(line, { seq: 0 }),
      over(line, { prev: 'ab' }),
      over(line, { more: 1 }),
      over(line, { record: { kind: 'x' } }),
      [],
    ],
  },
  AuditRecord: {
    taken: [...Object.values(records).flat(), ...lines().map(recordIn)],
    refused: [{ kind: 'other' }, {}],
  },
  LogRecord: {
    taken: [recordIn(first)],
    refused: [over(recordIn(first), { version: 2 }), over(recordIn(first), { key: peer })],
  },
  CheckpointRecord: { taken: [recordIn(checkpoint)], refused: [over(recordIn(checkpoint), { signature: 'ab' })] },
  LostRecord: {
    taken: [recordIn(lost)],
    refused: [over(recordIn(lost), { records: 0 }), over(recordIn(lost), { overflow: 'full' })],
  },
  ResumedRecord: { taken: [recordIn(resumed)], refused: [over(recordIn(resumed), { torn: -1 })] },
  PolicyRecord: {
    taken: records.PolicyRecord,
    refused: records.PolicyRecord.map((of) => over(of, { digest: 'AB'.repeat(32) })),
  },
  OpenedRecord: { taken: records.OpenedRecord, refused: records.OpenedRecord.map((of) => over(of, { role: 'both' })) },
  DecidedRecord: {
    taken: records.DecidedRecord,
    refused: records.DecidedRecord.flatMap((of) => [
      over(of, { verb: 'read' }),
      over(of, { decision: `${decision}.1` }),
      over(of, { rules: undefined }),
      over(of, { why: 'because' }),
    ]),
  },
  NarrowedRecord: {
    taken: records.NarrowedRecord,
    refused: records.NarrowedRecord.map((of) => over(of, { effect: 'allow' })),
  },
  ClosedRecord: { taken: records.ClosedRecord, refused: [over(records.ClosedRecord[0], { code: 'closed' })] },
  Shadow: {
    taken: [{ effect: 'allow', rules: ['a'] }, denied],
    refused: [{ effect: 'allow' }, { effect: 'maybe', rules: [] }],
  },
  Rules: { taken: [[], ['a', 'b']], refused: [[''], Array(33).fill('a')] },
  Why: { taken: ['rule', 'default', 'limit', 'error'], refused: ['allow'] },
  'decision-id': {
    taken: [decision],
    refused: ['0f0e.ir.3.0', `${decision.slice(0, 16)}.in.3.0`, `${decision.slice(0, 16)}.ir.03.0`],
  },
  'auditor-id': { taken: [auditor.id], refused: [peer] },
  hex16: { taken: [session], refused: [session.toUpperCase(), 'ab'] },
  hex32: { taken: [session + session], refused: [session] },
}

const rule = { id: 'r', effect: 'allow', by: ['any'], verbs: ['call'], on: ['a.v1.b'] }
const when = [
  { attribute: 'bytes', is: 'le', value: 9 },
  { attribute: 'body.room', is: 'in', value: ['a', 'b'] },
  { attribute: 'label.x', is: 'absent' },
  { attribute: 'claim.level', is: 'ne', value: true },
]
const document = {
  $schema: 'x',
  version: 1,
  groups: { staff: [peer, 'role:operator', 'name:spiffe://a/b', 'any'], none: [] },
  rules: [
    rule,
    {
      ...rule,
      id: 'all',
      by: ['group:staff'],
      verbs: ['call', 'subscribe'],
      on: ['*.v1.>', 'a.v1.b.{peer.id}.{claim.room}', '>'],
      when,
    },
    { ...rule, id: 'little', limit: { perSecond: 0.5, bytesPerSecond: 100, concurrent: 4 } },
    { id: 'out', effect: 'deny', to: [peer], verbs: ['send'], on: ['a.v1.*'] },
  ],
  outbound: 'deny',
  reveal: ['body.room', 'label.x', 'claim.level'],
}

/** A policy with one thing changed in its first rule, which no loader takes either. */
const spoilt = (members: object): unknown => ({ version: 1, rules: [over(rule, members)] })
const badRules = [
  { id: 'a b' },
  { effect: 'permit' },
  { by: undefined },
  { to: ['any'] },
  { by: [] },
  { verbs: ['read'] },
  { on: ['a..b'] },
  { on: ['a.>.b'] },
  { by: ['role:'] },
  { more: 1 },
  { when: [{ attribute: 'size', is: 'eq', value: 1 }] },
  { when: [{ attribute: 'bytes', is: 'lt', value: 'x' }] },
  { when: [{ attribute: 'bytes', is: 'present', value: 1 }] },
  { when: [{ attribute: 'bytes', is: 'in', value: [] }] },
  { limit: { perMinute: 1 } },
  { limit: { concurrent: 0.5 } },
]
/** Documents that both the rule `Policy` and the loader refuse. */
export const REFUSED_POLICIES: readonly unknown[] = [
  ...badRules.map(spoilt),
  { rules: [] },
  { version: 2, rules: [] },
  { version: 1 },
  { version: 1, rules: [], outbound: 'ask' },
  { version: 1, rules: [], reveal: ['bytes'] },
  { version: 1, rules: [], groups: { g: ['group:g'] } },
]

const POLICY: Readonly<Record<string, JsonCases>> = {
  Policy: {
    taken: [document, { version: 1, rules: [] }, JSON.parse(JSON.stringify(loadPolicy(document)))],
    refused: REFUSED_POLICIES,
  },
  Rule: { taken: document.rules, refused: [{}, ...badRules.map((members) => over(rule, members))] },
  InboundRule: { taken: [rule], refused: [document.rules[3]] },
  OutboundRule: { taken: [document.rules[3]], refused: [rule] },
  Effect: { taken: ['allow', 'deny'], refused: ['Allow'] },
  Verb: { taken: ['initiate', 'consume'], refused: ['read'] },
  GroupMember: { taken: document.groups.staff, refused: ['group:staff', 'role:a b'] },
  Who: { taken: ['group:staff', 'any'], refused: ['group:', 'anyone'] },
  Pattern: { taken: ['>', '*', 'a.v1.>', '{peer.id}.{claim.a-b}'], refused: ['', 'a.', '>.a', 'a.{peer.name}', 'a b'] },
  Condition: {
    taken: when,
    refused: [
      { attribute: 'bytes', is: 'eq' },
      { attribute: 'bytes', is: 'in', value: ['a', 1] },
    ],
  },
  Attribute: { taken: ['bytes', 'state', 'claim.x'], refused: ['claim.', 'claim', 'peer'] },
  Revealed: { taken: ['body.a', 'label.a_b'], refused: ['bytes', 'body.a.b'] },
  RuleLimit: { taken: [{ perSecond: 0.1 }, { concurrent: 1 }], refused: [{ bytesPerSecond: 0 }, { concurrent: 1.5 }] },
  Rate: { taken: [0.1, 1e12], refused: [2e12, '1'] },
  'peer-id': { taken: [peer], refused: [peer.toUpperCase(), peer.slice(0, -1)] },
}

/** By rule, what is JSON. */
export const JSON_CASES: Readonly<Record<string, JsonCases>> = { ...AUDIT, ...POLICY }
