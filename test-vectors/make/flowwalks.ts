import { EMPTY } from '../../src/bytes.js'
import { expectedIn, type Flow, nextState, START } from '../../src/contract/flow.js'
import { begin, cbor, data, reset, stop } from '../../src/kit/hostileframes.js'
import { FLAG } from '../../src/session/frames.js'
import type { TrafficItem, Vectors } from '../schema.js'
import { fine, type Play, record, WHOLE } from './trafficform.js'

type Walk = Vectors<'messaging'>['walks'][number]
type Refused = Vectors<'messaging'>['walksRefused'][number]
type Step = Walk['steps'][number]

/** Flows of different forms: a line, a loop, a door, two ways that meet. */
const FLOWS: readonly (readonly [name: string, flow: Flow])[] = [
  ['kit', { key: 'id', states: { start: { start: 'going' }, going: { go: 'going', finish: 'end' } } }],
  [
    'order',
    {
      key: 'orderId',
      states: { start: { place: 'quoted' }, quoted: { place: 'quoted', accept: 'end', decline: 'end' } },
    },
  ],
  [
    'door',
    {
      key: 'door',
      states: {
        start: { open: 'opened' },
        opened: { read: 'opened', lock: 'locked', close: 'end' },
        locked: { unlock: 'opened', close: 'end' },
      },
    },
  ],
  [
    'two ways',
    {
      key: 'k',
      states: {
        start: { left: 'one', right: 'two' },
        one: { right: 'both', back: 'start' },
        two: { left: 'both' },
        both: { commit: 'end', back: 'one' },
      },
    },
  ],
]

const step = (operation: string, over: Partial<Step> = {}): Step => ({ operation, key: 'a', ends: 'response', ...over })

export const walks = (): { readonly walks: Walk[]; readonly walksRefused: Refused[] } => {
  const all = FLOWS.flatMap(([name, flow]) => [...crossed(name, flow), ...turns(name, flow)])
  return {
    walks: all.filter((walk): walk is Walk => 'states' in walk),
    walksRefused: all.filter((walk): walk is Refused => 'code' in walk),
  }
}

/** Every operation in every state. */
const crossed = (name: string, flow: Flow): (Walk | Refused)[] =>
  Object.keys(flow.states).flatMap((state) =>
    operationsOf(flow).map((operation) =>
      walked('CV-11', `${operation} in ${state} of ${name}`, flow, [
        ...wayTo(flow, state).map((each) => step(each)),
        step(operation),
      ]),
    ),
  )

const turns = (name: string, flow: Flow): (Walk | Refused)[] => {
  const way = wayToEnd(flow)
  const [first = ''] = way
  const last = way.at(-1) ?? ''
  const steps = way.map((each) => step(each))
  return [
    walked('CV-13', `${first} behind the end of ${name}`, flow, [...steps, step(first)]),
    walked('CV-13', `${last} twice at the end of ${name}`, flow, [...steps, step(last)]),
    walked('CV-9', `${first} of another conversation of ${name}`, flow, [step(first), step(first, { key: 'b' })]),
    walked('CV-9', `${last} of a conversation of ${name} that was not begun`, flow, [
      ...steps.slice(0, -1),
      step(last, { key: 'b' }),
    ]),
    walked('CV-11', `${first} of ${name} behind one that failed`, flow, [
      step(first, { ends: 'failure' }),
      step(first),
    ]),
    walked('CV-11', `${last} of ${name} behind one that failed`, flow, [
      ...steps.slice(0, -1),
      step(last, { ends: 'failure' }),
      step(last),
    ]),
    walked('CV-11', `${way[1] ?? last} of ${name} behind a first step that failed`, flow, [
      step(first, { ends: 'failure' }),
      step(way[1] ?? last),
    ]),
  ]
}

const operationsOf = ({ states }: Flow): string[] => [...new Set(Object.values(states).flatMap(Object.keys))].sort()

/** The fewest steps from the start to a state. */
const wayTo = (flow: Flow, state: string): readonly string[] => {
  const ways: { readonly at: string; readonly way: readonly string[] }[] = [{ at: START, way: [] }]
  // A list that is iterated gives what is added meanwhile.
  for (const { at, way } of ways) {
    if (at === state) return way
    for (const [operation, next] of Object.entries(flow.states[at] ?? {}))
      if (!ways.some((other) => other.at === next)) ways.push({ at: next, way: [...way, operation] })
  }
  throw new TypeError(`expected a way to ${state}`)
}

const wayToEnd = (flow: Flow): readonly string[] => wayTo(flow, 'end')

/** By the table alone: where each conversation is, a key each. */
const walked = (rule: string, name: string, flow: Flow, steps: readonly Step[]): Walk | Refused => {
  const at = new Map<string, string>()
  const states: string[] = []
  for (const [index, { operation, key, ends }] of steps.entries()) {
    const state = at.get(key) ?? START
    const next = nextState(flow, state, operation)
    if (next === undefined) {
      if (index < steps.length - 1) throw new TypeError(`${name}: expected the last step to be refused alone`)
      return {
        name,
        code: 'flow/refused',
        rule,
        flow: plain(flow),
        steps: [...steps],
        state,
        expected: [...expectedIn(flow, state)],
      }
    }
    states.push(state)
    if (ends === 'response') at.set(key, next === 'end' ? START : next)
  }
  return { name, rule, flow: plain(flow), steps: [...steps], states }
}

const plain = ({ key, states }: Flow): Walk['flow'] => ({
  key,
  states: Object.fromEntries(Object.entries(states).map(([state, steps]) => [state, { ...steps }])),
})

const number = (operation: string): number => WHOLE.indexOf(operation)
const said = (exchange: number, operation: string, id = 'a', over: object = {}): Uint8Array =>
  begin({ exchange, operation: number(operation), body: cbor({ id }), ...over })
const reply = (exchange: number): TrafficItem => ({ act: 'reply', exchange, body: '01' })
const yes = (rule: string, name: string, ...script: TrafficItem[]): Play =>
  fine(rule, name, script, { operations: [...WHOLE] })
const under = (rules: readonly object[], rule: string, name: string, ...script: TrafficItem[]): Play =>
  fine(rule, name, script, {
    operations: [...WHOLE],
    policy: { version: 1, rules: rules.map((each) => ({ ...each })) },
  })

const CALLS = { id: 'all', effect: 'allow', by: ['any'], verbs: ['call'], on: ['>'] }
const ONLY_GOING = { ...CALLS, id: 'not', effect: 'deny', on: ['kit.v1.go'] }

/** What becomes of conversations whose steps are stopped, denied, reset or too late. */
const stepTurns = (): Play[] => [
  yes(
    'CV-7',
    'an operation that the flow does not name, between the steps',
    record(said(1, 'echo')),
    record(said(3, 'start')),
    reply(3),
    record(said(5, 'echo'), said(7, 'go')),
  ),
  yes(
    'CV-15',
    'a step behind one that nobody waits for',
    record(said(1, 'start')),
    record(stop(1)),
    reply(1),
    record(said(3, 'go')),
  ),
  yes(
    'CV-14',
    'a step that was let in behind one that failed then',
    record(said(1, 'start'), said(3, 'go')),
    { act: 'fault', exchange: 1, name: 'Refused', body: '' },
    reply(3),
    record(said(5, 'start')),
  ),
  yes(
    'CV-17',
    'a first step behind one that was reset in pieces',
    record(said(1, 'start', 'a', { flags: FLAG.more, body: cbor({ id: 'a' }).subarray(0, 3) }), reset(1, 3)),
    record(said(3, 'start')),
  ),
  under(
    [CALLS, { ...CALLS, id: 'not', effect: 'deny', when: [{ attribute: 'label.a', is: 'present' }] }],
    'CV-17',
    'a second step behind a first that was denied',
    record(said(1, 'start', 'a', { labels: { a: 'b' } })),
    record(said(3, 'go')),
    record(said(5, 'start')),
  ),
  under(
    [CALLS, { ...ONLY_GOING, when: [{ attribute: 'state', is: 'ne', value: 'going' }] }],
    'SE-154',
    'a step that rules deny in the state that its conversation is in, and that could not come in it',
    record(said(1, 'go')),
  ),
  under(
    [CALLS, { ...ONLY_GOING, when: [{ attribute: 'state', is: 'eq', value: 'going' }] }],
    'SE-154',
    'a step that rules deny in the state that its conversation is in',
    record(said(1, 'start')),
    reply(1),
    record(said(3, 'go'), said(5, 'finish')),
  ),
  under(
    [CALLS, { ...ONLY_GOING, when: [{ attribute: 'state', is: 'ne', value: 'going' }] }],
    'CV-10',
    'a step that rules allow in the state that one before it leads to',
    record(said(1, 'start'), said(3, 'go')),
    reply(1),
    reply(3),
  ),
  under(
    [{ ...CALLS, limit: { perSecond: 1 } }],
    'SE-155',
    'a step that may not come now, and two behind it, where one a second may come',
    record(said(1, 'go')),
    record(said(3, 'start')),
    record(said(5, 'go')),
  ),
  under(
    [{ ...CALLS, limit: { concurrent: 1 } }],
    'SE-155',
    'a step that may not come now, where one may be open, and two behind it',
    record(said(1, 'go')),
    record(said(3, 'start')),
    record(said(5, 'go')),
  ),
]

/** Steps as they come in frames. */
export const stepFrames = (): Play[] => {
  const keyed = (name: string, body: Uint8Array): Play =>
    yes('CV-8', `a step with ${name}`, record(begin({ exchange: 1, operation: number('start'), body })))
  return [
    yes(
      'CV-11',
      'a whole conversation',
      record(said(1, 'start')),
      reply(1),
      record(said(3, 'go')),
      reply(3),
      record(said(5, 'finish')),
      reply(5),
    ),
    yes('CV-11', 'a step that may not come first', record(said(1, 'go'))),
    yes('CV-11', 'a first step once more', record(said(1, 'start')), reply(1), record(said(3, 'start'))),
    yes('CV-11', 'a first step once more, before the answer', record(said(1, 'start'), said(3, 'start'))),
    yes(
      'CV-12',
      'three steps at once',
      record(said(1, 'start'), said(3, 'go'), said(5, 'finish')),
      reply(1),
      reply(3),
      reply(5),
    ),
    yes(
      'CV-13',
      'a first step behind the last',
      record(said(1, 'start'), said(3, 'finish')),
      reply(1),
      reply(3),
      record(said(5, 'start')),
    ),
    yes(
      'CV-13',
      'a first step behind the last, before the answers',
      record(said(1, 'start'), said(3, 'finish'), said(5, 'start')),
    ),
    yes(
      'CV-9',
      'two conversations',
      record(said(1, 'start'), said(3, 'start', 'b')),
      reply(3),
      record(said(5, 'go', 'b')),
    ),
    yes(
      'CV-9',
      'a step of a conversation that was not begun beside one that was',
      record(said(1, 'start')),
      reply(1),
      record(said(3, 'go', 'b')),
    ),
    yes(
      'CV-11',
      'a step behind one that failed',
      record(said(1, 'start')),
      { act: 'fault', exchange: 1, name: 'Refused', body: '' },
      record(said(3, 'go')),
    ),
    ...stepTurns(),
    keyed('the longest key', cbor({ id: 'k'.repeat(255) })),
    keyed('a key of 256 bytes', cbor({ id: 'k'.repeat(256) })),
    keyed('a key of 128 characters in 256 bytes', cbor({ id: 'é'.repeat(128) })),
    keyed('an empty key', cbor({ id: '' })),
    keyed('a key that is a number', cbor({ id: 1 })),
    keyed('a key that is null', cbor({ id: null })),
    keyed('a key that is bytes', cbor({ id: Uint8Array.of(0x61) })),
    keyed('another member alone', cbor({ Id: 'a' })),
    keyed('a list', cbor(['a'])),
    keyed('a text', cbor('a')),
    keyed('no body', EMPTY),
    yes(
      'CV-8',
      'a step in pieces whose key is no text',
      record(
        begin({ exchange: 1, operation: number('start'), flags: FLAG.more, body: cbor({ id: 1 }).subarray(0, 3) }),
      ),
      record(data(1, cbor({ id: 1 }).subarray(3))),
    ),
  ]
}
