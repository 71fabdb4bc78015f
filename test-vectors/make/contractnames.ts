import { exported, type Json, no, type Refused, row } from './contractform.js'

/** Names of contracts, operations, faults and fields that are none. */

const shown = (text: string): string => (text.length > 20 ? `of ${text.length} characters` : `'${text}'`)
const many = (count: number): string[] => Array.from({ length: count }, (_, at) => `n${1_000 + at}`)

export const refusedNames = (): Refused[] => [
  ...[
    '',
    'a',
    'v1',
    '.v1',
    'a.',
    'a..v1',
    'a.v0',
    'a.v01',
    'a.v',
    'a.V1',
    'a.v10000',
    'a.v1.b',
    'a.v1.v2',
    'A.v1',
    'aB.v1',
    '1a.v1',
    '-a.v1',
    'a_b.v1',
    'a b.v1',
    'é.v1',
    'a.v1 ',
    `${'x'.repeat(64)}.v1`,
    `${'abcdefghi.'.repeat(26)}v1`,
  ].map((name) => no('CO-1', `the name ${shown(name)}`, exported([row('oneWay')], { name }))),
  ...['sotto.v1', 'sotto.chat.v1'].map((name) =>
    no('CO-3', `the name ${shown(name)}`, exported([row('oneWay')], { name })),
  ),
]

const operation = (rule: string, name: string): Refused =>
  no(rule, `an operation ${shown(name)}`, exported([row('oneWay', { name })]))

export const refusedOperations = (): Refused[] => [
  no('CO-9', 'no operation', exported([])),
  no('CO-9', '257 operations', exported(many(257).map((name) => row('oneWay', { name })))),
  ...['Read', '1a', '-', 'a-b', 'a_b', 'a.b', 'a b', 'é', 'ré', 'a\n', 'x'.repeat(64)].map((name) =>
    operation('CO-4', name),
  ),
  ...['then', 'constructor', 'prototype', '__proto__', 'toJSON'].map((name) => operation('CO-5', name)),
  no('CO-16', 'operations that do not rise', exported(['b', 'a'].map((name) => row('oneWay', { name })))),
  no(
    'CO-16',
    'operations that rise by letters and not by bytes',
    exported(['aa', 'aB'].map((name) => row('oneWay', { name }))),
  ),
  no('CO-16', 'an operation twice', exported(['a', 'a'].map((name) => row('oneWay', { name })))),
  ...['', '1a', 'a-b', 'a_b', 'a b', 'a.b', 'é', 'x'.repeat(64)].map((fault) =>
    listed('CO-11', 'faults', `the fault ${shown(fault)}`, [fault]),
  ),
  listed('CO-11', 'faults', '65 faults', many(65)),
  ...['', 'a.b', 'a b', 'é', 'a/b', 'x'.repeat(65)].map((field) =>
    listed('CO-12', 'visible', `the visible field ${shown(field)}`, [field]),
  ),
  listed('CO-12', 'visible', '65 visible fields', many(65)),
  ...['__proto__', 'constructor', 'prototype'].map((field) =>
    listed('CO-13', 'visible', `the visible field ${shown(field)}`, [field]),
  ),
  ...(['faults', 'visible'] as const).flatMap((member) => [
    listed('CO-15', member, `${member} that do not rise`, ['b', 'a']),
    listed('CO-15', member, `${member} that rise by letters and not by bytes`, ['a', 'B']),
    listed('CO-15', member, `one of ${member} twice`, ['a', 'a']),
    listed('CO-15', member, `one of ${member} twice, apart`, ['a', 'b', 'a']),
  ]),
]

const listed = (rule: string, member: string, name: string, list: Json): Refused =>
  no(rule, name, exported([row('requestResponse', { [member]: list })]))
