/** Random policies and questions over few words, so that rules, peers and addresses meet often. */
import { VERBS, type Verb } from '../../src/contract/kinds.js'
import { peerIdOf } from '../../src/identity/id.js'
import type { Peer } from '../../src/identity/peer.js'
import type { Attributes } from '../../src/policy/check.js'
import type { Question } from '../../src/policy/decide.js'
import type { Attribute, Condition, Limit, Policy, Rule, Scalar, Who } from '../../src/policy/rule.js'
import type { Random } from '../random.js'

export const idOf = (n: number) => peerIdOf(Uint8Array.from({ length: 32 }, (_, i) => (n >>> (8 * i)) & 0xff))

const [alice, bob, carol] = [idOf(1), idOf(2), idOf(3)]

export const PEERS: readonly Peer[] = [
  { id: alice, roles: [], claims: {} },
  {
    id: bob,
    name: 'spiffe://x/bob',
    roles: ['ops', 'dev'],
    claims: { t: 'x', n: 5, b: true, m: bob, long: 'w'.repeat(65) },
  },
  { id: carol, roles: ['dev'], claims: { t: 'no token', n: Number.NaN, b: '', m: 'é', long: 'w'.repeat(66) } },
]

/** A policy that loads. Most have few rules; one in fifty has up to 200. */
export const randomPolicy = (random: Random): Policy => {
  const count = random.chance(2) ? random.below(200) : random.below(9)
  return {
    version: 1,
    rules: Array.from({ length: count }, (_, at) => randomRule(random, `r${at}`)),
    groups: {
      g: some(random, [alice, bob, 'role:ops', 'any']),
      h: some(random, ['role:dev', 'name:spiffe://x/bob', carol]),
      empty: [],
    },
    ...random.pick<Pick<Policy, 'outbound'>>([{}, { outbound: 'allow' }, { outbound: 'deny' }]),
    ...(random.chance(20) && { reveal: some(random, ['body.b', 'label.l', 'claim.t']) }),
  }
}

/** A question. One in ten is outside the grammar of its verb. */
export const randomQuestion = (random: Random): Question => {
  const verb = random.chance(60) ? 'call' : random.pick(VERBS)
  return {
    peer: random.pick(PEERS),
    direction: random.pick(['in', 'in', 'out']),
    verb,
    address: randomAddress(random, verb),
    attributes: randomAttributes(random),
  }
}

/** The pattern of a contract, which only `initiate` is asked of. */
const CONTRACTS = ['a.v1', 'b.v1', '*.v1', '*.*', '{claim.t}.v1']
/** What some contract and some address meet. */
const BOTH = ['>', 'a.>', '*.>', 'a.*.>', '{claim.t}.>']
const PATTERNS = [
  'a.v1.o',
  'a.v1.p',
  'a.v1.*',
  'a.v1.>',
  'b.v1.o',
  '*.v1.o',
  '*.*.*',
  '*.v1.>',
  '{claim.t}.v1.o',
  'a.v1.{claim.t}',
  'a.v1.o.x',
  'a.v1.o.*',
  'a.v1.o.>',
  'a.v1.o.{claim.t}.>',
]
const TAIL = ['x', 'x', 'y', '*', '*', '{claim.t}', '{claim.u}', '{claim.n}', '{claim.m}', '{claim.long}', '{peer.id}']
const ADDRESSES = ['a.v1.o', 'a.v1.o', 'a.v1.o', 'a.v1.p', 'b.v1.o', 'x.v1.o', 'a.v1.x', 'a.v2.o']
const NAMED = ['a.v1', 'a.v1', 'b.v1', 'x.v1', 'a.v2']
const TOKENS = ['x', 'x', 'x', 'y', '5', alice, bob, 'w'.repeat(65)]
const ODD = [
  '',
  'a',
  'a.v1',
  'A.v1.o',
  'a.v1.o.x.',
  'a.v1.o.*',
  'a.v1.then',
  'a.v1.o.>',
  'v1.a.v2.o',
  'a.v1.v2',
  'a.v1.o.{claim.t}',
  'a.v1.é',
  `a.v1.o.${'w'.repeat(66)}`,
  `a.v1.o${'.x'.repeat(17)}`,
]
const WHO: readonly Who[] = [
  'any',
  'any',
  'any',
  'any',
  'any',
  'any',
  alice,
  bob,
  carol,
  'name:spiffe://x/bob',
  'name:spiffe://x',
  'role:ops',
  'role:dev',
  'role:de',
  'group:g',
  'group:h',
  'group:empty',
]
// Two ways to write one letter, a lone surrogate, a letter of two units, and what ends a string elsewhere.
const TEXTS = ['x', 'y', '', 'é', 'e\u0301', '\ud800', '\u{1f600}', '\0', 'w'.repeat(1_024), 'true', '5']
const NUMBERS = [0, -0, 5, 6, 5.5, -1, 2 ** 53, Number.MAX_VALUE, Number.MIN_VALUE]
const RATES = [1e-9, 0.5, 1, 5, 6, 1_000, 1e12]
const COUNTS = [1, 5, 6, 1_000, 1e12]

/** The attributes that conditions read, and the types each can have. */
const ATTRIBUTES: readonly (readonly [Attribute, readonly ('text' | 'number' | 'boolean')[]])[] = [
  ['bytes', ['number']],
  ['ttlMs', ['number']],
  ['ageMs', ['number']],
  ['time', ['number']],
  ['state', ['text']],
  ['suite', ['text']],
  ['label.l', ['text']],
  ['body.b', ['text', 'number', 'boolean']],
  ['claim.t', ['text', 'number', 'boolean']],
  ['claim.n', ['text', 'number', 'boolean']],
  ['claim.b', ['text', 'number', 'boolean']],
  ['claim.u', ['text', 'number', 'boolean']],
]

const randomRule = (random: Random, id: string): Rule => {
  const verbs = atLeastOne<Verb>(random, random.chance(70) ? ['call', 'subscribe', 'initiate'] : VERBS)
  const acts = verbs.some((verb) => verb !== 'initiate')
  const patterns = [...BOTH, ...(verbs.includes('initiate') ? CONTRACTS : []), ...(acts ? PATTERNS : [])]
  const on = repeated(random, 1, 3, () => (acts && random.chance(40) ? longPattern(random) : random.pick(patterns)))
  const effect = random.chance(65) ? 'allow' : 'deny'
  const who = repeated(random, 1, 3, () => random.pick(WHO))
  const common = {
    id,
    effect,
    verbs,
    on,
    ...(random.chance(60) && { when: repeated(random, 0, 3, () => randomCondition(random)) }),
    ...(effect === 'allow' && random.chance(15) && { limit: randomLimit(random) }),
  } as const
  return random.chance(70) ? { ...common, by: who } : { ...common, to: who }
}

/** With 16 elements behind the operation at most, and three ids: no address has room for a fourth. */
const longPattern = (random: Random): string => {
  const tail = repeated(random, 1, random.chance(10) ? 15 : 3, () => random.pick(TAIL)).map((element, at, all) =>
    element === '{peer.id}' && all.slice(0, at).filter((before) => before === element).length >= 3 ? '*' : element,
  )
  const last = random.chance(20) ? [random.pick(['>', '*'])] : []
  return [random.pick(['a', '*']), 'v1', random.pick(['o', '*']), ...tail, ...last].join('.')
}

const randomAddress = (random: Random, verb: Verb): string => {
  if (random.chance(10)) return random.pick(ODD)
  if (verb === 'initiate') return random.pick(NAMED)
  if (!random.chance(60)) return random.pick(ADDRESSES)
  const tokens = verb === 'subscribe' || verb === 'consume' ? [...TOKENS, '*', '*', '*'] : TOKENS
  const tail = repeated(random, 1, random.chance(10) ? 16 : 3, () => random.pick(tokens))
  return [random.pick(ADDRESSES), ...tail].join('.')
}

const randomCondition = (random: Random): Condition => {
  const [attribute, types] = random.pick(ATTRIBUTES)
  const type = random.pick(types)
  if (random.chance(25)) return { attribute, is: random.pick(['present', 'present', 'absent']) }
  if (type === 'number' && random.chance(50)) {
    return { attribute, is: random.pick(['lt', 'le', 'gt', 'ge']), value: random.pick(NUMBERS) }
  }
  if (type !== 'boolean' && random.chance(40)) {
    const value = repeated(random, 1, 4, () => random.pick<string | number>(type === 'text' ? TEXTS : NUMBERS))
    return { attribute, is: random.pick(['in', 'not-in']), value }
  }
  const value = type === 'text' ? random.pick(TEXTS) : type === 'number' ? random.pick(NUMBERS) : random.chance(50)
  return { attribute, is: random.pick(['eq', 'ne']), value }
}

const randomLimit = (random: Random): Limit => {
  const limit = {
    ...(random.chance(50) && { perSecond: random.pick(RATES) }),
    ...(random.chance(50) && { bytesPerSecond: random.pick(COUNTS) }),
  }
  return Object.keys(limit).length > 0 && random.chance(50) ? limit : { ...limit, concurrent: random.pick(COUNTS) }
}

/** Some of what a gate tells, of the type it should be or not, and now and then a claim, which is not the gate's to tell. */
const randomAttributes = (random: Random): Attributes => {
  const names = ['bytes', 'ttlMs', 'ageMs', 'time', 'state', 'suite', 'label.l', 'body.b', 'claim.u', 'claim.t']
  return Object.fromEntries(some(random, names).map((name): [string, Scalar] => [name, randomValue(random, name)]))
}

const randomValue = (random: Random, name: string): Scalar => {
  // A size is counted and not told, so it is a number of bytes or, of a broken gate, of another type.
  if (name === 'bytes') return random.chance(10) ? random.pick([true, '5']) : Math.abs(random.pick(NUMBERS))
  if (random.chance(15)) return random.pick<Scalar>([true, false, Number.NaN, Infinity, '5'])
  const isText = name === 'state' || name === 'suite' || name === 'label.l' || random.chance(10)
  return random.pick<Scalar>(isText ? TEXTS : NUMBERS)
}

const some = <T>(random: Random, list: readonly T[]): T[] => list.filter(() => random.chance(50))

const atLeastOne = <T>(random: Random, list: readonly T[]): T[] => {
  const chosen = some(random, list)
  return chosen.length > 0 ? chosen : [random.pick(list)]
}

const repeated = <T>(random: Random, least: number, most: number, make: () => T): T[] =>
  Array.from({ length: least + random.below(most - least + 1) }, make)
