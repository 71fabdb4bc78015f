import type { Provider } from '../../src/crypto/provider.js'
import { Identity } from '../../src/identity/identity.js'
import { decisionId } from '../../src/session/decision.js'
import { counting } from '../hex.js'
import type { Vectors } from '../schema.js'

type Policy = Vectors<'policy'>
type Case = Policy['policies'][number]
type Question = Case['questions'][number]
type Pattern = Policy['patterns'][number]
type Json = Case['policy']

export const policyVectors = (provider: Provider): Policy => ({
  about:
    'Policies and what they decide (spec/policy.md). policies: a document and questions, asked in order of one store; with `charge` the act is done if it is allowed, so that limits count it. ' +
    '`why` is null for an allow; `rules` are the ids of the rules that decided, in the document’s order. ' +
    'patterns: whether a pattern matches a call at an address; `error` is a claim that is absent or no token. refused: documents that must not load, and where the fault is.',
  peers: peers(provider),
  policies: [effects(), whos(), conditions(), outbound(), closed(), initiations(), rates(), bytes()],
  patterns: patterns(provider),
  refused: refused(),
})

const peers = (provider: Provider): Policy['peers'] => {
  const id = (first: number): string => Identity.of(counting(first, 32), provider).id
  return {
    alice: { id: id(0x00), roles: [], claims: {} },
    bob: {
      id: id(0x80),
      name: 'spiffe://acme/bob',
      roles: ['ops'],
      claims: { tenant: 'acme', level: 3, admin: true, title: 'no token' },
    },
  }
}

const rule = (id: string, over: { readonly [name: string]: Json } = {}): Json => ({
  id,
  effect: 'allow',
  by: ['any'],
  verbs: ['call'],
  on: ['a.v1.read'],
  ...over,
})

const document = (rules: Json[], over: { readonly [name: string]: Json } = {}): Json => ({ version: 1, rules, ...over })

const ask = (requirement: string, name: string, over: Partial<Question>, ...rules: string[]): Question => ({
  name,
  rule: requirement,
  peer: 'alice',
  direction: 'in',
  verb: 'call',
  address: 'a.v1.read',
  attributes: {},
  nowMs: 0,
  charge: false,
  effect: over.why === undefined || over.why === null ? 'allow' : 'deny',
  why: null,
  ...over,
  rules,
})

const effects = (): Case => ({
  name: 'effects',
  policy: document([
    rule('all', { on: ['a.v1.>'] }),
    rule('not-set', { effect: 'deny', on: ['a.v1.set'] }),
    rule('too', { on: ['a.v1.read', 'a.v1.set'] }),
    rule('faulty', {
      effect: 'deny',
      on: ['a.v1.hurt', 'a.v1.set'],
      when: [{ attribute: 'ttlMs', is: 'gt', value: 5 }],
    }),
  ]),
  questions: [
    ask('PO-15', 'every allow rule that is met is named', {}, 'all', 'too'),
    ask('PO-15', 'a deny rule wins over allows and errors', { address: 'a.v1.set', why: 'rule' }, 'not-set'),
    ask('PO-15', 'an error in a matching rule denies', { address: 'a.v1.hurt', why: 'error' }, 'faulty'),
    ask('PO-15', 'a deny rule that is not met says nothing', { address: 'a.v1.hurt', attributes: { ttlMs: 5 } }, 'all'),
    ask('PO-15', 'a deny rule that is met', { address: 'a.v1.hurt', attributes: { ttlMs: 6 }, why: 'rule' }, 'faulty'),
    ask('PO-16', 'no rule for the address', { address: 'b.v1.read', why: 'default' }),
    ask('PO-16', 'no rule for the verb', { verb: 'send', why: 'default' }),
    ask('PO-8', 'no address', { address: 'a.v1', why: 'error' }),
    ask('PO-8', 'a wildcard in a call', { address: 'a.v1.*', why: 'error' }),
  ],
})

const whos = (): Case => ({
  name: 'whom rules speak of',
  policy: document(
    [
      rule('named', { by: ['name:spiffe://acme/bob'] }),
      rule('role', { by: ['role:ops'], on: ['a.v1.role'] }),
      rule('group', { by: ['group:staff'], on: ['a.v1.group'] }),
      rule('tenant', { on: ['a.v1.tenant'], when: [{ attribute: 'claim.tenant', is: 'eq', value: 'acme' }] }),
    ],
    { groups: { staff: ['role:ops', 'role:dev'] } },
  ),
  questions: [
    ask('PO-2', 'the name', { peer: 'bob' }, 'named'),
    ask('PO-2', 'another peer', { why: 'default' }),
    ask('PO-2', 'a role', { peer: 'bob', address: 'a.v1.role' }, 'role'),
    ask('PO-2', 'a group that has the role', { peer: 'bob', address: 'a.v1.group' }, 'group'),
    ask('PO-2', 'no group', { address: 'a.v1.group', why: 'default' }),
    ask('PO-28', 'a claim of the peer', { peer: 'bob', address: 'a.v1.tenant' }, 'tenant'),
    ask('PO-14', 'a claim the peer has not', { address: 'a.v1.tenant', why: 'error' }, 'tenant'),
  ],
})

const conditions = (): Case => {
  const when = (id: string, ...list: Json[]): Json => rule(id, { on: [`a.v1.${id}`], when: list })
  const at = (
    requirement: string,
    id: string,
    name: string,
    attributes: Question['attributes'],
    why: Question['why'] = null,
  ): Question => ask(requirement, name, { address: `a.v1.${id}`, attributes, why }, ...(why === 'default' ? [] : [id]))
  return {
    name: 'conditions',
    policy: document([
      when('eq', { attribute: 'body.room', is: 'eq', value: 'kitchen' }),
      when('ne', { attribute: 'body.room', is: 'ne', value: 'cellar' }),
      when('le', { attribute: 'bytes', is: 'le', value: 100 }),
      when('in', { attribute: 'label.zone', is: 'in', value: ['a', 'b'] }),
      when('notIn', { attribute: 'body.level', is: 'not-in', value: [1, 2] }),
      when('maybe', { attribute: 'body.room', is: 'present' }, { attribute: 'body.room', is: 'eq', value: 'kitchen' }),
      when('without', { attribute: 'label.zone', is: 'absent' }),
      when('flag', { attribute: 'body.on', is: 'eq', value: true }),
    ]),
    questions: [
      at('PO-13', 'eq', 'an equal text', { 'body.room': 'kitchen' }),
      at('PO-13', 'eq', 'another text', { 'body.room': 'Kitchen' }, 'default'),
      at('PO-14', 'eq', 'an absent attribute', {}, 'error'),
      at('PO-14', 'eq', 'a number where a text is expected', { 'body.room': 1 }, 'error'),
      at('PO-13', 'ne', 'a text that differs', { 'body.room': 'kitchen' }),
      at('PO-14', 'ne', 'an absent attribute does not differ', {}, 'error'),
      at('PO-13', 'le', 'at most', { bytes: 100 }),
      at('PO-13', 'le', 'more', { bytes: 101 }, 'default'),
      at('PO-13', 'in', 'one of the list', { 'label.zone': 'b' }),
      at('PO-13', 'in', 'none of the list', { 'label.zone': 'c' }, 'default'),
      at('PO-13', 'notIn', 'none of the list of numbers', { 'body.level': 3 }),
      at('PO-13', 'notIn', 'one of the list of numbers', { 'body.level': 2 }, 'default'),
      at('PO-14', 'notIn', 'a text beside a list of numbers', { 'body.level': '3' }, 'error'),
      at('PO-13', 'maybe', 'present keeps the second condition from being read', {}, 'default'),
      at('PO-13', 'maybe', 'both met', { 'body.room': 'kitchen' }),
      at('PO-13', 'without', 'absent', {}),
      at('PO-13', 'without', 'there after all', { 'label.zone': 'a' }, 'default'),
      at('PO-13', 'flag', 'a boolean', { 'body.on': true }),
      at('PO-14', 'flag', 'a text that reads like a boolean', { 'body.on': 'true' }, 'error'),
    ],
  }
}

const outbound = (): Case => ({
  name: 'own acts are allowed unless a rule denies',
  policy: document([{ id: 'quiet', effect: 'deny', to: ['any'], verbs: ['send'], on: ['a.v1.log'] }]),
  questions: [
    ask('PO-17', 'no rule', { direction: 'out' }),
    ask('PO-15', 'a rule that denies', { direction: 'out', verb: 'send', address: 'a.v1.log', why: 'rule' }, 'quiet'),
    ask('PO-16', 'the same act of the peer', { verb: 'send', address: 'a.v1.log', why: 'default' }),
  ],
})

const closed = (): Case => ({
  name: 'own acts are denied unless a rule allows',
  policy: document([{ id: 'may', effect: 'allow', to: ['any'], verbs: ['call'], on: ['a.v1.read'] }], {
    outbound: 'deny',
  }),
  questions: [
    ask('PO-17', 'no rule', { direction: 'out', address: 'a.v1.set', why: 'default' }),
    ask('PO-15', 'a rule that allows', { direction: 'out' }, 'may'),
  ],
})

const initiations = (): Case => ({
  name: 'to initiate',
  policy: document([rule('not-b', { effect: 'deny', verbs: ['initiate'], on: ['b.v1'] })]),
  questions: [
    ask('PO-16', 'being in trust is enough', { verb: 'initiate', address: 'a.v1' }),
    ask('PO-15', 'unless a rule denies', { verb: 'initiate', address: 'b.v1', why: 'rule' }, 'not-b'),
    ask('PO-8', 'an operation is no contract', { verb: 'initiate', address: 'a.v1.read', why: 'error' }),
  ],
})

const rates = (): Case => ({
  name: 'two acts a second',
  policy: document([rule('two', { limit: { perSecond: 2 } })]),
  questions: [
    ask('PO-19', 'the first', { charge: true }, 'two'),
    ask('PO-19', 'the second', { charge: true }, 'two'),
    ask('PO-19', 'the third has no room', { charge: true, why: 'limit' }, 'two'),
    ask('PO-18', 'another peer has a bucket of its own', { peer: 'bob', charge: true }, 'two'),
    ask('PO-19', '499 ms later there is still no room', { charge: true, nowMs: 499, why: 'limit' }, 'two'),
    ask('PO-19', '500 ms later there is', { charge: true, nowMs: 500 }, 'two'),
    ask('PO-20', 'a clock that steps back gives nothing', { charge: true, nowMs: 0, why: 'limit' }, 'two'),
  ],
})

const bytes = (): Case => ({
  name: '100 bytes a second, and a rule beside it',
  policy: document([
    rule('hundred', { limit: { bytesPerSecond: 100 } }),
    rule('ten', { on: ['a.v1.>'], limit: { perSecond: 10 } }),
  ]),
  questions: [
    ask('PO-19', 'both rules are charged', { attributes: { bytes: 60 }, charge: true }, 'hundred', 'ten'),
    ask(
      'PO-19',
      'one has no room, and none is charged',
      { attributes: { bytes: 41 }, charge: true, why: 'limit' },
      'hundred',
    ),
    ask('PO-19', 'what is left fits', { attributes: { bytes: 40 }, charge: true }, 'hundred', 'ten'),
    ask('PO-22', 'a size that nobody told', { charge: true, why: 'error' }, 'hundred'),
  ],
})

const patterns = (provider: Provider): Pattern[] => {
  const { id: alice = '' } = peers(provider).alice ?? {}
  const is = (matches: Pattern['matches'], pattern: string, address: string, peer = 'bob'): Pattern => ({
    pattern,
    peer,
    address,
    matches,
  })
  return [
    is('yes', 'a.v1.read', 'a.v1.read'),
    is('no', 'a.v1.read', 'a.v1.Read'.toLowerCase().concat('s')),
    is('no', 'a.v1.read', 'a.v1.read.x'),
    is('yes', 'a.v1.*', 'a.v1.read'),
    is('no', 'a.v1.*', 'a.v1.read.x'),
    is('yes', '*.v1.read', 'a.v1.read'),
    is('no', '*.v1.read', 'a.b.v1.read'),
    is('yes', '*.*.*', 'a.v1.read'),
    is('yes', 'a.>', 'a.v1.read'),
    is('yes', 'a.v1.>', 'a.v1.read'),
    is('yes', 'a.v1.>', 'a.v1.read.x.y'),
    is('no', 'a.v1.read.>', 'a.v1.read'),
    is('yes', '>', 'a.b.v1.read.x'),
    is('yes', 'a.v1.read.{peer.id}', `a.v1.read.${alice}`, 'alice'),
    is('no', 'a.v1.read.{peer.id}', `a.v1.read.${alice}`),
    is('yes', 'a.v1.read.{claim.tenant}', 'a.v1.read.acme'),
    is('no', 'a.v1.read.{claim.tenant}', 'a.v1.read.other'),
    is('error', 'a.v1.read.{claim.tenant}', 'a.v1.read.acme', 'alice'),
    is('error', 'a.v1.read.{claim.title}', 'a.v1.read.acme'),
    is('error', 'a.v1.read.{claim.level}', 'a.v1.read.3'),
    is('no', 'b.v1.read.{claim.level}', 'a.v1.read.3'),
  ]
}

const refused = (): Policy['refused'] => {
  const bad = (requirement: string, name: string, path: string, policy: Json): Policy['refused'][number] => ({
    name,
    code: 'policy/malformed',
    rule: requirement,
    path,
    policy,
  })
  const one = (
    requirement: string,
    name: string,
    path: string,
    over: { readonly [name: string]: Json },
  ): Policy['refused'][number] => bad(requirement, name, `rules[0]${path}`, document([rule('r', over)]))
  return [
    bad('PO-1', 'no object', '', []),
    bad('PO-1', 'another version', 'version', { version: 2, rules: [] }),
    bad('PO-1', 'no rules', 'rules', { version: 1 }),
    bad('PO-4', 'a field that is not there', 'rule', { version: 1, rules: [], rule: [] }),
    one('PO-4', 'a misspelt field of a rule', '.whne', { whne: [] }),
    one('PO-1', 'an effect that is not there', '.effect', { effect: 'Allow' }),
    one('PO-1', 'a verb that is not there', '.verbs[0]', { verbs: ['read'] }),
    one('PO-1', 'both by and to', '', { to: ['any'] }),
    one('PO-1', 'a group that is not there', '.by[0]', { by: ['group:staff'] }),
    one('PO-1', 'a part of a peer id', '.by[0]', { by: ['sotto1qz85'] }),
    one('PO-5', 'a reserved id', '.id', { id: '__proto__' }),
    one('PO-6', 'a tail that is not last', '.on[0]', { on: ['a.>.b'] }),
    one('PO-6', 'a part of an element', '.on[0]', { on: ['a.v1.re*'] }),
    one('PO-7', 'a pattern no call can meet', '.on[0]', { on: ['a.v1'] }),
    one('PO-11', 'an attribute that is not there', '.when[0].attribute', {
      when: [{ attribute: 'size', is: 'eq', value: 1 }],
    }),
    one('PO-12', 'a number for a text', '.when[0].value', { when: [{ attribute: 'suite', is: 'eq', value: 1 }] }),
    one('PO-12', 'a value for present', '.when[0]', { when: [{ attribute: 'suite', is: 'present', value: 'x' }] }),
    one('PO-12', 'a list of both texts and numbers', '.when[0].value', {
      when: [{ attribute: 'body.x', is: 'in', value: [1, 'a'] }],
    }),
    one('PO-27', 'a limit on a deny rule', '.limit', { effect: 'deny', limit: { perSecond: 1 } }),
    one('PO-1', 'a rate of nothing', '.limit.perSecond', { limit: { perSecond: 0 } }),
  ]
}

export const decisionVectors = (): Vectors<'decision'> => {
  const sessionId = '00112233445566778899aabbccddeeff'
  const of = (way: 'ir' | 'ri', exchange: number, index: number): Vectors<'decision'>['vectors'][number] => ({
    sessionId,
    way,
    exchange,
    index,
    decision: decisionId(sessionId, way, exchange, index),
  })
  return {
    about:
      'Names of decisions, which both ends compute and neither sends (spec/session.md): the first 8 bytes of the session id, the way, the exchange, the index.',
    vectors: [of('ir', 0, 0), of('ir', 0, 1), of('ir', 1, 0), of('ri', 2, 0), of('ir', 1_073_741_825, 12)],
  }
}
