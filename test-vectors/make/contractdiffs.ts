import { contractChanges } from '../../src/contract/changes.js'
import { parseContract } from '../../src/contract/exported.js'
import type { Vectors } from '../schema.js'
import { exported, type Fields, type Json, type Kind, row } from './contractform.js'

type Diff = Vectors<'contracts'>['diffs'][number]

/** What is used beside what is served: every field of a row, and rows that one of them has alone. */
export const diffs = (): Diff[] => [
  of('the same twice', 'oneWay', {}, {}),
  of('another kind', 'oneWay', {}, row('requestResponse')),
  of('a fault more', 'requestResponse', {}, { faults: ['Busy'] }),
  of('a fault less', 'requestResponse', { faults: ['Busy', 'Gone'] }, { faults: ['Gone'] }),
  of('a visible field more', 'oneWay', {}, { visible: ['level'] }),
  of('another subject', 'topic', { subject: '{room}' }, { subject: '{room}.{sensor}' }),
  of('another name of a parameter', 'topic', { subject: '{room}' }, { subject: '{place}' }),
  of('a topic that retains', 'topic', {}, { retain: true }),
  of('an idempotent call', 'requestResponse', {}, { idempotent: true }),
  of('bytes up', 'stream', {}, { up: 'bytes' }),
  of('nothing down', 'stream', {}, { down: 'nothing' }),
  of('a step', 'oneWay', {}, { flow: { key: 'id', steps: { start: 'end' } } }),
  of('a step that leads elsewhere', 'oneWay', step('end'), step('start')),
  of('another key', 'oneWay', step('end', 'a'), step('end', 'b')),
  of('two fields', 'requestResponse', {}, { idempotent: true, visible: ['a'] }),
  of('a schema', 'oneWay', { schemas: { message: { type: 'string' } } }, { schemas: { message: { type: 'number' } } }),
  of('a schema of a fault', 'requestResponse', fault({}), fault({ type: 'string' })),
  of(
    'members of a schema in another order',
    'oneWay',
    { schemas: { message: { a: 1, b: 2 } } },
    { schemas: { message: { b: 2, a: 1 } } },
  ),
  between('an operation that is served alone', [row('oneWay')], [row('oneWay'), row('oneWay', { name: 'tell' })]),
  between('an operation that is used alone', [row('oneWay'), row('oneWay', { name: 'tell' })], [row('oneWay')]),
  between('an operation under another name', [row('oneWay')], [row('oneWay', { name: 'readAll' })]),
  between(
    'fields of two operations and an operation more',
    [row('topic', { subject: 'a' }), row('oneWay', { name: 'tell' })],
    [
      row('oneWay', { name: 'note' }),
      row('topic', { subject: 'b', retain: true }),
      row('oneWay', { name: 'tell', visible: ['a'] }),
    ],
  ),
  between('another name of the contract', [row('oneWay')], [row('oneWay')], { name: 'a.v2' }),
]

const step = (next: string, key = 'id'): Fields => ({
  flow: { key, steps: next === 'end' ? { start: 'end' } : { start: next } },
})
const fault = (schema: Fields): Fields => ({ faults: ['Busy'], schemas: { faults: { Busy: schema } } })

const of = (name: string, kind: Kind, mine: Fields, theirs: Fields): Diff =>
  between(name, [row(kind, mine)], [row(kind, theirs)])

const between = (name: string, mine: Json, theirs: Json, over: Fields = {}): Diff => {
  const [used, served] = [exported(mine), exported(theirs, over)]
  const changes = contractChanges(parseContract(used), parseContract(served))
    .map((change) => ({
      operation: change.operation ?? null,
      field: change.field,
      mine: jsonOf(change.mine),
      theirs: jsonOf(change.theirs),
      breaking: change.breaking,
    }))
    .toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
  const rows = changes.filter((change): change is Diff['changes'][number] => change.breaking !== 'maybe')
  const schemas = changes.filter((change): change is Diff['schemas'][number] => change.breaking === 'maybe')
  return { name, rule: 'CO-41', mine: used, theirs: served, changes: rows, schemas }
}

/** The contract first, then by operation and field. */
const keyOf = ({ operation, field }: Pick<Diff['changes'][number], 'operation' | 'field'>): string =>
  `${operation ?? ''} ${field}`

/** As it is written down, null for what is not there. */
const jsonOf = (value: unknown): Json => (value === undefined ? null : JSON.parse(JSON.stringify(value)))
