/** Random policies and questions over few words, so that rules, peers and addresses meet often. */
import fc from 'fast-check'
import { VERBS } from '../../src/contract/kinds.js'
import { peerIdOf } from '../../src/identity/id.js'
import type { Peer } from '../../src/identity/peer.js'
import type { Attributes } from '../../src/policy/check.js'
import {
  type Attribute,
  type Condition,
  OPERATORS,
  type Operator,
  type Rule,
  typesOfAttribute,
} from '../../src/policy/rule.js'

export const idOf = (n: number) => peerIdOf(Uint8Array.from({ length: 32 }, (_, i) => (n >>> (8 * i)) & 0xff))

const [alice, bob, carol] = [idOf(1), idOf(2), idOf(3)]

export const PEERS: readonly Peer[] = [
  { id: alice, roles: [], claims: {} },
  { id: bob, name: 'spiffe://x/bob', roles: ['ops', 'dev'], claims: { t: 'x', n: 5, b: true } },
  { id: carol, roles: ['dev'], claims: { t: 'no token', n: Number.NaN } },
]

const CONTRACTS = ['a.v1', 'b.v1', '*.v1', '*.*']
const PATTERNS = [
  'a.v1.o',
  'a.v1.p',
  'a.v1.*',
  'a.v1.>',
  'b.v1.o',
  '*.v1.o',
  '*.*.*',
  '*.v1.>',
  '>',
  '{claim.t}.v1.o',
  'a.v1.o.x',
  'a.v1.o.*',
  'a.v1.o.*.*',
  'a.v1.o.>',
  'a.v1.o.{claim.t}',
  'a.v1.o.{claim.u}',
  'a.v1.o.{claim.t}.>',
  'a.v1.o.*.x',
  'a.v1.o.{claim.t}.*',
  'a.v1.*.{claim.n}',
  'a.v1.o.{claim.t}.{claim.t}',
]
const ADDRESSES = [
  'a.v1.o',
  'a.v1.p',
  'b.v1.o',
  'x.v1.o',
  'a.v1.o.x',
  'a.v1.o.y',
  'a.v1.o.x.x',
  'a.v1.o.x.y',
  'a.v1.p.5',
  'a.v2.o',
  'a.v1.o.*',
  'a.v1.o.x.*',
  'a.v1.o.*.x',
  'A.v1.o',
  'a.v1',
  'a.v1.o.x.',
  '',
]
const ATTRIBUTES: readonly Attribute[] = [
  'bytes',
  'ttlMs',
  'state',
  'label.l',
  'body.b',
  'claim.t',
  'claim.n',
  'claim.b',
  'claim.u',
]
const OPERATOR_NAMES = Object.keys(OPERATORS).filter((name): name is Operator => name in OPERATORS)

const who = fc.constantFrom(
  ...([
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
  ] as const),
)
const scalar = fc.constantFrom<string | number | boolean>('x', 'y', '', 0, -0, 5, 6, true, false)

const condition: fc.Arbitrary<Condition> = fc
  .tuple(
    fc.constantFrom(...ATTRIBUTES),
    fc.constantFrom(...OPERATOR_NAMES),
    scalar,
    fc.constantFrom(['x', 'z'], [5, 0]),
  )
  .filter(([attribute, is, value, list]) => {
    const types: readonly string[] = typesOfAttribute(attribute) ?? []
    if (OPERATORS[is] === 'list') return types.includes(typeof list[0])
    return types.includes(typeof value) && (OPERATORS[is] !== 'number' || typeof value === 'number')
  })
  .map(([attribute, is, value, list]) => {
    if (OPERATORS[is] === 'none') return { attribute, is }
    return { attribute, is, value: OPERATORS[is] === 'list' ? list : value }
  })

const rule = fc
  .record({
    effect: fc.constantFrom('allow' as const, 'allow' as const, 'deny' as const),
    verbs: fc.uniqueArray(fc.constantFrom(...VERBS), { maxLength: 3 }),
    on: fc.array(fc.constantFrom(...PATTERNS), { minLength: 1, maxLength: 3 }),
    contract: fc.option(fc.constantFrom(...CONTRACTS), { freq: 3 }),
    when: fc.option(fc.array(condition, { maxLength: 3 }), { nil: undefined }),
    who: fc.array(who, { minLength: 1, maxLength: 3 }),
    inbound: fc.boolean(),
  })
  .map(({ effect, verbs, on, contract, when, who, inbound }) => ({
    effect,
    // Both kinds of address can be met, so every pattern loads.
    verbs: [...new Set([...verbs, 'call' as const, ...(contract === null ? [] : (['initiate'] as const))])],
    on: contract === null ? on : [...on, contract],
    ...(when === undefined ? {} : { when }),
    ...(inbound ? { by: who } : { to: who }),
  }))

export const policyDocument = fc
  .record({
    rules: fc.array(rule, { maxLength: 8 }),
    outbound: fc.option(fc.constantFrom('allow' as const, 'deny' as const), { nil: undefined }),
    g: fc.subarray([alice, bob, 'role:ops', 'any'] as const, { maxLength: 2 }),
    h: fc.subarray(['role:dev', 'name:spiffe://x/bob', carol] as const),
  })
  .map(({ rules, outbound, g, h }) => ({
    version: 1 as const,
    groups: { g, h },
    rules: rules.map((each, index) => ({ id: `r${index}`, ...each })) as unknown as readonly Rule[],
    ...(outbound === undefined ? {} : { outbound }),
  }))

const attributes: fc.Arbitrary<Attributes> = fc.dictionary(
  fc.constantFrom('bytes', 'ttlMs', 'state', 'label.l', 'body.b', 'claim.u', 'claim.t'),
  fc.oneof(scalar, fc.constant(Number.NaN)),
)

export const question = fc.record({
  peer: fc.constantFrom(...PEERS),
  direction: fc.constantFrom('in' as const, 'in' as const, 'out' as const),
  verb: fc.constantFrom('call' as const, 'call' as const, 'call' as const, ...VERBS),
  address: fc.constantFrom(...ADDRESSES),
  attributes,
})
