import type { Vectors } from '../schema.js'
import { diffs } from './contractdiffs.js'
import { type Accepted, exported, flowing, KINDS, row, taken } from './contractform.js'
import { refusedNames, refusedOperations } from './contractnames.js'
import { refusedFlows, refusedRows } from './contractrows.js'
import { refusedTypes } from './contracttypes.js'

export const contractVectors = (): Vectors<'contracts'> => ({
  about:
    'Contracts as they are exported (spec/contract.md). accepted: `numbered` are the operations in the order of their numbers, `flow` the table that the rows tell of (spec/conversations.md), null if none has one. ' +
    'refused: what no contract exports; `path` is where this implementation finds the fault, empty if it is in the whole. ' +
    'diffs: in what rows of `theirs`, which is served, differ from those of `mine`, which is used, null where one has nothing, sorted by operation and then by field; `breaking` says whether who uses the one is refused by who serves the other; `schemas` is the same of documentation.',
  accepted: accepted(),
  refused: [...refusedNames(), ...refusedOperations(), ...refusedRows(), ...refusedFlows(), ...refusedTypes()],
  diffs: diffs(),
})

const many = (count: number, of: (at: number) => string): string[] => Array.from({ length: count }, (_, at) => of(at))
const numbered = (at: number): string => `n${1_000 + at}`

const accepted = (): Accepted[] => [
  ...KINDS.map((kind) => taken(`a ${kind}`, exported([row(kind)]))),
  ...['acme.billing.v12', 'a-1.v9999', `${'x'.repeat(63)}.v1`].map((name) =>
    taken(`the name ${name.length > 20 ? 'of 66 characters' : name}`, exported([row('oneWay')], { name })),
  ),
  ...['a', 'readAll2', 'x'.repeat(63)].map((name) =>
    taken(`an operation ${name.length > 20 ? 'of 63 characters' : name}`, exported([row('oneWay', { name })])),
  ),
  ...(['nothing', 'items', 'bytes'] as const).flatMap((up) =>
    (['nothing', 'items', 'bytes'] as const)
      .filter((down) => up !== 'nothing' || down !== 'items')
      .map((down) => taken(`a stream of ${up} up and ${down} down`, exported([row('stream', { up, down })]))),
  ),
  taken('64 faults', exported([row('requestResponse', { faults: many(64, numbered) })])),
  taken('64 visible fields', exported([row('oneWay', { visible: many(64, numbered) })])),
  taken('visible fields of every form', exported([row('oneWay', { visible: ['-', '0', 'A', '_', 'x'.repeat(64)] })])),
  taken('an idempotent call', exported([row('requestResponse', { idempotent: true })])),
  taken('a topic that retains', exported([row('topic', { retain: true })])),
  ...['{room}', 'a', '{room}.{sensor}', 'a.{b}.c', many(16, (at) => `{p${at}}`).join('.')].map((subject) =>
    taken(`a queue of ${subject.length > 20 ? '16 elements' : subject}`, exported([row('queue', { subject })])),
  ),
  taken('256 operations', exported(many(256, numbered).map((name) => row('oneWay', { name })))),
  taken('operations in the order of bytes', exported(['a', 'aB', 'aa', 'b'].map((name) => row('oneWay', { name })))),
  taken('a flow of two steps', flowing('id', { start: 'going' }, { going: 'end' })),
  taken('a flow that goes back', flowing('id', { start: 'going', going: 'start' }, { going: 'end' })),
  taken('a flow of one step', exported([row('oneWay', { flow: { key: 'k', steps: { start: 'end' } } })])),
  taken(
    'a flow beside an operation that is no step',
    exported([row('oneWay', { name: 'other' }), row('oneWay', { flow: { key: 'k', steps: { start: 'end' } } })]),
  ),
  taken(
    'schemas',
    exported([
      row('requestResponse', {
        faults: ['Busy'],
        schemas: { request: { type: 'string' }, response: true, faults: { Busy: {} } },
      }),
    ]),
  ),
]
