import { concat, EMPTY, utf8 } from '../../src/bytes.js'
import { recordLength } from '../../src/channel/record.js'
import { Splitter } from '../../src/channel/splitter.js'
import type { Provider } from '../../src/crypto/provider.js'
import { type Identity, keyPairOf } from '../../src/identity/identity.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import type { Split } from '../../src/noise/split.js'
import { Engine } from '../../src/session/engine.js'
import { decodeFrames, type Frame } from '../../src/session/frames.js'
import { limitsOf } from '../../src/session/limits.js'
import { SUITES, type Suite } from '../../src/session/suites.js'
import {
  accept,
  frame,
  HandInitiator,
  HandResponder,
  initiationField,
  Note,
  noteInitiation,
  type Records,
} from './byhand.js'
import { alice, bob, forSuite, initiatorSide, responderSide } from './pair.js'

export const REKEY_0 = frame({ is: 'REKEY', generation: 0 })
export const REKEY_1 = frame({ is: 'REKEY', generation: 1 })
export const ASK = frame({ is: 'REFRESH', body: EMPTY })
export const refreshOf = (body: Uint8Array): Uint8Array => frame({ is: 'REFRESH', body })

/** Both ends wait a day: nothing but a refresh wakes these sessions. */
const limits = limitsOf({ idleMs: 86_400_000 })

const openResponder = (provider: Provider, suite: Suite, over: object) => {
  const calm = { limits, keepaliveMs: 86_400_000, serves: [Note], uses: [Note] }
  const engine = Engine.respond(responderSide({ ...forSuite(suite, provider), ...calm, ...over }), 0)
  const hand = new HandInitiator({ provider, identity: alice })
  engine.receive(hand.hello(suite), 0)
  hand.answered(engine.take(0) ?? EMPTY)
  engine.receive(hand.message3(initiationField(noteInitiation(provider, { limits }))), 0)
  const records = hand.records()
  records.open(engine.take(0) ?? EMPTY)
  return { engine, records }
}

const openInitiator = (provider: Provider, suite: Suite, over: object) => {
  const calm = { limits, keepaliveMs: 86_400_000, serves: [Note], uses: [Note] }
  const engine = Engine.initiate(initiatorSide({ ...forSuite(suite, provider), ...calm, ...over }), 0)
  const hand = new HandResponder({ provider, identity: bob })
  engine.receive(hand.message2(engine.take(0) ?? EMPTY, suite), 0)
  hand.message3(engine.take(0) ?? EMPTY)
  const records = hand.records()
  engine.receive(records.seal(accept({ limits })), 0)
  return { engine, records }
}

/** The suite of a refresh, from its name alone. */
export const nestedOf = ({ name }: Suite): Suite => {
  const [, pattern = '', dh = '', cipher = ''] = name.split('_')
  const hfs = pattern.includes('hfs')
  const nested = `Noise_XX${hfs ? 'hfs+' : ''}psk3_${dh}_${cipher}_SHA256`
  const found = SUITES.find((suite) => suite.name === nested)
  if (found === undefined) throw new Error(`no suite ${nested}`)
  return found
}

/** What a test may want otherwise in a refresh played by hand. */
interface Twist {
  readonly keys?: Identity
  readonly psk?: Uint8Array
  readonly h?: Uint8Array
  readonly run?: number
  readonly suite?: Suite
}

/**
 * A session with an engine whose peer is played by hand, its refreshes too: computed from the framework and the words of
 * the chapter, never by the code under test.
 */
export class Nested {
  readonly engine: Engine
  readonly role: 'initiator' | 'responder'
  readonly records: Records
  readonly suite: Suite
  readonly #provider: Provider
  readonly #splitter = new Splitter()
  root: Uint8Array
  h: Uint8Array
  run = 1
  handshake: HandshakeState | undefined

  /** `role` is the engine's. */
  constructor(role: 'initiator' | 'responder', provider: Provider, suite: Suite, over = {}) {
    const { engine, records } = (role === 'initiator' ? openInitiator : openResponder)(provider, suite, over)
    this.engine = engine
    this.role = role
    this.records = records
    this.suite = suite
    this.#provider = provider
    this.root = records.split.takeRoot()
    this.h = records.split.handshakeHash
  }

  /** The hand's side of the next refresh. */
  open(twist: Twist = {}): HandshakeState {
    const mine = this.role === 'initiator' ? bob : alice
    const run = twist.run ?? this.run
    this.handshake = new HandshakeState({
      protocol: (twist.suite ?? nestedOf(this.suite)).name,
      role: this.role === 'initiator' ? 'responder' : 'initiator',
      prologue: concat(utf8('Sotto/1 refresh'), twist.h ?? this.h, Uint8Array.of(0, 0, 0, run)),
      s: keyPairOf(twist.keys ?? mine),
      psks: [twist.psk ?? this.root],
      provider: this.#provider,
    })
    return this.handshake
  }

  /** The new keys, roots and h. */
  split(): Split {
    const { handshake } = this
    if (handshake === undefined) throw new Error('no refresh is under way')
    const split = handshake.split()
    this.root = split.takeRoot()
    this.h = split.handshakeHash
    this.run++
    return split
  }

  /** One record of these frames to the engine. */
  send(nowMs: number, ...frames: readonly Uint8Array[]): this {
    this.engine.receive(this.records.seal(concat(...frames)), nowMs)
    return this
  }

  /** Frames of all records the engine has to say, by record. A REKEY 0 is obeyed; a REKEY 1 by `pending`. */
  said(nowMs: number, pending?: Split): Frame[][] {
    const records: Frame[][] = []
    for (let bytes = this.engine.take(nowMs); bytes !== undefined; bytes = this.engine.take(nowMs)) {
      this.#splitter.push(bytes)
      const unit = this.#splitter.next(recordLength)
      if (unit === undefined) throw new Error('expected a whole record')
      const frames = decodeFrames(this.records.open(unit))
      const last = frames.at(-1)
      if (last?.is === 'REKEY' && last.generation === 0) this.records.split.receive.rekey()
      if (last?.is === 'REKEY' && last.generation === 1) {
        if (pending === undefined) throw new Error('REKEY 1 without a pending key')
        this.records.split.receive.succeed(pending.receive)
      }
      records.push([...frames])
    }
    return records
  }

  /** The body of the one REFRESH the engine has to say. */
  said1(nowMs: number): Uint8Array {
    const frames = this.said(nowMs)
      .flat()
      .filter(({ is }) => is !== 'REKEY')
    const [first] = frames
    if (frames.length !== 1 || first?.is !== 'REFRESH') throw new Error(`got ${frames.map(({ is }) => is).join()}`)
    return first.body
  }

  /** The engine, an initiator, starts at `nowMs`; its message 1 is read. */
  started(nowMs: number, twist: Twist = {}): this {
    this.engine.wake(nowMs)
    this.open(twist).readMessage(this.said1(nowMs))
    return this
  }

  /** A refresh is started with the engine, a responder; its message 2 is read. */
  answered(nowMs: number, twist: Twist = {}): this {
    const hand = this.open(twist)
    this.send(nowMs, refreshOf(hand.writeMessage()))
    hand.readMessage(this.said1(nowMs))
    return this
  }

  /** The hand's next message. */
  message(): Uint8Array {
    return this.handshake?.writeMessage() ?? EMPTY
  }

  /** The engine's record with message 3, which is read: the frames of the record. */
  third(nowMs: number): readonly Frame[] {
    const frames = decodeFrames(this.records.open(this.engine.take(nowMs) ?? EMPTY))
    const last = frames.find(({ is }) => is === 'REFRESH')
    if (last?.is !== 'REFRESH') throw new Error('expected message 3')
    this.handshake?.readMessage(last.body)
    return frames
  }

  /** A whole refresh at `nowMs`, which the engine must be ready for. */
  refresh(nowMs: number): Split {
    if (this.role === 'initiator') {
      this.started(nowMs).send(nowMs, refreshOf(this.message()))
      this.third(nowMs)
      const split = this.split()
      this.records.split.receive.succeed(split.receive)
      this.send(nowMs, REKEY_1)
      this.records.split.send.succeed(split.send)
      return split
    }
    this.answered(nowMs)
    const third = this.message()
    const split = this.split()
    this.send(nowMs, refreshOf(third), REKEY_1)
    this.records.split.send.succeed(split.send)
    if (this.said(nowMs, split).flat().at(-1)?.is !== 'REKEY') throw new Error('expected REKEY 1')
    return split
  }
}
