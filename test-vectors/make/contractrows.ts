import { exported, type Fields, flowing, KINDS, type Kind, no, type Refused, row } from './contractform.js'

/** Rows that have what their kind has not, templates that are none, and flows that do not fit. */

const shown = (text: string): string =>
  text.length > 24 ? `${text.slice(0, 8)}... of ${text.length} characters` : `'${text}'`
const but = (...kinds: readonly Kind[]): readonly Kind[] => KINDS.filter((kind) => !kinds.includes(kind))
const one = (rule: string, name: string, kind: Kind, over: Fields): Refused =>
  no(rule, name, exported([row(kind, over)]))

export const refusedRows = (): Refused[] => [
  ...['', 'call', 'RequestResponse', 'requestresponse', 'rpc', 'event', 'subscribe', 'toString'].map((kind) =>
    no('CO-14', `the kind '${kind}'`, exported([{ ...row('oneWay'), kind }])),
  ),
  ...but('topic', 'queue').map((kind) => one('CO-18', `a ${kind} with a subject`, kind, { subject: '{a}' })),
  ...but('topic').map((kind) => one('CO-18', `a ${kind} that retains`, kind, { retain: true })),
  ...but('requestResponse').flatMap((kind) => [
    one('CO-19', `a ${kind} with a fault`, kind, { faults: ['Busy'] }),
    one('CO-19', `an idempotent ${kind}`, kind, { idempotent: true }),
  ]),
  ...but('stream').flatMap((kind) => [
    one('CO-30', `a ${kind} with items up`, kind, { up: 'items' }),
    one('CO-30', `a ${kind} with nothing down`, kind, { down: 'nothing' }),
  ]),
  ...(['up', 'down'] as const).flatMap((way) => {
    const { [way]: _, ...others } = row('stream')
    return [
      no('CO-30', `a stream without ${way}`, exported([others])),
      ...['', 'item', 'Items', 'text', 'both'].map((carries) =>
        one('CO-30', `a stream of '${carries}' ${way}`, 'stream', { [way]: carries }),
      ),
    ]
  }),
  ...templates(),
]

const TEMPLATES = [
  '.',
  '.a',
  'a.',
  'a..b',
  'a b',
  'é',
  '*',
  '{a}.*',
  '>',
  '{',
  '}',
  '{}',
  '{a',
  'a}',
  '{{a}}',
  '{A}',
  '{1a}',
  '{a-b}',
  '{a_b}',
  '{a b}',
  '{a.b}',
  'x{a}',
  '{a}x',
  '{a}{b}',
  '{a}.{a}',
  '{a}.{b}.{a}',
  `{${'x'.repeat(64)}}`,
  'x'.repeat(66),
  'a.'.repeat(16).concat('a'),
] as const

const templates = (): Refused[] => [
  ...TEMPLATES.map((subject) => one('CO-33', `a topic with the template ${shown(subject)}`, 'topic', { subject })),
  ...['{}', '{a}.{a}', '*'].map((subject) =>
    one('CO-33', `a queue with the template ${shown(subject)}`, 'queue', { subject }),
  ),
  no(
    'CO-36',
    'a template of which no subject fits in an address',
    exported([row('topic', { subject: Array.from({ length: 10 }, () => 'x'.repeat(25)).join('.') })]),
  ),
]

const many = (count: number, of: (at: number) => string): string[] => Array.from({ length: count }, (_, at) => of(at))

export const refusedFlows = (): Refused[] => [
  no('CV-1', 'a flow without a start', flowing('id', { begun: 'going' }, { going: 'end' })),
  ...['Going', 'a-b', 'a b', '1a', '', 'then', 'constructor', 'toJSON', 'end', 'x'.repeat(64)].map((state) =>
    no(
      'CV-1',
      `a state ${shown(state)}`,
      flowing('id', { start: state === 'end' ? 'end' : state }, { [state]: 'end' }),
    ),
  ),
  no('CV-2', 'a step that leads nowhere', flowing('id', { start: 'going' }, { start: 'gone' })),
  no('CV-2', 'a state that no step leads to', flowing('id', { start: 'end' }, { going: 'end' })),
  no('CV-2', 'two states that lead to each other alone', flowing('id', { start: 'end', one: 'two' }, { two: 'one' })),
  ...(['stream', 'topic', 'queue'] as const).map((kind) =>
    no('CV-3', `a step that is a ${kind}`, exported([row(kind, { flow: { key: 'id', steps: { start: 'end' } } })])),
  ),
  no(
    'CV-3',
    'a step named state',
    exported([row('oneWay', { name: 'state', flow: { key: 'id', steps: { start: 'end' } } })]),
  ),
  ...['', 'a.b', 'a b', 'é', '__proto__', 'constructor', 'prototype', 'x'.repeat(65)].map((key) =>
    no('CV-4', `the key ${shown(key)}`, flowing(key, { start: 'going' }, { going: 'end' })),
  ),
  no(
    'CV-5',
    '65 states',
    flowing(
      'id',
      Object.fromEntries([
        ['start', 's1'],
        ...many(64, (at) => `s${at + 1}`).map((state, at) => [state, at < 63 ? `s${at + 2}` : 'end']),
      ]),
      { start: 'end' },
    ),
  ),
  no(
    'CV-5',
    '65 steps of a state',
    exported(
      many(65, (at) => `n${1_000 + at}`).map((name) =>
        row('oneWay', { name, flow: { key: 'id', steps: { start: 'end' } } }),
      ),
    ),
  ),
  no('CV-6', 'a step of no state', flowing('id', { start: 'end' }, {})),
  no(
    'CV-6',
    'steps of two keys',
    exported([
      row('oneWay', { flow: { key: 'a', steps: { start: 'going' } } }),
      row('oneWay', { name: 'stop', flow: { key: 'b', steps: { going: 'end' } } }),
    ]),
  ),
]
