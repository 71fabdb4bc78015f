import { describe, expect, test } from 'vitest'
import { concat, EMPTY, equal } from '../../src/bytes.js'
import type { Provider } from '../../src/crypto/provider.js'
import { Engine } from '../../src/session/engine.js'
import { decodeRetry } from '../../src/session/hello.js'
import { type PostQuantum, SUITES } from '../../src/session/suites.js'
import { providers } from '../crypto/providers.js'
import { HandInitiator, helloOf, initiationField, packet, partsOf, plainInitiation, retryOf } from './byhand.js'
import { alice, initiatorSide, PSK, pairOf, responderSide, settle } from './pair.js'

const [HFS, XX] = SUITES
const SETTINGS = ['require', 'prefer', 'off'] as const

interface Flow {
  readonly name: string
  readonly initiator: PostQuantum
  readonly responder: PostQuantum
  readonly psk?: boolean
}

/** The ways a negotiation goes: a suite of each kind at once, and one with a Retry between. */
const RETRY: Flow = { name: 'retry', initiator: 'prefer', responder: 'off' }
const FLOWS: readonly Flow[] = [
  { name: 'XX', initiator: 'off', responder: 'off' },
  { name: 'XXhfs', initiator: 'require', responder: 'require' },
  { name: 'XXpsk3', initiator: 'off', responder: 'off', psk: true },
  RETRY,
]

/** What an attacker makes of the packet at `position`, counted over both directions: any pieces in its place. */
type Attack = (bytes: Uint8Array, position: number) => Uint8Array

interface Ends {
  readonly initiator: Engine
  readonly responder: Engine
}

const pskOf = (id: Uint8Array): Uint8Array | undefined => (equal(id, PSK.id) ? PSK.key : undefined)

const endsOf = (flow: Flow, provider: Provider): Ends => ({
  initiator: Engine.initiate(initiatorSide({ pq: flow.initiator, ...(flow.psk && { psk: PSK }) }, provider), 0),
  responder: Engine.respond(responderSide({ pq: flow.responder, ...(flow.psk && { pskOf }) }, provider), 0),
})

/** Plays a whole opening through `attack`; every packet that was sent, before it was touched. */
const play = ({ initiator, responder }: Ends, attack: Attack): Uint8Array[] => {
  const sent: Uint8Array[] = []
  const pass = (from: Engine, to: Engine): boolean => {
    const bytes = from.take(0)
    if (bytes === undefined) return false
    sent.push(bytes)
    to.receive(attack(bytes, sent.length - 1), 0)
    return true
  }
  for (let moved = true; moved; ) {
    moved = pass(initiator, responder)
    moved = pass(responder, initiator) || moved
  }
  return sent
}

const faithful: Attack = (bytes) => bytes

const isOpen = ({ initiator, responder }: Ends): boolean => initiator.state === 'open' || responder.state === 'open'

/** How many sessions came of playing `flow` once an attack; no end may think it has one. */
const opened = (flow: Flow, provider: Provider, attacks: Iterable<Attack>): { tried: number; opened: number } => {
  const count = { tried: 0, opened: 0 }
  for (const attack of attacks) {
    const ends = endsOf(flow, provider)
    play(ends, attack)
    count.tried++
    if (isOpen(ends)) count.opened++
  }
  return count
}

const at =
  (position: number, change: (bytes: Uint8Array) => Uint8Array): Attack =>
  (bytes, here) =>
    here === position ? change(bytes) : bytes

const xor = (offset: number, mask: number) => (bytes: Uint8Array) =>
  bytes.map((byte, index) => (index === offset ? byte ^ mask : byte))

/** Bytes of each packet of a flow that say something before the Noise part, the length of that included. */
const headOf = (bytes: Uint8Array): number => bytes.length - partsOf(bytes).noise.length

/** Every packet before message 2, by its position. */
const negotiation = (flow: Flow): Uint8Array[] => {
  const [provider] = providers
  if (provider === undefined) throw new Error('expected a provider')
  const all = play(endsOf(flow, provider), faithful)
  return all.slice(0, all.length - 3)
}

/** Of a Hello that is answered with Retry, message 1 is dropped unread by both ends: what becomes of it changes nothing. */
const isDropped = (flow: Flow, position: number, offset: number, head: number): boolean =>
  flow === RETRY && position === 0 && offset >= head

function* edits(flow: Flow, masksOf: (offset: number, head: number) => readonly number[]): Generator<Attack> {
  for (const [position, bytes] of negotiation(flow).entries())
    for (let offset = 0; offset < bytes.length; offset++) {
      if (isDropped(flow, position, offset, headOf(bytes))) continue
      for (const mask of masksOf(offset, headOf(bytes))) yield at(position, xor(offset, mask))
    }
}

const EVERY_VALUE = Array.from({ length: 255 }, (_, index) => index + 1)
const EVERY_BIT = [1, 2, 4, 8, 16, 32, 64, 128]
const oneBit = (offset: number): readonly number[] => [1 << (offset % 8)]

const report = (name: string, count: { tried: number; opened: number }, what: string): void =>
  console.log(`${name}: ${count.tried} ${what}, ${count.opened} sessions`)

describe.each(providers)('$name', (provider) => {
  const fast = provider.name === 'native'

  // Heads take every other value of every byte on native, every bit on noble. Keys take every bit on native where one
  // suite is asked for, and behind a Retry one bit a byte; on noble, where a handshake costs 10 ms, one bit of every 4th
  // byte (ML-KEM is noble's on both, where Node has none).
  test.each(FLOWS)(
    'SE-2 SE-3 SE-8 SE-10 no edit of a byte of Hello, Retry or second Hello opens a session ($name)',
    (flow) => {
      const inHead = fast ? EVERY_VALUE : EVERY_BIT
      const inKeys = (offset: number) => {
        if (fast) return flow === RETRY ? oneBit(offset) : EVERY_BIT
        return offset % 4 === 0 || flow.name !== 'XXhfs' ? oneBit(offset) : []
      }
      const count = opened(
        flow,
        provider,
        edits(flow, (offset, head) => (offset < head ? inHead : inKeys(offset))),
      )
      report(`${provider.name} ${flow.name}`, count, 'edits')
      expect(count.opened).toBe(0)
      expect(count.tried).toBeGreaterThan(100)
    },
    180_000,
  )

  // Within keys each place is alike: every byte of the head and around it, then every 64th.
  test.each(FLOWS)('SE-2 SE-3 SE-10 no byte added, lost or doubled opens a session ($name)', (flow) => {
    function* attacks(): Generator<Attack> {
      for (const [position, bytes] of negotiation(flow).entries()) {
        const { length } = bytes
        for (let offset = 0; offset < length; offset += offset < 40 ? 1 : 64) {
          for (const value of [0x00, 0x01, 0xff]) yield at(position, (now) => insert(now, offset, value))
          yield at(position, (now) => concat(now.subarray(0, offset), now.subarray(offset + 1)))
          yield at(position, (now) => insert(now, offset, now[offset] ?? 0))
        }
        for (const value of [0x00, 0x01, 0xff]) yield at(position, (now) => insert(now, length, value))
        yield at(position, (now) => concat(now, now))
        yield at(position, () => EMPTY)
      }
    }
    const count = opened(flow, provider, attacks())
    report(`${provider.name} ${flow.name}`, count, 'insertions and deletions')
    expect(count.opened).toBe(0)
    expect(count.tried).toBeGreaterThan(100)
  })

  test.each(FLOWS)(
    'SE-10 no splice of two sessions, and no packet at another place, opens a session ($name)',
    (flow) => {
      const past = play(endsOf(flow, provider), faithful)
      const handshake = past.length - 1
      let tried = 0
      // The Retry of another session is the same Retry, and its first Hello differs in the dropped message alone: there is
      // nothing to splice.
      const isSame = (position: number): boolean => flow === RETRY && position < 2
      const dies = (ends: Ends, attack: Attack): void => {
        tried++
        play(ends, attack)
        // A responder that has read a true message 3 is open; it is the initiator that then misses a true ACCEPT.
        expect(ends.initiator.state).not.toBe('open')
      }
      for (let position = 0; position < past.length; position++) {
        for (const stale of past.filter((_, index) => index !== position || !isSame(position)))
          dies(
            endsOf(flow, provider),
            at(position, () => stale),
          )
        const own: Uint8Array[] = []
        for (let from = 0; from < position; from++)
          dies(endsOf(flow, provider), (bytes, here) => {
            own[here] = bytes
            return here === position ? (own[from] ?? EMPTY) : bytes
          })
      }
      // Two live sessions whose packets at one place are exchanged.
      for (let position = 0; position < handshake; position++) {
        if (isSame(position)) continue
        const pair = [endsOf(flow, provider), endsOf(flow, provider)] as const
        exchangeAt(pair, position)
        tried++
        for (const ends of pair) expect(isOpen(ends)).toBe(false)
      }
      console.log(`${provider.name} ${flow.name}: ${tried} splices, 0 sessions`)
    },
  )

  test('SE-4 SE-5 SE-6 SE-7 each pair of settings comes to the suite both allow, or to silence', () => {
    const table = SETTINGS.flatMap((initiator) =>
      SETTINGS.map((responder) => {
        const of = { ...provider, nativeAes: false }
        const pair = settle(
          pairOf({ initiator: { pq: initiator, provider: of }, responder: { pq: responder, provider: of } }),
        )
        const suites = [...pair.initiatorEvents, ...pair.responderEvents].flatMap((event) =>
          event.is === 'established' ? [event.established.suite.name] : [],
        )
        expect(suites).toHaveLength(suites.length === 0 ? 0 : 2)
        expect(suites[0]).toBe(suites[1])
        const silent = pair.wire.every(({ from }) => from === 'initiator')
        return [initiator, responder, suites[0] ?? (silent ? 'silence' : 'half a session'), pair.wire.length]
      }),
    )
    expect(table).toEqual([
      ['require', 'require', HFS.name, 4],
      ['require', 'prefer', HFS.name, 4],
      ['require', 'off', 'silence', 1],
      ['prefer', 'require', HFS.name, 4],
      ['prefer', 'prefer', HFS.name, 4],
      ['prefer', 'off', XX.name, 6],
      ['off', 'require', 'silence', 1],
      ['off', 'prefer', XX.name, 4],
      ['off', 'off', XX.name, 4],
    ])
  })
})

const [provider] = providers
if (provider === undefined) throw new Error('expected a provider')

const responder = (pq: PostQuantum): Engine => Engine.respond(responderSide({ pq }, provider), 0)
const byHand = (): HandInitiator => new HandInitiator({ provider, identity: alice })

/** What a responder does with a first packet: its next state and its answer. */
const answered = (engine: Engine, ...packets: readonly Uint8Array[]) => {
  const answers = packets.map((bytes) => {
    engine.receive(bytes, 0)
    return engine.take(0)
  })
  return { state: engine.state, answer: answers.at(-1) }
}

test('SE-6 a responder passes over suites it does not know, wherever they stand', () => {
  for (const list of [
    [0x0000, XX.id],
    [XX.id, 0xffff],
    [0x0002, 0x0010, 0x0012, XX.id, 0x0100, 0x1100],
    [...Array.from({ length: 15 }, (_, index) => 0x8000 + index), XX.id],
  ]) {
    const engine = responder('off')
    const hand = byHand()
    engine.receive(hand.hello(XX, list), 0)
    hand.answered(engine.take(0) ?? EMPTY)
    engine.receive(hand.message3(), 0)
    expect(engine.state).toBe('open')
  }
})

test('SE-6 SE-17 a responder that knows none of the list closes, one that tries an unknown one gets a Retry', () => {
  expect(answered(responder('require'), packet(helloOf([0xffff, XX.id], 0), EMPTY))).toEqual({
    state: 'dead',
    answer: undefined,
  })
  expect(answered(responder('off'), packet(helloOf([0xffff, XX.id], 0), new Uint8Array(77)))).toEqual({
    state: 'R.hello2',
    answer: retryOf(XX.id),
  })
})

test('SE-17 message 1 of a Hello that gets a Retry is left unread, whatever it holds', () => {
  for (const noise of [EMPTY, new Uint8Array(1), new Uint8Array(16_000).fill(0xff), new Uint8Array(1216)])
    expect(answered(responder('off'), packet(helloOf([HFS.id, XX.id], 0), noise)).answer).toEqual(retryOf(XX.id))
})

test('SE-2 SE-5 every Hello of another form closes without a byte', () => {
  const good = helloOf([XX.id], 0)
  const message1 = partsOf(byHand().hello(XX)).noise
  const sixteen = Array.from({ length: 16 }, (_, index) => 0x8000 + index)
  const forms: readonly (readonly [string, Uint8Array])[] = [
    ['nothing', EMPTY],
    ['a truncated magic', good.subarray(0, 4)],
    ['another magic', xor(0, 0x20)(good)],
    ['version 0', xor(5, 1)(good)],
    ['version 2', xor(5, 3)(good)],
    ['no suite', helloOf([], 0)],
    ['17 suites', helloOf([...sixteen, XX.id], 16)],
    ['a suite twice', helloOf([XX.id, XX.id], 0)],
    ['an unknown suite twice', helloOf([XX.id, 7, 7], 0)],
    ['tried at the end', helloOf([XX.id], 1)],
    ['tried 255', helloOf([XX.id], 255)],
    ['a psk id', helloOf([XX.id], 0, Uint8Array.of(1))],
    ['a psk id of 32 bytes', helloOf([XX.id], 0, new Uint8Array(32))],
    ['a psk id of 33 bytes', helloOf([XX.id], 0, new Uint8Array(33))],
    ['a psk id cut short', concat(good.subarray(0, -1), Uint8Array.of(5, 1, 2))],
    ['a byte behind', concat(good, Uint8Array.of(0))],
    ['a suite cut short', concat(good.subarray(0, 6), Uint8Array.of(2), good.subarray(7))],
    ['a Retry', Uint8Array.of(1, 0, 0x11)],
  ]
  for (const [what, neg] of forms)
    expect(answered(responder('off'), packet(neg, message1)), what).toEqual({ state: 'dead', answer: undefined })
  expect(answered(responder('off'), packet(good, message1)).state).toBe('R.message3')
})

/** The code that an engine ends with. */
const codeOf = (engine: Engine): string | undefined => {
  const event = engine.next()
  return event?.is === 'closed' ? event.error?.code : undefined
}

test('SE-2 SE-85 a Hello of another form is told from one that lists what cannot be', () => {
  const noise = partsOf(byHand().hello(XX)).noise
  const end = (neg: Uint8Array): string | undefined => {
    const engine = responder('off')
    engine.receive(packet(neg, noise), 0)
    return codeOf(engine)
  }
  for (const neg of [
    EMPTY,
    helloOf([XX.id], 0).subarray(0, -1),
    helloOf([], 0),
    helloOf([XX.id], 0, new Uint8Array(33)),
  ])
    expect(end(neg)).toBe('session/malformed')
  for (const neg of [helloOf([0xffff], 0), helloOf([XX.id], 0, new Uint8Array(32))])
    expect(end(neg)).toBe('session/suite')
})

test('SE-13 a message 1 that is shorter or longer than that of its suite is malformed', () => {
  const { neg, noise } = partsOf(byHand().hello(XX))
  for (const other of [EMPTY, noise.subarray(1), concat(noise, Uint8Array.of(0))]) {
    const engine = responder('off')
    expect(answered(engine, packet(neg, other))).toEqual({ state: 'dead', answer: undefined })
    expect(codeOf(engine)).toBe('session/malformed')
  }
})

test('SE-3 SE-7 a Retry of another form is told from one for a suite that cannot be', () => {
  const end = (retry: Uint8Array): string | undefined => {
    const of = { ...provider, nativeAes: false }
    const engine = Engine.initiate(initiatorSide({ pq: 'prefer' }, of), 0)
    engine.take(0)
    engine.receive(retry, 0)
    expect(engine.take(0) === undefined).toBe(engine.state === 'dead')
    return codeOf(engine)
  }
  const { neg } = partsOf(retryOf(XX.id))
  for (const bad of [neg.subarray(0, 2), concat(neg, Uint8Array.of(0)), xor(0, 3)(neg)])
    expect(end(packet(bad, EMPTY))).toBe('session/malformed')
  expect(() => decodeRetry(Uint8Array.of(1, 0xff, 0xff))).toThrow('session/suite')
  // One that nobody knows, the one that was tried, one that was not listed.
  for (const id of [0xffff, HFS.id, XX.id + 0x100]) expect(end(retryOf(id))).toBe('session/suite')
  expect(end(retryOf(XX.id))).toBeUndefined()
})

test('SE-8 a second Hello that changes anything but tried closes without a byte', () => {
  const ids = [HFS.id, XX.id]
  const retried = (): { hand: HandInitiator; engine: Engine } => {
    const engine = responder('off')
    const hand = byHand()
    const first = hand.hello(HFS, ids)
    engine.receive(first, 0)
    hand.retried(first, engine.take(0) ?? EMPTY)
    return { hand, engine }
  }
  const seconds: readonly (readonly [string, (hand: HandInitiator) => Uint8Array])[] = [
    ['a shorter list', (hand) => hand.hello(XX, [XX.id])],
    ['a longer list', (hand) => hand.hello(XX, [...ids, 9])],
    ['the list turned round', (hand) => hand.hello(XX, [XX.id, HFS.id])],
    ['another unknown suite', (hand) => hand.hello(XX, [9, XX.id])],
    ['the same tried', (hand) => hand.hello(HFS, ids)],
    ['a psk id', (hand) => hand.hello(XX, ids, Uint8Array.of(1))],
    ['no Hello', () => packet(EMPTY, new Uint8Array(64))],
    ['a Retry', () => retryOf(XX.id)],
  ]
  for (const [what, second] of seconds) {
    const { hand, engine } = retried()
    expect(answered(engine, second(hand)), what).toEqual({ state: 'dead', answer: undefined })
    const isHello = what !== 'no Hello' && what !== 'a Retry'
    expect(codeOf(engine), what).toBe(isHello ? 'session/suite' : 'session/malformed')
  }
  const { hand, engine } = retried()
  expect(answered(engine, hand.hello(XX, ids)).state).toBe('R.message3')
})

test('SE-3 SE-7 an initiator takes one Retry, for another suite it listed, of one form', () => {
  const retries: readonly (readonly [string, Uint8Array])[] = [
    ['the suite tried', retryOf(HFS.id)],
    ['a suite nobody knows', retryOf(0xffff)],
    ['another version', packet(Uint8Array.of(2, 0, XX.id), EMPTY)],
    ['one byte less', packet(Uint8Array.of(1, 0), EMPTY)],
    ['one byte more', packet(Uint8Array.of(1, 0, XX.id, 0), EMPTY)],
    ['an empty packet', packet(EMPTY, EMPTY)],
    ['with a message', packet(Uint8Array.of(1, 0, XX.id), new Uint8Array(96))],
    ['a Hello', packet(helloOf([XX.id], 0), EMPTY)],
  ]
  const initiator = (pq: PostQuantum): Engine => {
    const engine = Engine.initiate(initiatorSide({ pq }, provider), 0)
    engine.take(0)
    return engine
  }
  for (const [what, retry] of retries)
    expect(answered(initiator('prefer'), retry), what).toEqual({ state: 'dead', answer: undefined })
  // A suite that exists, but not in this list.
  expect(answered(initiator('require'), retryOf(XX.id)).state).toBe('dead')
  expect(answered(initiator('off'), retryOf(HFS.id)).state).toBe('dead')
  expect(answered(initiator('prefer'), retryOf(XX.id)).state).toBe('I.answer2')
  for (const again of [XX.id, HFS.id])
    expect(answered(initiator('prefer'), retryOf(XX.id), retryOf(again))).toEqual({ state: 'dead', answer: undefined })
})

test('SE-7 the second Hello repeats the first but for tried, and has a fresh ephemeral', () => {
  const engine = Engine.initiate(initiatorSide({ pq: 'prefer' }, provider), 0)
  const first = partsOf(engine.take(0) ?? EMPTY)
  const second = partsOf(answered(engine, retryOf(XX.id)).answer ?? EMPTY)
  expect(first.neg).toEqual(helloOf([HFS.id, XX.id], 0))
  expect(second.neg).toEqual(helloOf([HFS.id, XX.id], 1))
  expect(second.noise).toHaveLength(32)
  expect(second.noise).not.toEqual(first.noise.subarray(0, 32))
})

test('SE-10 the prologue is the formula of the specification, with and without a Retry', () => {
  // A peer by hand computes it apart; a handshake that ends in ACCEPT shows that both came to the same bytes.
  for (const list of [[XX.id], [HFS.id, XX.id]] as const) {
    const engine = responder('off')
    const hand = byHand()
    let hello = hand.hello(list.length === 1 ? XX : HFS, list)
    engine.receive(hello, 0)
    if (list.length === 2) {
      hand.retried(hello, engine.take(0) ?? EMPTY)
      hello = hand.hello(XX, list)
      engine.receive(hello, 0)
    }
    hand.answered(engine.take(0) ?? EMPTY)
    engine.receive(hand.message3(initiationField(plainInitiation())), 0)
    expect(hand.records().open(engine.take(0) ?? EMPTY)[0]).toBe(1)
  }
})

function insert(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  return concat(bytes.subarray(0, offset), Uint8Array.of(value), bytes.subarray(offset))
}

/** Plays two sessions side by side; the packets at `position` change places, all others go straight. */
function exchangeAt([a, b]: readonly [Ends, Ends], position: number): void {
  for (let here = 0; here <= position + 4; here++) {
    const from = here % 2 === 0 ? 'initiator' : 'responder'
    const to = here % 2 === 0 ? 'responder' : 'initiator'
    const ofA = a[from].take(0) ?? EMPTY
    const ofB = b[from].take(0) ?? EMPTY
    a[to].receive(here === position ? ofB : ofA, 0)
    b[to].receive(here === position ? ofA : ofB, 0)
  }
}
