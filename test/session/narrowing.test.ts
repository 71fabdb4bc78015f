import { describe, expect, test } from 'vitest'
import { encode, type Wire } from '../../src/cbor.js'
import { type PolicyStore, policyStore } from '../../src/policy/store.js'
import type { Act } from '../../src/session/acts.js'
import type { EngineEvent } from '../../src/session/events.js'
import type { Exchange } from '../../src/session/exchange.js'
import { FLAG } from '../../src/session/frames.js'
import type { Arrived } from '../../src/session/narrowing.js'
import { read } from '../source.js'
import {
  act,
  begin,
  CALL,
  data,
  Flow,
  filled,
  NEWS,
  NOTE,
  Places,
  placed,
  Raw,
  Streams,
  stretch,
  TALK,
} from './wire.js'

const { more } = FLAG
const none = 0
const verbs = ['call', 'send', 'stream', 'publish', 'subscribe']
const X = { to: 'x' }

const when = (attribute: string, value: Wire) => [
  { attribute, is: 'present' },
  { attribute, is: 'eq', value },
]

/** All is allowed, both ways, but for what has this attribute. */
const allBut = (attribute: string, value: Wire) => ({
  version: 1,
  rules: [
    { id: 'all', effect: 'allow', by: ['any'], verbs, on: ['>'] },
    { id: 'not-in', effect: 'deny', by: ['any'], verbs, on: ['>'], when: when(attribute, value) },
    { id: 'not-out', effect: 'deny', to: ['any'], verbs, on: ['>'], when: when(attribute, value) },
  ],
})

const ALL = { version: 1, rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs, on: ['>'] }] }

/** A session of one engine with a peer that may say anything, and in it the exchange that is looked at. */
class Stage {
  readonly store: PolicyStore = policyStore(ALL)
  readonly raw: Raw
  exchange: Exchange | undefined

  constructor(peers: Readonly<Record<string, number>> = {}) {
    this.raw = new Raw({ policy: this.store }, peers, [Flow, Streams, Places])
  }

  begin(of: Act): this {
    this.exchange = this.raw.begin({ ...of, labels: X }).exchange
    return this
  }

  /** Takes up credit, or a place, with what no rule denies. */
  fill(...of: readonly Act[]): this {
    for (const each of of) this.raw.begin(each)
    return this.read()
  }

  /** The peer begins its exchange 1. */
  asked(operation: number, body: Uint8Array = encode('q'), flags: number = FLAG.end): this {
    this.raw.send(begin({ exchange: 1, operation, body, flags: flags | FLAG.labels, labels: X }))
    return this
  }

  /** The peer subscribes, in its exchange 1. */
  stands(): this {
    const operation = 5 + NEWS
    const body = encode({})
    const subject = 'of.*.*'
    this.raw.send(
      begin({ exchange: 1, operation, subject, standing: true, flags: none | FLAG.labels, labels: X, body }),
    )
    return this
  }

  deliver(...subjects: readonly string[]): this {
    for (const subject of subjects) {
      const value = { who: subject.includes('x') ? 'x' : 'z' }
      const delivery = { subject, item: encode([subject, false, 0, [null, value]]), bytes: 8, content: () => value }
      expect(this.raw.engine.deliver(this.begun, delivery, 0)).toBe(true)
    }
    return this
  }

  /** User code sees what has come. */
  see(): this {
    for (const event of this.raw.take()) {
      if (event.is !== 'message' && event.is !== 'item') continue
      expect(this.raw.engine.stands(event)).toBe(true)
      this.raw.engine.consumed(event)
      this.exchange = event.exchange
    }
    return this
  }

  item(...values: readonly Wire[]): this {
    for (const value of values) this.raw.engine.item(this.begun, value, 0)
    return this
  }

  /** What is framed has gone. */
  read(records?: number): this {
    this.raw.records(records)
    return this
  }

  get begun(): Exchange {
    if (this.exchange === undefined) throw new Error('expected an exchange')
    return this.exchange
  }

  /** A policy is put in force: the frames of the exchange and the events that come of it. `unseen` waits for user code. */
  swap(policy: object, unseen: readonly Arrived[]) {
    this.store.replace(policy)
    this.raw.engine.reask(0)
    const standing = unseen.map((event) => this.raw.engine.stands(event))
    const id = this.exchange?.id ?? 1
    // One that was never framed has no id: nothing at all may go then.
    const frames = this.raw
      .read()
      .filter((frame) => frame.is !== 'CREDIT' && (id === 0 || ('exchange' in frame && frame.exchange === id)))
    return { standing, frames, events: this.raw.take() }
  }
}

type Outcome = ReturnType<Stage['swap']>

const framesOf = ({ frames }: Outcome): string =>
  frames
    // The details are { item: n }.
    .map((frame) => (frame.is === 'FAULT' && frame.body.length > 0 ? `FAULT ${frame.body.at(-1)}` : frame.is))
    .join(' ')

const toldBy = ({ events }: Outcome): string => {
  const has = (is: EngineEvent['is']): boolean => events.some((event) => event.is === is)
  if (has('refused')) return has('denied') ? 'denials, refusals' : 'refusals alone'
  if (has('fault')) return 'the caller'
  if (!has('denied')) return has('cancelled') ? 'the handler alone' : ''
  return has('cancelled') ? 'denials, the handler' : 'denials'
}

/** Of an own exchange by its event, of a peer's by the FAULT. */
const ranBy = ({ events, frames }: Outcome, oneWay: boolean): string => {
  for (const event of events) if (event.is === 'fault') return event.error.ran
  const fault = frames.find((frame) => frame.is === 'FAULT')
  if (fault?.is !== 'FAULT' || oneWay) return ''
  return fault.body.length === 0 ? 'no' : 'maybe'
}

const text = (length: number): string => 'a'.repeat(length)
/** In pieces for its length, and short of credit for a while. */
const LONG = text(20_000)
const NARROW = { sessionWindow: 8_192, exchangeWindow: 4_096 }
const credit = [act('note', text(1_900)), act('note', text(1_900)), act('note', text(1_900)), act('note', text(1_900))]
const item = (value: Wire): Uint8Array => encode(value)
const bad = { who: 'x' }
const heard = placed('news', {}, { subject: 'of.*.*', standing: true })

/** Each row of the table: how it comes to be. What is denied is its label `to`, or an item of who `x`. */
const STATES: Readonly<Record<string, () => Stage>> = {
  'own call waits for a place': () => new Stage({ exchanges: 1 }).fill(act('call')).begin(act('call')),
  'own call waits for credit': () => new Stage(NARROW).fill(...credit).begin(act('call', text(1_500))),
  'own call in pieces': () => new Stage(NARROW).begin(act('call', LONG)).read(),
  'own call waits for its reply': () => new Stage().begin(act('call')).read(),
  'own call its reply in pieces': () => {
    const stage = new Stage().begin(act('call')).read()
    stage.raw.send(data(2, filled(3_000), more))
    return stage
  },
  'own one-way waits for credit': () => new Stage(NARROW).fill(...credit).begin(act('note', text(1_500))),
  'own one-way was taken, waits to be framed': () => new Stage().begin(act('note', text(1_500))),
  'own one-way in pieces, waits for credit': () => new Stage(NARROW).begin(act('note', LONG)).read(),
  'own one-way was taken, in pieces': () =>
    new Stage({ exchangeWindow: 4_096, sessionWindow: 65_536 }).begin(act('note', LONG)).read(1),
  'own stream waits for a place': () => new Stage({ exchanges: 1 }).fill(act('call')).begin(stretch('talk')).item('a'),
  'own stream waits for a place with an item that is denied': () =>
    new Stage({ exchanges: 1 }).fill(act('call')).begin(stretch('talk', 'q')).item('a', bad, 'b'),
  'own stream open': () => new Stage().begin(stretch('talk')).item('a').read().item('b'),
  'own stream an item waits that is denied': () => new Stage().begin(stretch('talk')).read().item('a', bad),
  'own stream an item in pieces that is denied': () =>
    new Stage(NARROW).begin(stretch('talk')).read().item({ who: 'x', pad: LONG }).read(),
  'own stream an item came': () => {
    const stage = new Stage().begin(stretch('talk')).read()
    stage.raw.send(data(2, item('down'), none))
    return stage
  },
  'own stream own direction ended': () => {
    const stage = new Stage().begin(stretch('talk'))
    stage.raw.engine.end(stage.begun)
    return stage.read()
  },
  "own stream peer's direction ended": () => {
    const stage = new Stage().begin(stretch('talk')).read()
    stage.raw.send(data(2))
    return stage
  },
  "peer's call in pieces": () => new Stage().asked(CALL, filled(3_000), more),
  "peer's one-way in pieces": () => new Stage().asked(NOTE, filled(3_000), more),
  "peer's stream in pieces": () => new Stage().asked(TALK, filled(3_000), more),
  "peer's call waits for its handler": () => new Stage().asked(CALL),
  "peer's one-way waits for its handler": () => new Stage().asked(NOTE),
  "peer's stream waits for its handler": () => new Stage().asked(TALK, item('q'), none),
  "peer's call with its handler": () => new Stage().asked(CALL).see(),
  "peer's call reply waits for credit": () => {
    const stage = new Stage(NARROW)
      .asked(CALL)
      .see()
      .fill(...credit)
    stage.raw.engine.reply(stage.begun, text(1_500))
    return stage.read()
  },
  "peer's call reply in pieces": () => {
    const stage = new Stage(NARROW).asked(CALL).see()
    stage.raw.engine.reply(stage.begun, LONG)
    return stage.read()
  },
  "peer's call with its handler, session closing": () => {
    const stage = new Stage().asked(CALL).see()
    stage.raw.engine.close(0, 1_000)
    return stage.read()
  },
  "peer's stream open": () => new Stage().asked(TALK, item('q'), none).see(),
  "peer's stream own items wait": () => new Stage().asked(TALK, item('q'), none).see().item('a', 'b'),
  "peer's stream a FAULT waits behind own items": () => {
    const stage = new Stage().asked(TALK, item('q'), none).see().item('a', 'b')
    stage.raw.engine.fault(stage.begun, { code: 'call/internal', incident: '00' })
    return stage
  },
  "peer's stream peer's direction ended": () => {
    const stage = new Stage().asked(TALK, item('q'), none).see()
    stage.raw.send(data(1))
    return stage.see()
  },
  "peer's stream own direction ended": () => {
    const stage = new Stage().asked(TALK, item('q'), none).see()
    stage.raw.engine.end(stage.begun)
    return stage.read()
  },
  'own standing open': () => new Stage().begin(heard).item(1).read().item(2),
  'own standing a delivery came': () => {
    const stage = new Stage().begin(heard).read()
    stage.raw.send(data(2, item(null), none))
    return stage
  },
  "peer's standing waits for its handler": () => new Stage().stands(),
  "peer's standing open": () => new Stage().stands().see().deliver('of.a.b').read(),
  "peer's standing deliveries wait": () => new Stage().stands().see().deliver('of.a.b', 'of.a.c'),
  "peer's standing a delivery waits that is denied": () => new Stage().stands().see().deliver('of.a.b', 'of.x.c'),
  "peer's stream an item unread that is denied": () => {
    const stage = new Stage().asked(TALK, item('q'), none).see()
    stage.raw.send(data(1, item('a'), none), data(1, item(bad), none))
    return stage
  },
}

/** The table of spec/session.md. */
const ROWS = (/\| begun by(?:.*\n)+?\n/.exec(read('spec/session.md'))?.[0] ?? '')
  .trim()
  .split('\n')
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, by = '', kind = '', state = '', frames = '', told = '', ran = '']) => ({
    name: `${by} ${kind} ${state}`,
    frames,
    told,
    ran: ran,
    oneWay: kind === 'one-way',
  }))

const isArrived = (event: EngineEvent): event is Arrived => event.is === 'message' || event.is === 'item'

describe('what stands, in every state, when it is denied', () => {
  test('the table of the specification has every state that is tried here, and no other', () => {
    expect(ROWS.map(({ name }) => name).sort()).toEqual(Object.keys(STATES).sort())
  })

  test.each(ROWS)('SE-129 SE-130 SE-131 SE-132 SE-133 SE-137 $name', ({ name, frames, told, ran, oneWay }) => {
    const stage = staged(name)
    const unseen = stage.raw.take().filter(isArrived)
    const outcome = stage.swap(denying(name, 'x'), unseen)
    expect({ frames: framesOf(outcome), told: toldBy(outcome), ran: ranBy(outcome, oneWay) }).toEqual({
      frames,
      told,
      // What was taken has nobody who waits for its outcome.
      ran: told === 'denials, refusals' ? 'no' : ran,
    })
    const waits = name.includes('waits for its handler') || name.includes('unread')
    expect(outcome.standing.some((answer) => answer !== true)).toBe(waits)
    expect(stage.raw.engine.over).toBe(false)
    // Once is enough.
    stage.raw.engine.reask(0)
    stage.store.replace(denying(name, 'x'))
    const again = stage.swap(denying(name, 'x'), [])
    expect([framesOf(again), toldBy(again)]).toEqual(['', ''])
  })

  test.each(ROWS)('SE-135 what does not deny it changes nothing: $name', ({ name }) => {
    const [spared, left] = [staged(name), staged(name)]
    const unseen = spared.raw.take().filter(isArrived)
    const outcome = spared.swap(denying(name, 'y'), unseen)
    expect(outcome.events).toEqual([])
    expect(outcome.standing).toEqual(unseen.map(() => true))
    expect(outcome.frames).toEqual(left.swap(ALL, []).frames)
    expect([spared.exchange?.narrowed, spared.exchange?.abandoned]).toEqual([undefined, undefined])
  })
})

const staged = (name: string): Stage => {
  const stage = STATES[name]?.()
  if (stage === undefined) throw new Error(`expected a state, got ${name}`)
  return stage
}

const denying = (name: string, value: string) =>
  name.endsWith('that is denied') ? allBut('body.who', value) : allBut('label.to', value)
