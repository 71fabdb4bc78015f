import { ask, type Case, document, type Fields, type Json, ownRule, type Question, rule } from './policyform.js'

/** How rules come to a decision: effects, verbs, peers, directions. */
export const effectCases = (alice: string): Case[] => [
  effects(),
  order(false),
  order(true),
  ...pairs(),
  verbs(),
  whos(alice),
  outbound(),
  closed(),
  initiations(),
  revealed(),
  nothing(),
]

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

/** One document in two orders: the answers differ only in the order of the rules they name. */
const order = (turned: boolean): Case => {
  const rules = [
    rule('first'),
    rule('second', { on: ['a.v1.*'] }),
    rule('no', { effect: 'deny', on: ['a.v1.set'] }),
    rule('never', { effect: 'deny', on: ['*.v1.set'] }),
    rule('odd', { on: ['a.v1.odd'], when: [{ attribute: 'state', is: 'eq', value: 'x' }] }),
    rule('odder', { effect: 'deny', on: ['a.v1.odd'], when: [{ attribute: 'label.x', is: 'eq', value: 'x' }] }),
  ]
  const named = (...ids: string[]): string[] => (turned ? ids.reverse() : ids)
  return {
    name: turned ? 'the same rules, turned round' : 'rules in some order',
    policy: document(turned ? rules.reverse() : rules),
    questions: [
      ask('PO-29', 'two that allow', {}, ...named('first', 'second')),
      ask('PO-29', 'two that deny', { address: 'a.v1.set', why: 'rule' }, ...named('no', 'never')),
      ask('PO-29', 'two in error', { address: 'a.v1.odd', why: 'error' }, ...named('odd', 'odder')),
      ask('PO-29', 'one in error', { address: 'a.v1.odd', attributes: { state: 'y' }, why: 'error' }, 'odder'),
    ],
  }
}

const STATES = ['met', 'unmet', 'error', 'none'] as const
type State = (typeof STATES)[number]

/** Every pair of what a deny rule D and an allow rule A can come to, in every context: the first table of PO-50. */
const pairs = (): Case[] => {
  const contexts: [string, Partial<Question>, Fields, 'allow' | 'deny'][] = [
    ['inbound', { verb: 'call' }, { outbound: 'allow' }, 'deny'],
    ['inbound, initiate', { verb: 'initiate' }, { outbound: 'deny' }, 'allow'],
    ['outbound', { direction: 'out', verb: 'call' }, {}, 'allow'],
    ['outbound, deny', { direction: 'out', verb: 'call' }, { outbound: 'deny' }, 'deny'],
  ]
  return contexts.map(([name, asked, over, otherwise]) => ({
    name: `a deny rule and an allow rule: ${name}`,
    policy: document(pairRules(asked), over),
    questions: STATES.flatMap((deny) =>
      STATES.map((allow) => {
        const address = asked.verb === 'initiate' ? `${deny}.${allow}.v1` : `${deny}.${allow}.v1.do`
        const { why, rules } = pairVerdict(deny, allow, otherwise)
        return ask('PO-50', `deny rule ${deny}, allow rule ${allow}`, { ...asked, address, why }, ...rules)
      }),
    ),
  }))
}

const pairRules = (asked: Partial<Question>): Json[] => {
  const make = asked.direction === 'out' ? ownRule : rule
  const whens: { readonly [S in State]?: Fields } = {
    met: {},
    unmet: { when: [{ attribute: 'label.x', is: 'present' }] },
    error: { when: [{ attribute: 'label.x', is: 'eq', value: 'x' }] },
  }
  const end = asked.verb === 'initiate' ? 'v1' : 'v1.do'
  const verbs = [asked.verb ?? 'call']
  return (['met', 'unmet', 'error'] as const).flatMap((state) => [
    make(`D-${state}`, { effect: 'deny', verbs, on: [`${state}.*.${end}`], ...whens[state] }),
    make(`A-${state}`, { verbs, on: [`*.${state}.${end}`], ...whens[state] }),
  ])
}

const pairVerdict = (deny: State, allow: State, otherwise: 'allow' | 'deny'): Pick<Question, 'why' | 'rules'> => {
  if (deny === 'met') return { why: 'rule', rules: ['D-met'] }
  const failing = [...(deny === 'error' ? ['D-error'] : []), ...(allow === 'error' ? ['A-error'] : [])]
  if (failing.length > 0) return { why: 'error', rules: failing }
  if (allow === 'met') return { why: null, rules: ['A-met'] }
  return { why: otherwise === 'allow' ? null : 'default', rules: [] }
}

const VERBS = ['call', 'send', 'stream', 'publish', 'subscribe', 'enqueue', 'consume'] as const

const verbs = (): Case => ({
  name: 'verbs',
  policy: document([
    ...VERBS.map((verb) => rule(verb, { verbs: [verb], on: [`a.v1.${verb}`] })),
    rule('all', { verbs: [...VERBS, 'initiate'], on: ['b.>'] }),
    rule('not', { effect: 'deny', verbs: ['publish', 'consume'], on: ['b.v1.not'] }),
  ]),
  questions: [
    ...VERBS.flatMap((verb, at) => {
      const another = VERBS[(at + 1) % VERBS.length] ?? verb
      return [
        ask('PO-15', `${verb} where a rule allows it`, { verb, address: `a.v1.${verb}` }, verb),
        ask('PO-16', `${another} where a rule allows ${verb}`, {
          verb: another,
          address: `a.v1.${verb}`,
          why: 'default',
        }),
        ask('PO-15', `${verb} under a rule for all verbs`, { verb, address: 'b.v1.do' }, 'all'),
      ]
    }),
    ask('PO-15', 'initiate under a rule for all verbs', { verb: 'initiate', address: 'b.v1' }, 'all'),
    ask('PO-15', 'a deny of publish', { verb: 'publish', address: 'b.v1.not', why: 'rule' }, 'not'),
    ask('PO-15', 'a deny of consume', { verb: 'consume', address: 'b.v1.not', why: 'rule' }, 'not'),
    ask('PO-15', 'call beside a deny of others', { address: 'b.v1.not' }, 'all'),
  ],
})

const whos = (alice: string): Case => {
  const list: [string, string][] = [
    ['any', 'any'],
    ['id', alice],
    ['name', 'name:spiffe://acme/bob'],
    ['nameCase', 'name:spiffe://acme/Bob'],
    ['namePart', 'name:spiffe://acme/bo'],
    ['nameStar', 'name:*'],
    ['role', 'role:ops'],
    ['roleCase', 'role:Ops'],
    ['rolePart', 'role:op'],
    ['nameAsRole', 'role:spiffe://acme/bob'],
    ['roleAsName', 'name:ops'],
    ['ofRoles', 'group:roles'],
    ['ofIds', 'group:ids'],
    ['ofNames', 'group:names'],
    ['ofAny', 'group:everybody'],
    ['ofNone', 'group:nobody'],
  ]
  const is = (peer: string, name: string, met: boolean): Question =>
    ask(
      'PO-2',
      `${name}: ${peer} is ${met ? '' : 'not '}meant`,
      { peer, address: `a.v1.${name}`, why: met ? null : 'default' },
      ...(met ? [name] : []),
    )
  const meant: { readonly [peer: string]: readonly string[] } = {
    alice: ['any', 'id', 'ofIds', 'ofAny'],
    bob: ['any', 'name', 'role', 'ofRoles', 'ofNames', 'ofAny'],
  }
  return {
    name: 'whom rules speak of',
    policy: document(
      list.map(([name, who]) => rule(name, { by: [who], on: [`a.v1.${name}`] })),
      {
        groups: {
          roles: ['role:dev', 'role:ops'],
          ids: [alice],
          names: ['name:spiffe://acme/bob', 'name:spiffe://acme/eve'],
          everybody: ['any'],
          nobody: [],
        },
      },
    ),
    questions: ['alice', 'bob'].flatMap((peer) =>
      list.map(([name]) => is(peer, name, meant[peer]?.includes(name) === true)),
    ),
  }
}

const outbound = (): Case => ({
  name: 'own acts are allowed unless a rule denies',
  policy: document([
    ownRule('quiet', { effect: 'deny', verbs: ['send'], on: ['a.v1.log'] }),
    ownRule('small', { effect: 'deny', on: ['a.v1.put'], when: [{ attribute: 'bytes', is: 'gt', value: 100 }] }),
    ownRule('bob', { effect: 'deny', to: ['role:ops'], on: ['a.v1.ask'] }),
    ownRule('own', { effect: 'deny', verbs: ['publish'], on: ['a.v1.t.{peer.id}', 'a.v1.t.{claim.tenant}'] }),
    rule('in', { effect: 'deny', on: ['a.v1.in'] }),
  ]),
  questions: [
    ask('PO-17', 'no rule', { direction: 'out' }),
    ask('PO-15', 'a rule that denies', { direction: 'out', verb: 'send', address: 'a.v1.log', why: 'rule' }, 'quiet'),
    ask('PO-16', 'the same act of the peer', { verb: 'send', address: 'a.v1.log', why: 'default' }),
    ask(
      'PO-15',
      'too large',
      { direction: 'out', address: 'a.v1.put', attributes: { bytes: 101 }, why: 'rule' },
      'small',
    ),
    ask('PO-17', 'small enough', { direction: 'out', address: 'a.v1.put', attributes: { bytes: 100 } }),
    ask('PO-14', 'of no known size', { direction: 'out', address: 'a.v1.put', why: 'error' }, 'small'),
    ask('PO-2', 'to whom a rule denies it', { direction: 'out', peer: 'bob', address: 'a.v1.ask', why: 'rule' }, 'bob'),
    ask('PO-2', 'to somebody else', { direction: 'out', address: 'a.v1.ask' }),
    ask(
      'PO-10',
      'a placeholder without its claim',
      { direction: 'out', verb: 'publish', address: 'a.v1.t.x', why: 'error' },
      'own',
    ),
    ask(
      'PO-9',
      'a placeholder of the peer it is done to',
      { direction: 'out', verb: 'publish', peer: 'bob', address: 'a.v1.t.acme', why: 'rule' },
      'own',
    ),
    ask('PO-17', 'a rule of what peers do', { direction: 'out', address: 'a.v1.in' }),
    ask('PO-8', 'no address', { direction: 'out', address: 'a.v1', why: 'error' }),
    ask('PO-17', 'to initiate', { direction: 'out', verb: 'initiate', address: 'a.v1' }),
  ],
})

const closed = (): Case => ({
  name: 'own acts are denied unless a rule allows',
  policy: document([ownRule('may'), rule('let', { on: ['a.v1.in'] })], { outbound: 'deny' }),
  questions: [
    ask('PO-17', 'no rule', { direction: 'out', address: 'a.v1.set', why: 'default' }),
    ask('PO-15', 'a rule that allows', { direction: 'out' }, 'may'),
    ask('PO-17', 'to initiate', { direction: 'out', verb: 'initiate', address: 'a.v1', why: 'default' }),
    ask('PO-17', 'a rule of what peers do', { direction: 'out', address: 'a.v1.in', why: 'default' }),
    ask('PO-15', 'the same act of the peer', { address: 'a.v1.in' }, 'let'),
    ask('PO-16', 'the peer initiates', { verb: 'initiate', address: 'a.v1' }),
  ],
})

const initiations = (): Case => ({
  name: 'to initiate',
  policy: document([
    rule('not-b', { effect: 'deny', verbs: ['initiate'], on: ['b.v1'] }),
    rule('not-bob', { effect: 'deny', by: ['role:ops'], verbs: ['initiate'], on: ['c.*'] }),
    rule('young', {
      effect: 'deny',
      verbs: ['initiate'],
      on: ['d.v1'],
      when: [{ attribute: 'suite', is: 'ne', value: 'good' }],
    }),
    rule('said', { verbs: ['initiate'], on: ['e.v1'] }),
    rule('op', { verbs: ['initiate', 'call'], on: ['f.v1.do', 'f.v1'] }),
  ]),
  questions: [
    ask('PO-16', 'being in trust is enough', { verb: 'initiate', address: 'a.v1' }),
    ask('PO-15', 'unless a rule denies', { verb: 'initiate', address: 'b.v1', why: 'rule' }, 'not-b'),
    ask('PO-9', 'another version', { verb: 'initiate', address: 'b.v2' }),
    ask('PO-15', 'a deny of some peers', { verb: 'initiate', peer: 'bob', address: 'c.v7', why: 'rule' }, 'not-bob'),
    ask('PO-16', 'others may', { verb: 'initiate', address: 'c.v7' }),
    ask('PO-14', 'a condition in error', { verb: 'initiate', address: 'd.v1', why: 'error' }, 'young'),
    ask(
      'PO-15',
      'a condition met',
      { verb: 'initiate', address: 'd.v1', attributes: { suite: 'bad' }, why: 'rule' },
      'young',
    ),
    ask('PO-13', 'a condition not met', { verb: 'initiate', address: 'd.v1', attributes: { suite: 'good' } }),
    ask('PO-15', 'a rule that allows is named', { verb: 'initiate', address: 'e.v1' }, 'said'),
    ask('PO-15', 'a rule for a contract and its operation', { verb: 'initiate', address: 'f.v1' }, 'op'),
    ask('PO-8', 'an operation is no contract', { verb: 'initiate', address: 'a.v1.read', why: 'error' }),
    ask('PO-8', 'a name is no contract', { verb: 'initiate', address: 'a', why: 'error' }),
    ask('PO-8', 'a wildcard is no contract', { verb: 'initiate', address: '*.v1', why: 'error' }),
    ask('PO-8', 'nothing is no contract', { verb: 'initiate', address: '', why: 'error' }),
  ],
})

const revealed = (): Case => ({
  name: 'what is revealed changes no decision',
  policy: document(
    [
      rule('in', { when: [{ attribute: 'body.room', is: 'eq', value: 'kitchen' }] }),
      rule('of', { on: ['a.v1.of'], when: [{ attribute: 'claim.tenant', is: 'eq', value: 'acme' }] }),
    ],
    { reveal: ['body.room', 'claim.tenant', 'label.none'] },
  ),
  questions: [
    ask('PO-15', 'an attribute that is revealed', { attributes: { 'body.room': 'kitchen' } }, 'in'),
    ask('PO-13', 'another value of it', { attributes: { 'body.room': 'cellar' }, why: 'default' }),
    ask('PO-14', 'absent', { why: 'error' }, 'in'),
    ask('PO-15', 'a claim that is revealed', { peer: 'bob', address: 'a.v1.of' }, 'of'),
  ],
})

const nothing = (): Case => ({
  name: 'no rules',
  policy: document([]),
  questions: [
    ...VERBS.map((verb) => ask('PO-16', verb, { verb, why: 'default' })),
    ask('PO-16', 'initiate', { verb: 'initiate', address: 'a.v1' }),
    ...VERBS.map((verb) => ask('PO-17', `${verb}, of our own`, { direction: 'out', verb })),
  ],
})
