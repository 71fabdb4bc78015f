import { exported, type Fields, type Json, no, type Refused, row } from './contractform.js'

/** Each member of an export, of each type that it must not have, left out, or one too many; schemas over their bounds. */
export const refusedTypes = (): Refused[] => [...types(), ...missing(), ...more(), ...schemas()]

const VALUES: readonly (readonly [type: string, name: string, value: Json])[] = [
  ['null', 'null', null],
  ['truth', 'true', true],
  ['number', '1', 1],
  ['text', 'a text', 'x'],
  ['list', 'a list', []],
  ['object', 'an object', {}],
]

interface At {
  readonly name: string
  readonly type: string
  readonly contract: (value: Json) => Json
}

const ofRow = (member: string, type: string): At => ({
  name: `${member} of a row`,
  type,
  contract: (value) => exported([row('requestResponse', { [member]: value })]),
})
const flowing = (value: Json): Json => exported([row('oneWay', { flow: value })])

const PLACES: readonly At[] = [
  { name: 'an export', type: 'object', contract: (value) => value },
  { name: 'the name', type: 'text', contract: (value) => exported([row('oneWay')], { name: value }) },
  { name: 'the operations', type: 'list', contract: (value) => exported(value) },
  { name: 'a row', type: 'object', contract: (value) => exported([value]) },
  ...['name', 'kind', 'subject'].map((member) => ofRow(member, 'text')),
  ...['faults', 'visible'].map((member) => ofRow(member, 'list')),
  ...['retain', 'idempotent'].map((member) => ofRow(member, 'truth')),
  ...['faults', 'visible'].map((member) => ({
    ...ofRow(member, 'text'),
    name: `one of ${member}`,
    contract: (value: Json) => exported([row('requestResponse', { [member]: [value] })]),
  })),
  { name: 'up of a stream', type: 'text', contract: (value) => exported([row('stream', { up: value })]) },
  { name: 'a flow', type: 'object', contract: flowing },
  { name: 'the key of a flow', type: 'text', contract: (value) => flowing({ key: value, steps: { start: 'end' } }) },
  { name: 'the steps of a flow', type: 'object', contract: (value) => flowing({ key: 'id', steps: value }) },
  { name: 'a step', type: 'text', contract: (value) => flowing({ key: 'id', steps: { start: value } }) },
  { name: 'schemas', type: 'object', contract: (value) => exported([row('requestResponse', { schemas: value })]) },
  {
    name: 'schemas of faults',
    type: 'object',
    contract: (value) => exported([row('requestResponse', { faults: ['Busy'], schemas: { faults: value } })]),
  },
]

const types = (): Refused[] =>
  PLACES.flatMap(({ name, type, contract }) =>
    VALUES.filter(([other]) => other !== type).map(([, what, value]) =>
      no('CO-32', `${name} that is ${what}`, contract(value)),
    ),
  )

const without = (fields: Fields, member: string): Fields => {
  const { [member]: _, ...others } = fields
  return others
}

const missing = (): Refused[] => [
  ...['name', 'operations'].map((member) =>
    no('CO-32', `an export without ${member}`, without({ name: 'a.v1', operations: [row('oneWay')] }, member)),
  ),
  ...['name', 'kind', 'subject', 'faults', 'visible', 'retain', 'idempotent'].map((member) =>
    no('CO-32', `a row without ${member}`, exported([without(row('oneWay'), member)])),
  ),
  ...['key', 'steps'].map((member) =>
    no('CO-32', `a flow without ${member}`, flowing(without({ key: 'id', steps: { start: 'end' } }, member))),
  ),
]

const more = (): Refused[] => [
  ...['version', 'flow', 'Name', '$schema'].map((member) =>
    no('CO-32', `an export with ${member}`, exported([row('oneWay')], { [member]: 'x' })),
  ),
  ...['deadline', 'Kind', 'request', 'digest'].map((member) =>
    no('CO-32', `a row with ${member}`, exported([row('oneWay', { [member]: 'x' })])),
  ),
  no('CO-32', 'a flow with states', flowing({ key: 'id', steps: { start: 'end' }, states: {} })),
  no(
    'CO-32',
    'a schema of a shape that a call has not',
    exported([row('requestResponse', { schemas: { message: {} } })]),
  ),
  no(
    'CO-32',
    'a schema of a shape that a one-way message has not',
    exported([row('oneWay', { schemas: { request: {} } })]),
  ),
  no(
    'CO-32',
    'a schema of a fault that is not declared',
    exported([row('requestResponse', { faults: ['Busy'], schemas: { faults: { Gone: {} } } })]),
  ),
]

const nested = (depth: number): Json => (depth === 0 ? {} : { items: nested(depth - 1) })

const schemas = (): Refused[] => {
  const of = (name: string, request: Json): Refused =>
    no('CO-40', name, exported([row('requestResponse', { schemas: { request } })]))
  return [
    of('a schema that is deeper than 64', nested(65)),
    of('a schema of over 10,000 values', { enum: Array.from({ length: 10_000 }, () => 0) }),
  ]
}
