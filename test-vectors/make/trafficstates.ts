import { EMPTY } from '../../src/bytes.js'
import { begin, bytesOf, credit, data, fault, reset, stop } from '../../src/kit/hostileframes.js'
import { FLAG } from '../../src/session/frames.js'
import type { TrafficItem } from '../schema.js'
import { CORE, fine, hexOfWire, type Over, type Play, type Refuse, record, wrong } from './trafficform.js'

/** Every frame of an exchange in every state of it: what may come there, and what may not. */

/** A state of an exchange, how it is come to, and what may come in it. */
export interface State {
  readonly name: string
  readonly exchange: number
  /** Bytes of bodies that the peer has sent in it. */
  readonly size: number
  readonly script: readonly TrafficItem[]
  readonly may: readonly string[]
  readonly over?: Over
}

/** A frame that is about an exchange, and the rule that it breaks where it may not come. */
export interface Said {
  readonly name: string
  readonly rule: string
  /** Only in these states, where others have nothing to add. */
  readonly among?: (state: State) => boolean
  readonly frame: (state: State) => Uint8Array
}

export const TWO = bytesOf(0x62, 0x61)
export const ONE = bytesOf(1)
const WINDOW = 262_144
const number = (operation: string): number => CORE.indexOf(operation)
const call = (over: object = {}): TrafficItem =>
  record(begin({ exchange: 1, operation: number('echo'), body: ONE, ...over }))
const held = record(begin({ exchange: 1, operation: number('never'), body: ONE }))
const note = record(begin({ exchange: 1, operation: number('note'), body: ONE }))
const own = (operation: string, body = '01'): TrafficItem => ({ act: 'begin', operation, body })
/** A message that goes in pieces, and waits for credit after the first. */
const long = hexOfWire('a'.repeat(8_000))
const small: Over = { peer: { sessionWindow: 4_096, exchangeWindow: 4_096 } }
const PAST = ['a CREDIT']

const THEIRS: readonly State[] = [
  { name: 'a call that was not begun', exchange: 1, size: 0, script: [], may: ['a BEGIN'] },
  {
    name: 'a call in pieces',
    exchange: 1,
    size: 2,
    script: [call({ flags: FLAG.more, body: TWO })],
    may: ['an end', 'a piece', 'an empty end', 'a RESET', 'a STOP'],
  },
  { name: 'a call with its handler', exchange: 1, size: 1, script: [held], may: ['a STOP'] },
  {
    name: 'a call that was answered',
    exchange: 1,
    size: 1,
    script: [call(), { act: 'reply', exchange: 1, body: '01' }],
    may: [...PAST, 'a STOP'],
  },
  {
    name: 'a call that was refused',
    exchange: 1,
    size: 1,
    script: [call({ body: bytesOf(0xff) })],
    may: [...PAST, 'a STOP'],
  },
  {
    name: 'a call that was reset in pieces',
    exchange: 1,
    size: 2,
    script: [record(begin({ exchange: 1, operation: number('echo'), flags: FLAG.more, body: TWO }), reset(1, 2))],
    may: [...PAST, 'a STOP'],
  },
  { name: 'a call that was stopped', exchange: 1, size: 1, script: [held, record(stop(1))], may: [] },
  {
    name: 'a one-way message in pieces',
    exchange: 1,
    size: 2,
    script: [record(begin({ exchange: 1, operation: number('note'), flags: FLAG.more, body: TWO }))],
    may: ['an end', 'a piece', 'an empty end', 'a RESET'],
  },
  { name: 'a one-way message with its handler', exchange: 1, size: 1, script: [note], may: PAST },
  {
    name: 'a one-way message that was taken',
    exchange: 1,
    size: 1,
    script: [note, { act: 'take', exchange: 1 }],
    may: PAST,
  },
]

const OWN: readonly State[] = [
  { name: 'an own call that was not begun', exchange: 2, size: 0, script: [], may: [] },
  {
    name: 'an own call that waits for its reply',
    exchange: 2,
    size: 0,
    script: [own('echo')],
    may: ['an end', 'a piece', 'an empty end', 'a FAULT', 'a denial'],
  },
  {
    name: 'an own call in pieces',
    exchange: 2,
    size: 0,
    script: [own('echo', long)],
    may: ['a FAULT', 'a denial', 'a small CREDIT'],
    over: small,
  },
  {
    name: 'an own call of which the reply is in pieces',
    exchange: 2,
    size: 2,
    script: [own('echo'), record(data(2, TWO, FLAG.more))],
    may: ['an end', 'a piece', 'an empty end', 'a FAULT', 'a denial'],
  },
  {
    name: 'an own call that was answered',
    exchange: 2,
    size: 1,
    script: [own('echo'), record(data(2, ONE))],
    may: PAST,
  },
  {
    name: 'an own call that failed',
    exchange: 2,
    size: 0,
    script: [own('echo'), record(fault(2, 'call/cancelled'))],
    may: PAST,
  },
  {
    name: 'an own call that was given up',
    exchange: 2,
    size: 0,
    script: [own('echo'), { act: 'cancel', exchange: 2 }],
    may: ['an end', 'a piece', 'an empty end', 'a FAULT', 'a denial'],
  },
  {
    name: 'an own one-way message that has gone',
    exchange: 2,
    size: 0,
    script: [own('note')],
    may: [...PAST, 'a denial'],
  },
  {
    name: 'an own one-way message that was refused',
    exchange: 2,
    size: 0,
    script: [own('note'), record(fault(2, 'policy/denied'))],
    may: PAST,
  },
  {
    name: 'an own one-way message in pieces',
    exchange: 2,
    size: 0,
    script: [own('note', long)],
    may: ['a denial', 'a small CREDIT'],
    over: small,
  },
]

/** Whether a DATA can come at all. */
export const takesData = ({ may }: State): boolean => may.includes('an end')
const isOwn = ({ exchange }: State): boolean => exchange === 2
const isOneWay = ({ name }: State): boolean => name.includes('one-way') && !name.includes('in pieces')
const isInPieces = ({ over }: State): boolean => over === small

const SAID: readonly Said[] = [
  {
    name: 'a BEGIN',
    rule: 'SE-44',
    among: ({ exchange }) => exchange === 1,
    frame: ({ exchange }) => begin({ exchange, operation: number('echo'), body: ONE }),
  },
  { name: 'an end', rule: 'SE-39', frame: ({ exchange }) => data(exchange, ONE) },
  { name: 'a piece', rule: 'SE-39', frame: ({ exchange }) => data(exchange, ONE, FLAG.more) },
  { name: 'an empty end', rule: 'SE-39', frame: ({ exchange }) => data(exchange, EMPTY) },
  {
    name: 'an empty piece',
    rule: 'SE-39',
    among: takesData,
    frame: ({ exchange }) => data(exchange, EMPTY, FLAG.more),
  },
  { name: 'an empty DATA', rule: 'SE-39', among: takesData, frame: ({ exchange }) => data(exchange, EMPTY, 0) },
  {
    name: 'the end of a message and not of its direction',
    rule: 'SE-64',
    among: takesData,
    frame: ({ exchange }) => data(exchange, ONE, 0),
  },
  { name: 'a FAULT', rule: 'SE-35', frame: ({ exchange }) => fault(exchange, 'call/cancelled') },
  { name: 'a denial', rule: 'SE-35', among: isOwn, frame: ({ exchange }) => fault(exchange, 'policy/denied') },
  { name: 'a RESET', rule: 'SE-36', frame: ({ exchange, size }) => reset(exchange, size) },
  {
    name: 'a RESET of a byte less',
    rule: 'SE-36',
    among: ({ may }) => may.includes('a RESET'),
    frame: ({ exchange, size }) => reset(exchange, size - 1),
  },
  {
    name: 'a RESET of a byte more',
    rule: 'SE-36',
    among: ({ may }) => may.includes('a RESET'),
    frame: ({ exchange, size }) => reset(exchange, size + 1),
  },
  // That a STOP is for a one-way message cannot be seen of one that is past.
  {
    name: 'a STOP',
    rule: 'SE-37',
    among: (state) => isOwn(state) || !isOneWay(state),
    frame: ({ exchange }) => stop(exchange),
  },
  {
    name: 'a CREDIT',
    rule: 'SE-51',
    among: (state) => !isInPieces(state),
    frame: ({ exchange }) => credit(exchange, WINDOW + WINDOW / 4),
  },
  {
    name: 'a small CREDIT',
    rule: 'SE-51',
    among: isInPieces,
    frame: ({ exchange }) => credit(exchange, 4_096 + 1_024),
  },
  { name: 'a large CREDIT', rule: 'SE-51', among: isInPieces, frame: ({ exchange }) => credit(exchange, 16_384) },
]

/** Whatever may come in `states`, and whatever may not. */
export const crossed = (
  states: readonly State[],
  said: readonly Said[],
): { readonly accepted: readonly Play[]; readonly refused: readonly Refuse[] } => {
  const cells = states.flatMap((state) =>
    said.filter(({ among = () => true }) => among(state)).map((each) => ({ state, said: each })),
  )
  const scriptOf = (state: State, each: Said): TrafficItem[] => [...state.script, record(each.frame(state))]
  const may = ({ state, said: { name } }: (typeof cells)[number]): boolean => state.may.includes(name)
  return {
    accepted: cells
      .filter(may)
      .map(({ state, said: each }) => fine(each.rule, nameOf(state, each), scriptOf(state, each), state.over)),
    refused: cells
      .filter((cell) => !may(cell))
      .map(({ state, said: each }) =>
        wrong(each.rule, nameOf(state, each), 'session/malformed', scriptOf(state, each), state.over),
      ),
  }
}

const nameOf = (state: State, { name }: Said): string => `${name}, for ${state.name}`

export const stateCases = () => crossed([...THEIRS, ...OWN], SAID)
