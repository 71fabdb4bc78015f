import { EMPTY } from '../../src/bytes.js'
import { begin, bytesOf, credit, data, fault, reset, stop } from '../../src/kit/hostileframes.js'
import { FLAG } from '../../src/session/frames.js'
import type { TrafficItem } from '../schema.js'
import { type Cases, record, WHOLE } from './trafficform.js'
import { crossed, type Said, type State } from './trafficstates.js'

/** Every frame of a stream, and of what stands, in every state of it. */

const ONE = bytesOf(1)
const TWO = bytesOf(0x62, 0x61)
const MESSAGING = { operations: [...WHOLE] }
const number = (operation: string): number => WHOLE.indexOf(operation)
const begun = (operation: string, flags = 0, over: object = {}): TrafficItem =>
  record(begin({ exchange: 1, operation: number(operation), flags, body: ONE, ...over }))
const own = (operation: string, over: object = {}): TrafficItem => ({ act: 'begin', operation, body: '01', ...over })
const act = (name: 'end' | 'cancel', exchange: number): TrafficItem => ({ act: name, exchange })

const ITEMS = ['an item', 'a piece', 'an end', 'an empty end']
const CHUNKS = ['an item', 'an end', 'an empty end']
const FAILS = ['a FAULT', 'a denial']

type Way = Omit<State, 'exchange' | 'size'>

const theirs = (size: number, { name, script, may }: Way): State => ({
  name,
  exchange: 1,
  size,
  script,
  may,
  over: MESSAGING,
})
const mine = (size: number, { name, script, may }: Way): State => ({
  name,
  exchange: 2,
  size,
  script,
  may,
  over: MESSAGING,
})

const THEIRS: readonly State[] = [
  theirs(2, {
    name: 'a stream whose request is in pieces',
    script: [begun('collect', FLAG.more, { body: TWO })],
    may: [...ITEMS, 'a RESET', 'a STOP'],
  }),
  theirs(1, { name: 'an open stream', script: [begun('collect')], may: [...ITEMS, 'a RESET', 'a STOP'] }),
  theirs(3, {
    name: 'a stream with an item in pieces',
    script: [begun('collect'), record(data(1, TWO, FLAG.more))],
    may: [...ITEMS, 'a RESET', 'a STOP'],
  }),
  theirs(1, {
    name: 'a stream whose peer has ended its direction',
    script: [begun('collect', FLAG.end)],
    may: ['a STOP'],
  }),
  theirs(1, {
    name: 'a stream that its serving end has ended',
    script: [begun('collect'), act('end', 1)],
    may: [...ITEMS, 'a RESET', 'a STOP'],
  }),
  theirs(1, {
    name: 'a stream that both ends have ended',
    script: [begun('collect', FLAG.end), act('end', 1)],
    may: ['a STOP', 'a CREDIT'],
  }),
  theirs(1, {
    name: 'a stream that was stopped',
    script: [begun('collect'), record(stop(1))],
    may: [...ITEMS, 'a RESET'],
  }),
  theirs(1, { name: 'a stream that was reset', script: [begun('collect'), record(reset(1, 1))], may: ['a STOP'] }),
  theirs(2, {
    name: 'a stream of which an item was refused',
    script: [begun('collect'), record(data(1, bytesOf(0xff), 0))],
    may: [...ITEMS, 'a RESET', 'a STOP'],
  }),
  theirs(1, { name: 'a stream that takes nothing', script: [begun('count', FLAG.end)], may: ['a STOP'] }),
  theirs(1, { name: 'a stream of bytes', script: [begun('pour')], may: [...CHUNKS, 'a RESET', 'a STOP'] }),
  theirs(1, {
    name: 'a subscription of the peer',
    script: [begun('news', 0, { subject: 'a', standing: true })],
    may: [...ITEMS, 'a RESET', 'a STOP'],
  }),
  theirs(1, {
    name: 'a consumer of the peer whose direction has ended',
    script: [begun('work', FLAG.end, { subject: 'a', standing: true })],
    may: ['a STOP'],
  }),
]

const OWN: readonly State[] = [
  mine(0, { name: 'an own stream', script: [own('collect')], may: [...ITEMS, ...FAILS, 'a STOP'] }),
  mine(2, {
    name: 'an own stream with an item in pieces',
    script: [own('collect'), record(data(2, TWO, FLAG.more))],
    may: [...ITEMS, ...FAILS, 'a STOP'],
  }),
  mine(0, {
    name: 'an own stream whose own direction has ended',
    script: [own('collect'), act('end', 2)],
    may: [...ITEMS, ...FAILS, 'a STOP'],
  }),
  mine(1, {
    name: 'an own stream that its server has ended',
    script: [own('collect'), record(data(2, EMPTY))],
    may: [],
  }),
  mine(0, {
    name: 'an own stream of which no more is taken',
    script: [own('collect'), record(stop(2))],
    may: [...ITEMS, ...FAILS],
  }),
  mine(0, {
    name: 'an own stream that failed',
    script: [own('collect'), record(fault(2, 'call/cancelled'))],
    may: ['a CREDIT'],
  }),
  mine(0, {
    name: 'an own stream that was given up',
    script: [own('collect'), act('cancel', 2)],
    may: [...ITEMS, ...FAILS, 'a STOP'],
  }),
  mine(0, { name: 'an own stream that sends nothing', script: [own('count')], may: [...ITEMS, ...FAILS] }),
  mine(0, { name: 'an own stream of bytes', script: [own('pour')], may: [...CHUNKS, ...FAILS, 'a STOP'] }),
  mine(0, {
    name: 'an own subscription',
    script: [own('news', { subject: 'a', standing: true })],
    may: [...ITEMS, ...FAILS, 'a STOP'],
  }),
  mine(1, {
    name: 'an own consumer that its server has ended',
    script: [own('work', { subject: 'a', standing: true }), record(data(2, EMPTY))],
    may: [],
  }),
]

const isBytes = ({ name }: State): boolean => name.endsWith('of bytes')
const takesData = ({ may }: State): boolean => may.includes('an end')
const takesReset = ({ may }: State): boolean => may.includes('a RESET')

const SAID: readonly Said[] = [
  { name: 'an item', rule: 'SE-39', frame: ({ exchange }) => data(exchange, ONE, 0) },
  {
    name: 'a piece',
    rule: 'SE-39',
    among: (state) => !isBytes(state),
    frame: ({ exchange }) => data(exchange, TWO, FLAG.more),
  },
  {
    name: 'a chunk in pieces',
    rule: 'SE-122',
    among: isBytes,
    frame: ({ exchange }) => data(exchange, TWO, FLAG.more),
  },
  { name: 'an end', rule: 'SE-39', frame: ({ exchange }) => data(exchange, ONE) },
  { name: 'an empty end', rule: 'SE-39', frame: ({ exchange }) => data(exchange, EMPTY) },
  { name: 'an empty item', rule: 'SE-39', among: takesData, frame: ({ exchange }) => data(exchange, EMPTY, 0) },
  {
    name: 'an empty piece',
    rule: 'SE-39',
    among: takesData,
    frame: ({ exchange }) => data(exchange, EMPTY, FLAG.more),
  },
  { name: 'a FAULT', rule: 'SE-35', frame: ({ exchange }) => fault(exchange, 'call/cancelled') },
  {
    name: 'a denial',
    rule: 'SE-35',
    among: ({ exchange }) => exchange === 2,
    frame: ({ exchange }) => fault(exchange, 'policy/denied'),
  },
  { name: 'a RESET', rule: 'SE-36', frame: ({ exchange, size }) => reset(exchange, size) },
  {
    name: 'a RESET of a byte less',
    rule: 'SE-36',
    among: takesReset,
    frame: ({ exchange, size }) => reset(exchange, size - 1),
  },
  {
    name: 'a RESET of a byte more',
    rule: 'SE-36',
    among: takesReset,
    frame: ({ exchange, size }) => reset(exchange, size + 1),
  },
  {
    name: 'a STOP',
    rule: 'SE-37',
    // Of what goes up where nothing does, nobody says whether it may be stopped.
    among: ({ name }) => !name.endsWith('sends nothing'),
    frame: ({ exchange }) => stop(exchange),
  },
  { name: 'a CREDIT', rule: 'SE-51', frame: ({ exchange }) => credit(exchange, 327_680) },
]

export const streamStateCases = (): Cases => crossed([...THEIRS, ...OWN], SAID)
