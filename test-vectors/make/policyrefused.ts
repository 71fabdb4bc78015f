import { refusedFields } from './policyfields.js'
import { document, type Fields, type Json, type RefusedCase, rule } from './policyform.js'
import { refusedValues } from './policyvalues.js'

/** Documents that do not load, each with one fault, and the place of it. */
export const refusedDocuments = (): RefusedCase[] => [
  ...documents(),
  ...groups(),
  ...rules(),
  ...patterns(),
  ...conditions(),
  ...limits(),
  ...refusedFields(),
  ...refusedValues(),
]

const bad = (requirement: string, name: string, path: string, policy: Json): RefusedCase => ({
  name,
  rule: requirement,
  path,
  policy,
})

/** A document of one rule, where `over` is the fault. */
const one = (requirement: string, name: string, path: string, over: Fields): RefusedCase =>
  bad(requirement, name, `rules[0]${path}`, document([rule('r', over)]))

/** A rule with one field less. */
const without = (name: string): Json => {
  const whole: Fields = { id: 'r', effect: 'allow', by: ['any'], verbs: ['call'], on: ['a.v1.read'] }
  return Object.fromEntries(Object.entries(whole).filter(([field]) => field !== name))
}

const documents = (): RefusedCase[] => [
  bad('PO-1', 'a list', '', []),
  bad('PO-1', 'null', '', null),
  bad('PO-1', 'a text', '', '{"version":1,"rules":[]}'),
  bad('PO-1', 'no version', 'version', { rules: [] }),
  bad('PO-1', 'another version', 'version', { version: 2, rules: [] }),
  bad('PO-1', 'a version that is a text', 'version', { version: '1', rules: [] }),
  bad('PO-1', 'no rules', 'rules', { version: 1 }),
  bad('PO-1', 'rules that are no list', 'rules', { version: 1, rules: {} }),
  bad('PO-1', 'a rule that is null', 'rules[0]', { version: 1, rules: [null] }),
  bad('PO-1', 'a rule that is a list', 'rules[1]', { version: 1, rules: [rule('r'), []] }),
  bad('PO-1', 'outbound of neither kind', 'outbound', { version: 1, rules: [], outbound: 'Deny' }),
  bad('PO-1', 'a schema that is no text', '$schema', { version: 1, rules: [], $schema: 1 }),
  bad('PO-4', 'a field that is not there', 'rule', { version: 1, rules: [], rule: [] }),
  bad('PO-4', 'a field in other letters', 'Outbound', { version: 1, rules: [], Outbound: 'deny' }),
  bad('PO-4', 'a field with a space', '?', { version: 1, rules: [], 'rules ': [] }),
  bad('PO-3', '1,025 characters of a text', '$schema', { version: 1, rules: [], $schema: 'x'.repeat(1_025) }),
  bad('PO-40', 'reveal of what is shown anyway', 'reveal[0]', { version: 1, rules: [], reveal: ['bytes'] }),
  bad('PO-11', 'reveal of what is no attribute', 'reveal[1]', { version: 1, rules: [], reveal: ['body.x', 'x'] }),
]

const groups = (): RefusedCase[] => {
  const of = (requirement: string, name: string, path: string, value: Json): RefusedCase =>
    bad(requirement, name, path, { version: 1, rules: [], groups: value })
  return [
    of('PO-1', 'groups that are a list', 'groups', []),
    of('PO-1', 'members that are no list', 'groups.staff', { staff: 'any' }),
    of('PO-1', 'a member that is no who', 'groups.staff[1]', { staff: ['any', 'everybody'] }),
    of('PO-1', 'a group in a group', 'groups.staff[0]', { staff: ['group:all'], all: ['any'] }),
    of('PO-1', 'a group of an odd name', 'groups.?', { 'a b': [] }),
    of('PO-5', 'a group of a reserved name', 'groups.constructor', { constructor: [] }),
  ]
}

const rules = (): RefusedCase[] => [
  bad('PO-1', 'no id', 'rules[0].id', document([without('id')])),
  bad('PO-1', 'no effect', 'rules[0].effect', document([without('effect')])),
  bad('PO-1', 'no verbs', 'rules[0].verbs', document([without('verbs')])),
  bad('PO-1', 'no patterns', 'rules[0].on', document([without('on')])),
  bad('PO-1', 'neither by nor to', 'rules[0]', document([without('by')])),
  bad('PO-1', 'two rules of one id', 'rules[1].id', document([rule('r'), rule('r')])),
  one('PO-4', 'a misspelt field of a rule', '.whne', { whne: [] }),
  one('PO-1', 'an empty id', '.id', { id: '' }),
  one('PO-1', 'an id with a dot', '.id', { id: 'a.b' }),
  one('PO-1', 'an id of 65 characters', '.id', { id: 'x'.repeat(65) }),
  one('PO-1', 'an id that is a number', '.id', { id: 1 }),
  one('PO-5', 'a reserved id', '.id', { id: '__proto__' }),
  one('PO-5', 'another reserved id', '.id', { id: 'prototype' }),
  one('PO-1', 'an effect that is not there', '.effect', { effect: 'Allow' }),
  one('PO-1', 'no verb', '.verbs', { verbs: [] }),
  one('PO-1', 'a verb that is not there', '.verbs[0]', { verbs: ['read'] }),
  one('PO-1', 'a verb in capitals', '.verbs[1]', { verbs: ['call', 'Send'] }),
  one('PO-1', 'verbs that are a text', '.verbs', { verbs: 'call' }),
  one('PO-1', 'both by and to', '', { to: ['any'] }),
  one('PO-1', 'nobody', '.by', { by: [] }),
  one('PO-1', 'who that is a text', '.by', { by: 'any' }),
  one('PO-1', 'a who without its kind', '.by[0]', { by: ['bob'] }),
  one('PO-1', 'any in capitals', '.by[0]', { by: ['Any'] }),
  one('PO-1', 'a group that is not there', '.by[0]', { by: ['group:staff'] }),
  one('PO-1', 'a part of a peer id', '.by[0]', { by: ['sotto1qz85'] }),
  one('PO-1', 'a name with a space', '.by[0]', { by: ['name:a b'] }),
  one('PO-1', 'an empty role', '.by[0]', { by: ['role:'] }),
  one('PO-1', 'a role beyond ASCII', '.by[0]', { by: ['role:opé'] }),
  one('PO-1', 'a name of 256 characters', '.by[0]', { by: [`name:${'x'.repeat(256)}`] }),
]

const patterns = (): RefusedCase[] => {
  const on = (requirement: string, name: string, pattern: Json, verbs: Json = ['call']): RefusedCase =>
    one(requirement, name, '.on[0]', { verbs, on: [pattern] })
  return [
    one('PO-1', 'no pattern', '.on', { on: [] }),
    one('PO-1', 'a pattern that is a number', '.on[1]', { on: ['a.v1.read', 1] }),
    on('PO-6', 'nothing', ''),
    on('PO-6', 'an empty element', 'a..read'),
    on('PO-6', 'a dot behind it', 'a.v1.read.'),
    on('PO-6', 'a tail that is not last', 'a.>.b'),
    on('PO-6', 'a part of an element', 'a.v1.re*'),
    on('PO-6', 'two stars', 'a.v1.**'),
    on('PO-6', 'a space', 'a.v1.read '),
    on('PO-6', 'a letter beyond ASCII', 'a.v1.réad'),
    on('PO-6', 'a placeholder for nothing', 'a.v1.read.{}'),
    on('PO-6', 'a placeholder for the name', 'a.v1.read.{peer.name}'),
    on('PO-6', 'a placeholder with text around it', 'a.v1.read.x{claim.t}'),
    on('PO-6', 'a placeholder for a claim without name', 'a.v1.read.{claim.}'),
    on('PO-5', 'a placeholder for a reserved claim', 'a.v1.read.{claim.__proto__}'),
    on('PO-6', 'a brace that is not closed', 'a.v1.read.{claim.t'),
    on('PO-6', 'a token of 66 characters', `a.v1.read.${'x'.repeat(66)}`),
    on('PO-3', '1,025 characters', `a.v1.${'x'.repeat(1_020)}`),
    on('PO-7', 'a contract, for a call', 'a.v1'),
    on('PO-7', 'an operation, to initiate', 'a.v1.read', ['initiate']),
    on('PO-7', 'a contract without a version', 'a.b.c'),
    on('PO-7', 'a contract in capitals', 'A.v1.read'),
    on('PO-7', 'a reserved operation', 'a.v1.then'),
    on('PO-7', '17 tokens', `a.v1.read${'.*'.repeat(17)}`),
    on('PO-7', 'an id where an operation stands', 'a.v1.{peer.id}'),
    on('PO-7', 'four ids, which no address has room for', `a.v1.read${'.{peer.id}'.repeat(4)}`),
  ]
}

const conditions = (): RefusedCase[] => {
  const when = (requirement: string, name: string, path: string, condition: Json): RefusedCase =>
    one(requirement, name, `.when[0]${path}`, { when: [condition] })
  const is = (name: string, attribute: string, operator: string, value: Json): RefusedCase =>
    when('PO-12', name, '.value', { attribute, is: operator, value })
  return [
    one('PO-1', 'conditions that are no list', '.when', { when: {} }),
    one('PO-3', '33 conditions', '.when', {
      when: Array.from({ length: 33 }, () => ({ attribute: 'bytes', is: 'present' })),
    }),
    when('PO-1', 'a condition that is a text', '', 'bytes < 5'),
    when('PO-1', 'no attribute', '.attribute', { is: 'present' }),
    when('PO-1', 'no operator', '.is', { attribute: 'bytes', value: 5 }),
    when('PO-4', 'a misspelt field of a condition', '.vlaue', { attribute: 'bytes', is: 'eq', vlaue: 5 }),
    when('PO-11', 'an attribute that is not there', '.attribute', { attribute: 'size', is: 'eq', value: 1 }),
    when('PO-11', 'an attribute in other letters', '.attribute', { attribute: 'ttlms', is: 'eq', value: 1 }),
    when('PO-11', 'a family without a name', '.attribute', { attribute: 'body.', is: 'present' }),
    when('PO-11', 'a field of a field', '.attribute', { attribute: 'body.a.b', is: 'present' }),
    when('PO-5', 'a reserved field', '.attribute', { attribute: 'body.__proto__', is: 'present' }),
    when('PO-1', 'an operator that is not there', '.is', { attribute: 'bytes', is: '<', value: 5 }),
    when('PO-1', 'an operator that objects have', '.is', { attribute: 'bytes', is: 'toString', value: 5 }),
    when('PO-12', 'a value for present', '', { attribute: 'suite', is: 'present', value: 'x' }),
    when('PO-12', 'a value for absent', '', { attribute: 'suite', is: 'absent', value: null }),
    when('PO-12', 'no value', '.value', { attribute: 'bytes', is: 'eq' }),
    is('null to be equal to', 'body.x', 'eq', null),
    is('a number for a text', 'suite', 'eq', 1),
    is('a text for a number', 'bytes', 'eq', '1'),
    is('a text to be less than', 'body.x', 'lt', 'm'),
    is('a boolean to be at least', 'body.x', 'ge', true),
    is('a list for eq', 'bytes', 'eq', [1]),
    is('a number for in', 'bytes', 'in', 1),
    is('an empty list', 'bytes', 'in', []),
    is('a list of both texts and numbers', 'body.x', 'in', [1, 'a']),
    when('PO-12', 'a list of booleans', '.value[0]', { attribute: 'body.x', is: 'in', value: [true] }),
    when('PO-12', 'a number in a list for a text', '.value[1]', { attribute: 'state', is: 'not-in', value: ['a', 1] }),
  ]
}

const limits = (): RefusedCase[] => {
  const limit = (name: string, path: string, value: Json): RefusedCase =>
    one('PO-1', name, `.limit${path}`, { limit: value })
  return [
    one('PO-27', 'a limit on a deny rule', '.limit', { effect: 'deny', limit: { perSecond: 1 } }),
    one('PO-4', 'a misspelt limit', '.limit.perMinute', { limit: { perMinute: 1 } }),
    limit('a limit of nothing', '', {}),
    limit('a limit that is a number', '', 5),
    limit('a rate of 0', '.perSecond', { perSecond: 0 }),
    limit('a rate below 0', '.perSecond', { perSecond: -1 }),
    limit('a rate that is a text', '.perSecond', { perSecond: '5' }),
    limit('a part of a byte', '.bytesPerSecond', { bytesPerSecond: 0.5 }),
    limit('half an exchange', '.concurrent', { concurrent: 1.5 }),
    limit('no exchange', '.concurrent', { concurrent: 0 }),
    one('PO-3', 'more than 10^12', '.limit.perSecond', { limit: { perSecond: 1_000_000_000_001 } }),
  ]
}
