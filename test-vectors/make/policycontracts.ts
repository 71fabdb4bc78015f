import { ask, type Case, document, type Fields, type Question, type RefusedCase, rule } from './policyform.js'

const PLAIN = { subject: '', faults: [], visible: [], retain: false, idempotent: false }
const CALL = { ...PLAIN, kind: 'requestResponse' as const }

/** What documents are held against. */
const CONTRACTS: Case['contracts'] = [
  {
    name: 'a.v1',
    operations: [
      { ...PLAIN, name: 'log', kind: 'oneWay' },
      { ...PLAIN, name: 'news', kind: 'topic', subject: '{room}' },
      { ...CALL, name: 'read', visible: ['room'] },
      { ...CALL, name: 'write' },
    ],
  },
  { name: 'b.v1', operations: [{ ...PLAIN, name: 'o', kind: 'oneWay' }] },
]

const KITCHEN = [{ attribute: 'body.room', is: 'eq', value: 'kitchen' }]
const IN_KITCHEN = { attributes: { 'body.room': 'kitchen' } }

/** Each with the act that it allows. */
const TAKEN: Readonly<Record<string, readonly [over: Fields, act: Partial<Question>]>> = {
  'an operation': [{}, {}],
  'all operations of a contract': [{ on: ['a.v1.*', 'a.v1.>'] }, {}],
  'a pattern of another verb': [
    { verbs: ['send'], on: ['a.v1.log'] },
    { verb: 'send', address: 'a.v1.log' },
  ],
  'a pattern of one of two verbs': [
    { verbs: ['call', 'send'], on: ['a.v1.log'] },
    { verb: 'send', address: 'a.v1.log' },
  ],
  'the contract itself': [
    { verbs: ['initiate'], on: ['a.v1'] },
    { verb: 'initiate', address: 'a.v1' },
  ],
  'a subject of a topic': [
    { verbs: ['publish'], on: ['a.v1.news.hall'] },
    { verb: 'publish', address: 'a.v1.news.hall' },
  ],
  'an operation of a contract that is not there': [{ on: ['c.v1.nothing'] }, { address: 'c.v1.nothing' }],
  'an operation of any contract': [{ on: ['*.v1.nothing', '>'] }, { address: 'd.v1.nothing' }],
  'a field that is visible': [{ when: KITCHEN }, IN_KITCHEN],
  'a field that is visible in one operation of several': [{ on: ['a.v1.*'], when: KITCHEN }, IN_KITCHEN],
  'a field where one contract is not there': [
    { on: ['c.v1.x', 'a.v1.write'], when: KITCHEN },
    { address: 'c.v1.x', ...IN_KITCHEN },
  ],
}

const REFUSED: Readonly<Record<string, readonly [path: string, over: Fields]>> = {
  'an operation that is not there': ['.on[1]', { on: ['a.v1.read', 'a.v1.raed'] }],
  'an operation in another case': ['.on[0]', { on: ['a.v1.reaD'] }],
  'an operation of another verb': ['.on[0]', { on: ['a.v1.log'] }],
  'an operation of another contract': ['.on[0]', { on: ['b.v1.read'] }],
  'a token behind an operation without a subject': ['.on[0]', { on: ['a.v1.read.x'] }],
  'any tokens behind an operation without a subject': ['.on[0]', { on: ['a.v1.read.>'] }],
  'two tokens of a subject that has one': ['.on[0]', { verbs: ['publish'], on: ['a.v1.news.hall.door'] }],
  'a field that is not visible': ['.when[0].attribute', { on: ['a.v1.write'], when: KITCHEN }],
  'a field of what has no body': ['.when[0].attribute', { verbs: ['initiate'], on: ['a.v1'], when: KITCHEN }],
  'a field that is visible elsewhere': ['.when[0].attribute', { verbs: ['send'], on: ['b.v1.o'], when: KITCHEN }],
}

export const contractCases = (): Case[] =>
  Object.entries(TAKEN).map(([name, [over, act]]) => ({
    name: `held against contracts: ${name}`,
    policy: document([rule('held', over)]),
    contracts: CONTRACTS,
    questions: [ask('PO-25', 'it', act, 'held')],
  }))

export const refusedByContracts = (): RefusedCase[] =>
  Object.entries(REFUSED).map(([name, [path, over]]) => ({
    name: `held against contracts: ${name}`,
    rule: 'PO-25',
    path: `rules[0]${path}`,
    policy: document([rule('held', over)]),
    contracts: CONTRACTS,
  }))
