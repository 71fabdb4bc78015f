import { expect } from 'vitest'
import { EMPTY } from '../../src/bytes.js'
import type { Wire } from '../../src/cbor.js'
import { recordLength } from '../../src/channel/record.js'
import { Splitter } from '../../src/channel/splitter.js'
import { type Contract, contract } from '../../src/contract/define.js'
import { VERBS } from '../../src/contract/kinds.js'
import { oneWay, queue, requestResponse, stream, topic } from '../../src/contract/operation.js'
import { bytes, type Shape } from '../../src/contract/shape.js'
import { defaultProvider } from '../../src/crypto/default.js'
import { ERRORS, type ErrorCode, SottoError } from '../../src/errors.js'
import { type BeginOf, begin as beginOf } from '../../src/kit/hostileframes.js'
import { policyStore } from '../../src/policy/store.js'
import type { Act } from '../../src/session/acts.js'
import { offerOf } from '../../src/session/agreement.js'
import { Engine } from '../../src/session/engine.js'
import type { EngineEvent } from '../../src/session/events.js'
import { decodeFrames, type Frame, NO_LABELS } from '../../src/session/frames.js'
import type { Admitted, Denial } from '../../src/session/gate.js'
import { type Limits, limitsOf } from '../../src/session/limits.js'
import type { ResponderSide } from '../../src/session/side.js'
import { SUITES } from '../../src/session/suites.js'
import { HandInitiator, initiationField, plainInitiation, type Records } from './byhand.js'
import { alice, responderSide } from './pair.js'

export { credit, data, drain, end, fault, reset, stop } from '../../src/kit/hostileframes.js'

const [, XX] = SUITES

type Body = {
  readonly n?: number
  readonly who?: string
}

const anything: Shape<Body> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => (typeof value === 'object' && value !== null ? { value } : { issues: [] }),
  },
}

/** The operations have these numbers: 0 and 1, in the order of their names. */
export const CALL = 0
export const NOTE = 1

export const Flow = contract('flow.v1', {
  call: requestResponse({ request: anything, response: anything, visible: ['n', 'who'] }),
  note: oneWay(anything, { visible: ['n', 'who'] }),
})

/** Streams of each form, numbered behind Flow where a session has both: items, bytes, items that only come down. */
export const Streams = contract('streams.v1', {
  talk: stream({ request: anything, up: anything, down: anything, visible: ['n', 'who'] }),
  tube: stream({ request: anything, up: bytes, down: bytes, visible: ['n', 'who'] }),
  watch: stream({ request: anything, down: anything, visible: ['n', 'who'] }),
})

/** Topics and queues, numbered from 0 in a session of their own. */
export const Places = contract('places.v1', {
  jobs: queue(anything, { subject: '{kind}', visible: ['n', 'who'] }),
  news: topic(anything, { subject: 'of.{room}.{sensor}', visible: ['n', 'who'] }),
  plain: topic(anything, { visible: ['n', 'who'] }),
  work: queue(anything),
})

export const JOBS = 0
export const NEWS = 1
export const PLAIN = 2
export const WORK = 3

/** An act of the contract Places. */
export const placed = (operation: keyof typeof Places.operations, value?: Wire, over: Partial<Act> = {}): Act => ({
  contract: 'places.v1',
  operation,
  value,
  ttlMs: 0,
  labels: NO_LABELS,
  ...over,
})

export const TALK = 2
export const TUBE = 3
export const WATCH = 4

/** An act of the contract Streams. */
export const stretch = (operation: 'talk' | 'tube' | 'watch', value?: Wire, over: Partial<Act> = {}): Act => ({
  contract: 'streams.v1',
  operation,
  value,
  ttlMs: 0,
  labels: NO_LABELS,
  ...over,
})

/** A policy that lets anybody do anything. */
export const anyAct = () =>
  rules({ id: 'all', effect: 'allow', by: ['any'], verbs: VERBS.filter((verb) => verb !== 'initiate'), on: ['>'] })

/** An act of the contract Flow, with no ttl and no labels unless said. */
export const act = (operation: 'call' | 'note', value?: Wire, over: Partial<Act> = {}): Act => ({
  contract: 'flow.v1',
  operation,
  value,
  ttlMs: 0,
  labels: NO_LABELS,
  ...over,
})

/** What the gate says, which must be yes. */
export const admitted = (answer: Admitted | Denial): Admitted => {
  if ('effect' in answer) throw new Error(`denied by ${answer.why}: ${answer.rules.join()}`)
  return answer
}

/** A policy of exactly these rules. */
export const rules = (...list: readonly object[]) => policyStore({ version: 1, rules: list })

/** Whatever is in a BEGIN; only the exchange must be said. */
export const begin = (of: Omit<BeginOf, 'operation'> & Partial<Pick<BeginOf, 'operation'>>): Uint8Array =>
  beginOf({ operation: CALL, ...of })

/** A CBOR text of `length` bytes in all, of at least 3. */
export const filled = (length: number, byte = 0x61): Uint8Array => {
  const bytes = new Uint8Array(length).fill(byte)
  const body = length - 1 < 24 ? 1 : length - 2 < 256 ? 2 : length - 3 < 65_536 ? 3 : 5
  const size = length - body
  if (body === 1) bytes[0] = 0x60 + size
  else {
    bytes[0] = body === 2 ? 0x78 : body === 3 ? 0x79 : 0x7a
    for (let i = body - 1, rest = size; i > 0; i--, rest >>>= 8) bytes[i] = rest & 0xff
  }
  return bytes
}

/** The text whose CBOR form takes `length` bytes; `undefined` for none. */
export const textOf = (length: number): Wire | undefined => {
  if (length === 0) return undefined
  const head = length - 1 < 24 ? 1 : length - 2 < 256 ? 2 : length - 3 < 65_536 ? 3 : 5
  return 'a'.repeat(length - head)
}

/** All events there are. */
export const eventsOf = (engine: Engine): EngineEvent[] => {
  const events: EngineEvent[] = []
  for (let event = engine.next(); event !== undefined; event = engine.next()) events.push(event)
  return events
}

const carry = (from: Engine, to: Engine, nowMs: number): void => {
  for (let bytes = from.take(nowMs); bytes !== undefined; bytes = from.take(nowMs)) to.receive(bytes, nowMs)
}

/**
 * No byte of credit is lost, once all is consumed. A sender then lacks only what its peer has not announced yet, less than
 * half a window. As many messages as half a window takes, consumed in a row, leave a whole number of them unannounced: so
 * whole messages must fill what is left to the byte.
 */
export const expectWholeCredit = (from: Engine, to: Engine, limits: Limits, nowMs = 0): void => {
  // Of a size that never goes in pieces.
  const unit = Math.min(limits.sessionWindow / 2, limits.exchangeWindow / 2, limits.plaintext < 16_384 ? 512 : 16_384)
  const half = limits.sessionWindow / 2 / unit
  const isTaken = (length: number): boolean => {
    const { exchange, taken } = from.begin(admitted(from.admit(act('note', textOf(length)), nowMs)), nowMs)
    if (!taken) from.cancel(exchange)
    return taken
  }
  const consume = (): number => {
    carry(from, to, nowMs)
    const messages = eventsOf(to).filter((event) => event.is === 'message')
    for (const message of messages) to.consumed(message)
    carry(to, from, nowMs)
    return messages.length
  }
  for (let sent = 0; sent < half; sent++) expect(isTaken(unit - 64), 'half of the credit is gone').toBe(true)
  expect(consume()).toBe(half)
  let room = 0
  while (isTaken(unit - 64)) room++
  expect(room).toBeGreaterThanOrEqual(half)
  expect(isTaken(0), 'some of the credit is gone').toBe(false)
  expect(consume()).toBe(room)
  eventsOf(from)
}

/**
 * An engine that responds, against a peer with real keys that may seal anything. The peer's exchanges have odd ids, the
 * engine's even ones; both ends use and serve the contract Flow.
 */
export class Raw {
  readonly engine: Engine
  readonly events: EngineEvent[] = []
  readonly #keys: Records
  readonly #splitter = new Splitter()
  nowMs = 0

  constructor(
    over: Partial<ResponderSide> = {},
    limits: Readonly<Record<string, number>> = {},
    spoken: readonly Contract[] = [Flow],
  ) {
    const half = new HandInitiator({ provider: defaultProvider, identity: alice })
    this.engine = Engine.respond(responderSide({ uses: spoken, serves: spoken, pq: 'off', ...over }), 0)
    this.engine.receive(half.hello(XX), 0)
    half.answered(this.engine.take(0) ?? EMPTY)
    const offers = spoken.map((contract) => offerOf(defaultProvider.hash.SHA256, contract))
    const initiation = plainInitiation({ uses: offers, serves: offers, limits: limitsOf(limits) })
    this.engine.receive(half.message3(initiationField(initiation)), 0)
    this.#keys = half.records()
    const [accept] = this.read()
    if (accept?.is !== 'ACCEPT') throw new Error('expected ACCEPT')
    this.take()
  }

  /** One record of these frames. */
  send(...frames: readonly Uint8Array[]): this {
    this.engine.receive(this.#keys.seal(Buffer.concat(frames)), this.nowMs)
    return this
  }

  /** A record for each frame. */
  each(...frames: readonly Uint8Array[]): this {
    for (const frame of frames) this.send(frame)
    return this
  }

  /** All frames the engine has to say now. */
  read(): Frame[] {
    return this.records().flat()
  }

  /** As `read`, by record; at most `count`. */
  records(count = Number.POSITIVE_INFINITY): Frame[][] {
    const records: Frame[][] = []
    while (records.length < count) {
      const bytes = this.engine.take(this.nowMs)
      if (bytes === undefined) break
      this.#splitter.push(bytes)
      for (let unit = this.#splitter.next(recordLength); unit !== undefined; unit = this.#splitter.next(recordLength))
        records.push(this.#open(unit))
    }
    return records
  }

  #open(unit: Uint8Array): Frame[] {
    const frames = [...decodeFrames(this.#keys.open(unit))]
    if (frames.at(-1)?.is === 'REKEY') this.#keys.split.receive.rekey()
    return frames
  }

  /** The events since the last call. */
  take(): EngineEvent[] {
    const taken: EngineEvent[] = []
    for (let event = this.engine.next(); event !== undefined; event = this.engine.next()) taken.push(event)
    this.events.push(...taken)
    return taken
  }

  /** The one event there is, of this kind. */
  only<Is extends EngineEvent['is']>(is: Is): Extract<EngineEvent, { readonly is: Is }> {
    const events = this.take()
    const [event] = events
    if (events.length !== 1 || event?.is !== is)
      throw new Error(`expected ${is}, got ${events.map((e) => e.is).join()}`)
    return event as Extract<EngineEvent, { readonly is: Is }>
  }

  /** Begins an own message of the engine. */
  begin(of: Act) {
    return this.engine.begin(admitted(this.engine.admit(of, this.nowMs)), this.nowMs)
  }

  /** How the session died: the error, and the code its last frame told. */
  death(): { readonly code: ErrorCode | undefined; readonly told: number | undefined; readonly message: string } {
    const closed = this.take().at(-1)
    if (closed?.is !== 'closed') throw new Error('expected the session to be over')
    const last = this.read().at(-1)
    const { error } = closed
    return {
      code: error instanceof SottoError ? error.code : undefined,
      told: last?.is === 'END' ? last.code : undefined,
      message: error?.message ?? '',
    }
  }
}

/** What becomes of the session, as `code`, or `alive`; the code must be told, if it has a number. */
export const fate = (raw: Raw): ErrorCode | 'alive' | 'closed' | 'untold' => {
  if (!raw.engine.over) return 'alive'
  const { code, told } = raw.death()
  if (code === undefined) return 'closed'
  return told === ERRORS[code].wire ? code : 'untold'
}
