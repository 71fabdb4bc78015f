import { concat, EMPTY, utf8 } from '../../src/bytes.js'
import { encode, type Wire } from '../../src/cbor.js'
import { contract } from '../../src/contract/define.js'
import { VERBS } from '../../src/contract/kinds.js'
import { oneWay, queue, requestResponse, stream, topic } from '../../src/contract/operation.js'
import { bytes, type Shape } from '../../src/contract/shape.js'
import { defaultProvider } from '../../src/crypto/default.js'
import { policyStore } from '../../src/policy/store.js'
import type { Act } from '../../src/session/acts.js'
import { Engine } from '../../src/session/engine.js'
import type { Established } from '../../src/session/established.js'
import type { EngineEvent } from '../../src/session/events.js'
import type { Exchange } from '../../src/session/exchange.js'
import { decodeFrames, NO_LABELS } from '../../src/session/frames.js'
import { encodeFrame, encodeLabels, encodeSubject, writeBegin, writeData } from '../../src/session/framewriter.js'
import { encodeHello } from '../../src/session/hello.js'
import { limitsOf } from '../../src/session/limits.js'
import { encodePacket } from '../../src/session/packets.js'
import { suiteById } from '../../src/session/suites.js'
import { Traffic } from '../../src/session/traffic.js'
import { openInitiator, openResponder } from '../session/byhand.js'
import { initiatorSide, pairOf, responderSide, settle } from '../session/pair.js'
import { refusable } from './decoders.js'
import { Script, type Target } from './target.js'

const isWire = (value: unknown): value is Wire => value !== undefined

const anything: Shape<Wire, Wire> = {
  '~standard': {
    version: 1,
    vendor: 'sotto-test',
    validate: (value) => (isWire(value) ? { value } : { issues: [{ message: 'expected a value' }] }),
  },
}

const Room = contract('room.v1', {
  read: requestResponse({ request: anything, response: anything }),
  note: oneWay(anything),
  talk: stream({ request: anything, up: anything, down: anything }),
  tube: stream({ up: bytes, down: bytes }),
  vote: queue(anything, { subject: '{kind}' }),
  wave: topic(anything, { subject: 'of.{room}' }),
})

const XX = suiteById(0x0011)
if (XX === undefined) throw new Error('expected XX')

const limits = limitsOf({ plaintext: 1_024, message: 4_096, exchanges: 3, exchangeWindow: 4_096, sessionWindow: 8_192 })
const policy = policyStore({
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: VERBS.filter((verb) => verb !== 'initiate'), on: ['>'] }],
})
const both = { uses: [Room], serves: [Room], limits, policy, pq: 'off' } as const

/** One true handshake: every run has its own traffic on it, and nothing of a run outlives it. */
const established = (): Established => {
  const { responderEvents } = settle(pairOf({ initiator: both, responder: both }))
  const [first] = responderEvents
  if (first?.is !== 'established') throw new Error('no session')
  return first.established
}

const record = (...frames: readonly Uint8Array[]): Uint8Array => {
  const bytes = concat(...frames)
  return concat(Uint8Array.of(0, bytes.length >>> 8, bytes.length & 0xff), bytes)
}

const begin = (exchange: number, operation: number, flags: number, body: Uint8Array, of = '', standing = false) => {
  const out = new Uint8Array(4_096)
  const labels = exchange === 5 ? encodeLabels({ a: 'b' }) : EMPTY
  const head = { operation, subject: encodeSubject(of), standing, ttlMs: exchange === 3 ? 40 : 0, labels }
  return out.slice(0, writeBegin(out, 0, exchange, head, flags, body))
}

const data = (exchange: number, flags: number, length: number): Uint8Array => {
  const out = new Uint8Array(4_096)
  return out.slice(0, writeData(out, 0, exchange, flags, new Uint8Array(length)))
}

const body = encode({ room: 'kitchen' })
/**
 * Steps of this end: 1 call, 2 note, 3 consume, 4 reply, 5 fault, 6 time, 7 seal, 8 cancel, 9 drain, 10 and 11 streams, 12 and
 * 13 an item of the peer's or an own one, 14 and 15 its end or a STOP, 16 to 18 publish, enqueue and subscribe.
 */
const SEEDS = [
  [record(begin(1, 1, 1, body)), Uint8Array.of(3, 4, 7)],
  [record(begin(1, 0, 1, body), begin(3, 1, 1, body), begin(5, 1, 1, EMPTY)), Uint8Array.of(3, 5, 6, 80, 7)],
  [
    record(begin(1, 1, 2, new Uint8Array(900))),
    record(data(1, 2, 900)),
    record(data(1, 1, 5)),
    Uint8Array.of(7, 3, 4, 7),
  ],
  [Uint8Array.of(1, 2, 7), record(encodeFrame({ is: 'FAULT', exchange: 2, code: 32, body: EMPTY }))],
  [Uint8Array.of(1, 7), record(data(2, 1, 3)), Uint8Array.of(7)],
  [record(encodeFrame({ is: 'PING', count: 1 }), encodeFrame({ is: 'DRAIN', last: 0 })), Uint8Array.of(7, 9, 7)],
  [record(begin(1, 1, 1, body)), record(encodeFrame({ is: 'STOP', exchange: 1, code: 48 })), Uint8Array.of(3, 4, 7, 8)],
  [
    record(begin(1, 1, 2, body)),
    record(encodeFrame({ is: 'RESET', exchange: 1, code: 48, size: body.length })),
    Uint8Array.of(7),
  ],
  [Uint8Array.of(2, 2, 2, 7), record(encodeFrame({ is: 'CREDIT', exchange: 0, limit: 10_240 })), Uint8Array.of(7)],
  [record(begin(1, 2, 0, body), data(1, 0, 9), data(1, 1, 0)), Uint8Array.of(3, 12, 12, 14, 0, 7)],
  [record(begin(1, 3, 0, EMPTY), data(1, 0, 900)), Uint8Array.of(7, 3, 12, 14, 1, 5, 7)],
  [Uint8Array.of(10, 13, 13, 15, 0, 7), record(data(2, 0, 3), data(2, 1, 0)), Uint8Array.of(3, 7)],
  [record(begin(1, 5, 0, encode({}), 'of.*', true), data(1, 0, 1)), Uint8Array.of(3, 12, 12, 7, 14, 1, 7)],
  [record(begin(1, 4, 1, encode({ value: 1, key: 'k' }), 'a'), begin(3, 5, 1, body, 'of.a')), Uint8Array.of(3, 4, 7)],
  [Uint8Array.of(16, 17, 18, 13, 7), record(encodeFrame({ is: 'FAULT', exchange: 4, code: 81, body: EMPTY }))],
  [Uint8Array.of(18, 7), record(data(2, 0, 1), encodeFrame({ is: 'FAULT', exchange: 2, code: 80, body: EMPTY }))],
  [Uint8Array.of(11, 13, 7), record(encodeFrame({ is: 'STOP', exchange: 2, code: 48 })), Uint8Array.of(15, 1, 7)],
].map((parts) => concat(...parts))

/** What a peer that holds the keys can do to an open session, with what this end does meanwhile. */
export const traffic: Target = {
  name: 'traffic',
  seeds: SEEDS,
  run: (input) => {
    refusable(() => new Play(input).run())
  },
}

const ESTABLISHED = established()
const SIDE = responderSide(both)
/** Its peer is known by its key alone. */
const PROVED = { peer: ESTABLISHED.peer, credential: undefined, judge: () => ESTABLISHED.peer }

class Play {
  readonly #script: Script
  readonly #traffic: Traffic
  readonly #events: EngineEvent[] = []
  /** What came and was not consumed. */
  readonly #held: Extract<EngineEvent, { readonly is: 'message' | 'item' }>[] = []
  /** The peer's exchanges that wait for an answer, and those of this end. */
  readonly #asked: Exchange[] = []
  readonly #own: Exchange[] = []
  #nowMs = 0

  constructor(input: Uint8Array) {
    this.#script = new Script(input)
    this.#traffic = new Traffic(ESTABLISHED, PROVED, SIDE, (event) => this.#events.push(event), 0)
  }

  run(): void {
    while (!this.#script.done) {
      this.#step(this.#script.byte())
      for (const event of this.#events.splice(0)) {
        if (event.is === 'message' || event.is === 'item') this.#held.push(event)
        if (event.is === 'message') this.#asked.push(event.exchange)
      }
    }
    this.#traffic.cut(undefined)
    this.#seal()
    if (!this.#traffic.exchanges.idle) throw new Error('something is left after the end')
  }

  #step(step: number): void {
    const { exchanges, arrivals } = this.#traffic
    const [asked] = this.#asked
    const [own] = this.#own.slice(-1)
    switch (step) {
      case 0:
        this.#receive(this.#script.piece())
        break
      case 1:
      case 2:
        this.#begin(step === 1 ? 'read' : 'note')
        break
      case 3:
        for (const each of this.#held.splice(0)) arrivals.consumed(each)
        break
      case 4:
        if (asked !== undefined && !asked.stream) exchanges.reply(asked, { ok: true })
        break
      case 5:
        if (asked !== undefined && !asked.oneWay) exchanges.faultBehind(asked, { code: 'call/internal', incident: 'x' })
        this.#asked.shift()
        break
      case 6:
        this.#nowMs += this.#script.byte()
        this.#traffic.wake(this.#nowMs)
        break
      case 7:
        this.#seal()
        break
      case 8:
        for (const exchange of this.#own) exchanges.cancel(exchange, 'call/cancelled')
        break
      case 9:
        this.#traffic.drain()
        break
      case 10:
      case 11:
        this.#begin(step === 10 ? 'talk' : 'tube')
        break
      case 12:
      case 13:
        this.#item(step === 12 ? asked : own)
        break
      case 14:
      case 15:
        this.#end(step === 14 ? asked : own, this.#script.byte() % 2 === 0)
        break
      case 16:
        this.#begin('wave', { subject: 'of.a' })
        break
      case 17:
        this.#begin('vote', { subject: 'a', value: { value: 1 } })
        break
      case 18:
        this.#begin('wave', { subject: 'of.*', standing: true })
    }
  }

  #receive(plaintext: Uint8Array): void {
    for (const frame of decodeFrames(plaintext)) {
      if (
        frame.is === 'ACCEPT' ||
        frame.is === 'REFUSE' ||
        frame.is === 'REKEY' ||
        frame.is === 'REFRESH' ||
        frame.is === 'END'
      )
        continue
      this.#traffic.frame(frame, this.#nowMs)
    }
  }

  #item(exchange: Exchange | undefined): void {
    if (exchange?.stream !== true || exchange.last) return
    if (exchange.route.standing && !exchange.mine) {
      const value = { pad: 'x'.repeat(700) }
      const delivery = { subject: 'of.a', item: encode(value), bytes: 700, content: () => value }
      this.#traffic.exchanges.items.deliver(exchange, delivery, this.#nowMs, false)
      return
    }
    const isTube = exchange.route.row.name === 'tube'
    this.#traffic.exchanges.items.add(exchange, isTube ? new Uint8Array(700) : { pad: 'x'.repeat(700) }, this.#nowMs)
  }

  #end(exchange: Exchange | undefined, mine: boolean): void {
    if (exchange?.stream !== true) return
    if (!mine) this.#traffic.exchanges.items.stop(exchange)
    else if (!exchange.last) this.#traffic.exchanges.items.end(exchange)
  }

  #begin(operation: string, where: Partial<Act> = {}): void {
    const { exchanges } = this.#traffic
    const value = operation === 'tube' ? undefined : { pad: 'x'.repeat(900) }
    const act = { contract: 'room.v1', operation, value, ttlMs: 30, labels: NO_LABELS, ...where }
    const admitted = exchanges.acts.admit(act, this.#nowMs)
    if (!('effect' in admitted)) this.#own.push(exchanges.begin(admitted, this.#nowMs).exchange)
  }

  #seal(): void {
    for (let i = 0; i < 20 && this.#traffic.exchanges.outbox.fill() !== undefined; i++);
  }
}

// A Hello with ML-KEM costs a key pair each time: the search would be of nothing else.
const DIALLER = initiatorSide({ pq: 'off' })
const LISTENER = responderSide({ pq: 'prefer' })

/** What anybody can send to a listener, and a listener that lies to a dialler. */
export const opening: Target = {
  name: 'opening',
  seeds: [
    concat(
      Uint8Array.of(0, 8),
      encodePacket({ neg: encodeHello({ suites: [0x11], tried: 0, pskId: EMPTY }), noise: new Uint8Array(32).fill(9) }),
    ),
    concat(Uint8Array.of(1, 50), encodePacket({ neg: EMPTY, noise: new Uint8Array(96).fill(9) })),
    concat(
      Uint8Array.of(0, 1),
      encodePacket({ neg: encodeHello({ suites: [0x99, 0x11], tried: 0, pskId: EMPTY }), noise: EMPTY }),
    ),
    concat(Uint8Array.of(1, 7), encodePacket({ neg: Uint8Array.of(1, 0, 0x11), noise: EMPTY })),
  ],
  dictionary: [utf8('SOTTO'), Uint8Array.of(0, 0x11), Uint8Array.of(0, 1)],
  run: (input) => {
    const script = new Script(input)
    const dials = script.byte() % 2 === 1
    const size = 1 + script.byte()
    const engine = dials ? Engine.initiate(DIALLER, 0) : Engine.respond(LISTENER, 0)
    for (let at = 2; at < input.length; at += size) engine.receive(input.subarray(at, at + size), at)
    engine.ended()
    let packets = 0
    while (engine.take(0) !== undefined) packets++
    if (!dials && packets > 2) throw new Error('more than a Retry and a packet')
    const last = [...events(engine)].at(-1)
    if (last?.is !== 'closed') throw new Error('no end')
  },
}

/** A whole engine against a peer that holds the keys and its own mind: records of any frames, cuts, and times. */
export const session: Target = {
  name: 'session',
  seeds: SEEDS,
  run: (input) => {
    const script = new Script(input)
    const open = input.length % 2 === 0 ? openResponder : openInitiator
    const { engine, records } = open(defaultProvider, XX, { rekey: { records: 8, refreshMs: 1_000 }, limits })
    let nowMs = 0
    while (!script.done && !engine.over) {
      const step = script.byte()
      if (step === 0) {
        const plaintext = script.piece()
        engine.receive(records.seal(plaintext), nowMs)
      } else if (step === 6) {
        nowMs += script.byte() * 200
        engine.wake(nowMs)
      } else if (step === 9) engine.close(nowMs, 1_000)
      else drainOf(engine, nowMs)
    }
    engine.ended()
    drainOf(engine, nowMs)
    if (engine.wakeAt() !== Number.POSITIVE_INFINITY) throw new Error('a timer is left')
  },
}

const drainOf = (engine: Engine, nowMs: number): void => {
  for (const event of events(engine)) if (event.is === 'message') engine.consumed(event)
  while (engine.take(nowMs) !== undefined);
}

function* events(engine: Engine): Generator<EngineEvent> {
  for (let event = engine.next(); event !== undefined; event = engine.next()) yield event
}
