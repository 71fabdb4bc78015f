import { describe, expect, test } from 'vitest'
import { concat, EMPTY, equal, utf8 } from '../../src/bytes.js'
import type { Dh, KeyPair, Provider } from '../../src/crypto/provider.js'
import { SottoError } from '../../src/errors.js'
import type { PeerId } from '../../src/identity/id.js'
import { generateIdentity, type Identity, keyPairOf } from '../../src/identity/identity.js'
import { pinnedPeer } from '../../src/identity/peer.js'
import { Engine } from '../../src/session/engine.js'
import { SUITES, type Suite } from '../../src/session/suites.js'
import { providers } from '../crypto/providers.js'
import {
  accept,
  endOf,
  eventsOf,
  frame,
  HandInitiator,
  HandResponder,
  helloOf,
  initiationField,
  Note,
  openInitiator,
  openResponder,
  packet,
  partsOf,
  plainInitiation,
  retryOf,
  writtenBy,
} from './byhand.js'
import { alice, bob, forSuite, initiatorSide, pairOf, responderSide, settle, suitesOf } from './pair.js'

const [HFS, XX] = SUITES
const mallory: Identity = generateIdentity()

const initiator = (provider: Provider, suite: Suite, over = {}): Engine =>
  Engine.initiate(initiatorSide({ ...forSuite(suite, provider), ...over }), 0)
const responder = (provider: Provider, suite: Suite, over = {}): Engine =>
  Engine.respond(responderSide({ ...forSuite(suite, provider), ...over }), 0)

const includes = (bytes: Uint8Array, part: Uint8Array): boolean => Buffer.from(bytes).includes(Buffer.from(part))

const publicKeyOf = (identity: Identity): Uint8Array => keyPairOf(identity).publicKey

/** What an outsider sees of an engine that got `pieces`: its bytes, and that it closed. */
const seen = (engine: Engine, pieces: readonly Uint8Array[]) => {
  writtenBy(engine)
  for (const piece of pieces) engine.receive(piece, 0)
  return { over: engine.over, written: writtenBy(engine), wakeAt: engine.wakeAt() }
}

const SILENT = { over: true, written: EMPTY, wakeAt: Number.POSITIVE_INFINITY }

const FOREIGN = [
  utf8('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n'),
  utf8('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03),
  utf8('SSH-2.0-OpenSSH_9.6\r\n'),
  utf8('\x00\x00\x00\x00\x00\x00\x00\x00\x01/\x03req'),
  utf8('SOTTO\x01'),
  utf8('\r\n\r\n'),
  Uint8Array.of(0x05, 0x01, 0x00),
]

/** Points of small order and spellings that are not reduced (RFC 7748 section 6.1, and 2^255-19 and up). */
const P = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 0xed : index === 31 ? 0x7f : 0xff))
const LOW_ORDER = [
  new Uint8Array(32),
  Uint8Array.of(1, ...new Uint8Array(31)),
  Buffer.from('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', 'hex'),
  Buffer.from('5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157', 'hex'),
  P.with(0, 0xec),
]
const NOT_CANONICAL = [
  P,
  P.with(0, 0xee),
  new Uint8Array(32).fill(0xff),
  ...LOW_ORDER.map((point) => Uint8Array.from(point).with(31, (point[31] ?? 0) | 0x80)),
]

describe.each(providers)('$name', (provider) => {
  describe.each(suitesOf(provider))('$name', (suite) => {
    test('SE-11 a man in the middle with a key of his own gets no message 3, and the static is never in clear', () => {
      const own = publicKeyOf(alice)
      const seenByMallory: Uint8Array[] = []
      // He ends the session of the initiator himself, with his identity.
      const engine = initiator(provider, suite)
      const hand = new HandResponder({ provider, identity: mallory })
      const hello = writtenBy(engine)
      engine.receive(hand.message2(hello, suite), 0)
      seenByMallory.push(hello, writtenBy(engine))
      expect(endOf(eventsOf(engine))).toBe('identity/mismatch')
      expect(seenByMallory[1]).toEqual(EMPTY)
      expect(includes(concat(...seenByMallory), own)).toBe(false)
    })

    test('SE-11 nor does one who relays the true peer and changes keys on the way', () => {
      // Every field of message 2, in its place or replaced by his own: only the untouched one is answered.
      const his = new HandResponder({ provider, identity: mallory })
      const message2 = partsOf(his.message2(writtenBy(initiator(provider, suite)), suite)).noise
      const cuts = suite.pq ? [32, 32 + 1_104, 32 + 1_104 + 48] : [32, 80]
      for (const cut of cuts) {
        const engine = initiator(provider, suite)
        const hand = new HandResponder({ provider, identity: bob })
        const true2 = partsOf(hand.message2(writtenBy(engine), suite)).noise
        engine.receive(packet(EMPTY, concat(true2.subarray(0, cut), message2.subarray(cut))), 0)
        expect(writtenBy(engine)).toEqual(EMPTY)
        expect(endOf(eventsOf(engine))).toBe('noise/failed')
      }
    })

    test('SE-11 no run that succeeds has a static of either end in clear on the wire', () => {
      const pair = settle(
        pairOf({ use: Note, initiator: forSuite(suite, provider), responder: forSuite(suite, provider) }),
      )
      pair.initiator.close(0, 1_000)
      settle(pair)
      const wire = concat(...pair.wire.map(({ bytes }) => bytes))
      for (const identity of [alice, bob]) {
        const key = publicKeyOf(identity)
        expect(includes(wire, key)).toBe(false)
        expect(includes(wire, utf8(identity.id))).toBe(false)
      }
      expect(endOf(pair.initiatorEvents)).toBe('clean')
    })

    test('SE-11 a peer that answers with our own key is refused before message 3, in both roles', () => {
      // As the peer of an initiator: the expected id is its own, or another's.
      for (const expected of [alice.id, bob.id]) {
        const engine = initiator(provider, suite, { expected })
        const hand = new HandResponder({ provider, identity: alice })
        engine.receive(hand.message2(writtenBy(engine), suite), 0)
        expect(writtenBy(engine)).toEqual(EMPTY)
        expect(endOf(eventsOf(engine))).toBe('identity/self')
      }
      // As the peer of a responder that would trust anybody.
      const engine = responder(provider, suite, { trust: pinnedPeer })
      const hand = new HandInitiator({ provider, identity: bob })
      engine.receive(hand.hello(suite), 0)
      hand.answered(writtenBy(engine))
      engine.receive(hand.message3(), 0)
      expect(writtenBy(engine)).toEqual(EMPTY)
      expect(endOf(eventsOf(engine))).toBe('identity/self')
    })

    test('SE-9 an end that is sent what it said itself closes without a byte', () => {
      const engine = initiator(provider, suite)
      const hello = writtenBy(engine)
      expect(seen(engine, [hello])).toEqual(SILENT)
      // Two initiators, or two responders, on one pipe.
      const other = initiator(provider, suite)
      expect(seen(other, [writtenBy(initiator(provider, suite))])).toEqual(SILENT)
      const listener = responder(provider, suite)
      const hand = new HandInitiator({ provider, identity: alice })
      listener.receive(hand.hello(suite), 0)
      const message2 = writtenBy(listener)
      listener.receive(message2, 0)
      expect([listener.state, writtenBy(listener)]).toEqual(['dead', EMPTY])
    })

    test('SE-9 until message 3 every fault of an initiator looks alike: no byte, and closed', () => {
      const good = new HandInitiator({ provider, identity: alice }).hello(suite)
      const { neg, noise } = partsOf(good)
      const faults: Readonly<Record<string, () => readonly Uint8Array[]>> = {
        ...Object.fromEntries(FOREIGN.map((bytes, index) => [`foreign ${index}`, () => [bytes]])),
        'neg of 129 bytes': () => [Uint8Array.of(0, 129)],
        'noise of 16,001 bytes': () => [Uint8Array.of(0, 1, 0, 0x3e, 0x81)],
        'no hello': () => [packet(EMPTY, noise)],
        'a suite nobody knows': () => [packet(helloOf([0xfffe], 0), noise)],
        'a suite not allowed': () => [packet(helloOf([suite.pq ? XX.id : HFS.id], 0), noise)],
        'a psk id where there must be none, or none': () => [
          packet(helloOf([suite.id], 0, suite.psk ? EMPTY : Uint8Array.of(1)), noise),
        ],
        'a version of tomorrow': () => [packet(neg.with(5, 2), noise)],
        'message 1 cut': () => [packet(neg, noise.subarray(0, -1))],
        'message 1 with a payload': () => [packet(neg, concat(noise, Uint8Array.of(0)))],
        'message 1 empty': () => [packet(neg, EMPTY)],
        'an ephemeral of zeros': () => [packet(neg, concat(new Uint8Array(32), noise.subarray(32)))],
        'an ephemeral not reduced': () => [packet(neg, concat(P, noise.subarray(32)))],
        'a Retry': () => [retryOf(suite.id)],
        ...(suite.pq && {
          'a KEM key out of range': () => [
            packet(neg, concat(noise.subarray(0, 32), new Uint8Array(1_184).fill(0xff))),
          ],
        }),
      }
      const wrong: string[] = []
      for (const [what, pieces] of Object.entries(faults)) {
        const { over, written } = seen(responder(provider, suite), pieces())
        if (!over || written.length > 0) wrong.push(what)
      }
      expect(wrong).toEqual([])
      expect(Object.keys(faults).length).toBeGreaterThan(18)
    })

    test('SE-9 and so does every fault in message 3 before it is proved', () => {
      const step = (spoil: (message3: Uint8Array, hand: HandInitiator) => readonly Uint8Array[], keys?: KeyPair) => {
        const engine = responder(provider, suite)
        const hand = new HandInitiator({ provider, identity: alice, ...(keys && { keys }) })
        engine.receive(hand.hello(suite), 0)
        hand.answered(writtenBy(engine))
        return seen(engine, spoil(hand.message3(), hand))
      }
      const stranger = (): Uint8Array => {
        const engine = responder(provider, suite)
        const hand = new HandInitiator({ provider, identity: alice })
        engine.receive(hand.hello(suite), 0)
        hand.answered(writtenBy(engine))
        return hand.message3()
      }
      for (const spoil of [
        (bytes: Uint8Array) => [bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1)],
        (bytes: Uint8Array) => [bytes.with(4, (bytes[4] ?? 0) ^ 1)],
        (bytes: Uint8Array) => [packet(EMPTY, partsOf(bytes).noise.subarray(0, -1))],
        (bytes: Uint8Array) => [packet(EMPTY, concat(partsOf(bytes).noise, Uint8Array.of(0)))],
        (bytes: Uint8Array) => [packet(Uint8Array.of(0), partsOf(bytes).noise)],
        () => [packet(EMPTY, EMPTY)],
        () => [packet(EMPTY, new Uint8Array(64))],
        () => [stranger()],
        () => [new HandInitiator({ provider, identity: alice }).hello(suite)],
        () => [frame({ is: 'PING', count: 1 }), new Uint8Array(1_000).fill(0x41)],
      ])
        expect(step(spoil)).toEqual(SILENT)
      // A key pair that does not belong together: `se` fails.
      const [a, b] = [keyPairOf(alice), keyPairOf(mallory)]
      expect(step((bytes) => [bytes], { secretKey: b.secretKey, publicKey: a.publicKey })).toEqual(SILENT)
    })

    test('SE-9 SE-13 every fault of a responder looks alike to it: no byte, and closed', () => {
      const message2 = (payload = EMPTY, identity = bob) => {
        const engine = initiator(provider, suite)
        const hand = new HandResponder({ provider, identity })
        return { engine, bytes: hand.message2(writtenBy(engine), suite, payload) }
      }
      const outcomes = [
        message2(Uint8Array.of(1)),
        message2(Uint8Array.of(0, 0, 9)),
        message2(initiationField(plainInitiation())),
        message2(EMPTY, mallory),
        message2(EMPTY, alice),
        ...FOREIGN.map((bytes) => ({
          engine: initiator(provider, suite),
          bytes: concat(bytes, new Uint8Array(200).fill(0x41)),
        })),
      ].map(({ engine, bytes }) => seen(engine, [bytes]))
      for (const outcome of outcomes) expect(outcome).toEqual(SILENT)
      // Padding of message 2 is no fault.
      const padded = message2(new Uint8Array(3_000))
      padded.engine.receive(padded.bytes, 0)
      expect(padded.engine.state).toBe('I.verdict')
    })

    test('SE-12 an ephemeral that is not canonical, or of small order, is refused in message 1 and 2', () => {
      for (const point of [...NOT_CANONICAL, ...LOW_ORDER]) {
        const { neg, noise } = partsOf(new HandInitiator({ provider, identity: alice }).hello(suite))
        expect(seen(responder(provider, suite), [packet(neg, concat(point, noise.subarray(32)))])).toEqual(SILENT)
        const engine = initiator(provider, suite)
        const hand = new HandResponder({ provider, identity: bob })
        const answer = partsOf(hand.message2(writtenBy(engine), suite)).noise
        expect(seen(engine, [packet(EMPTY, concat(point, answer.subarray(32)))])).toEqual(SILENT)
      }
    })

    test('SE-12 ID-3 a static that is not canonical, or of small order, is refused in silence', () => {
      const { secretKey } = keyPairOf(mallory)
      for (const point of [...NOT_CANONICAL, ...LOW_ORDER]) {
        const of = withAgreement(provider, point)
        const keys = { secretKey, publicKey: point }
        const engine = initiator(provider, suite)
        const hand = new HandResponder({ provider: of, identity: bob, keys })
        expect(seen(engine, [hand.message2(writtenBy(engine), suite)])).toEqual(SILENT)
        const listener = responder(provider, suite, { trust: pinnedPeer })
        const dialler = new HandInitiator({ provider: of, identity: alice, keys })
        listener.receive(dialler.hello(suite), 0)
        dialler.answered(writtenBy(listener))
        expect(seen(listener, [dialler.message3()])).toEqual(SILENT)
      }
    })

    test('SE-12 ID-3 a second spelling of an ephemeral or a static is refused, though all it computes is right', () => {
      // Bit 255 does not count in X25519, so such a handshake succeeds for whoever does not look.
      for (const [which, end] of [
        ['e', 'session/malformed'],
        ['s', 'identity/malformed'],
      ] as const) {
        const of = withSecondSpelling(provider, which)
        const keys = which === 's' ? spelledTwice(keyPairOf(mallory)) : keyPairOf(mallory)
        const engine = initiator(provider, suite, { expected: mallory.id })
        const hand = new HandResponder({ provider: of, identity: mallory, keys })
        expect(seen(engine, [hand.message2(writtenBy(engine), suite)])).toEqual(SILENT)
        expect(endOf(eventsOf(engine))).toBe(end)
        const listener = responder(provider, suite, { trust: pinnedPeer })
        const dialler = new HandInitiator({ provider: of, identity: mallory, keys })
        listener.receive(dialler.hello(suite), 0)
        if (which === 's') {
          dialler.answered(writtenBy(listener))
          listener.receive(dialler.message3(), 0)
        }
        expect([listener.over, writtenBy(listener), endOf(eventsOf(listener))]).toEqual([true, EMPTY, end])
      }
    })

    test('SE-9 a fault that comes with a good message takes back the answer to it', () => {
      const hello = new HandInitiator({ provider, identity: alice }).hello(suite)
      expect(seen(responder(provider, suite), [concat(hello, Uint8Array.of(0xff, 0xff))])).toEqual(SILENT)
      expect(seen(responder(provider, suite), [concat(hello, packet(EMPTY, new Uint8Array(64)))])).toEqual(SILENT)
      const engine = initiator(provider, suite)
      engine.close(0, 1_000)
      expect([writtenBy(engine), endOf(eventsOf(engine))]).toEqual([EMPTY, 'session/closed'])
    })

    test('SE-18 an untrusted key is refused with one code, and its initiation is not decoded', () => {
      for (const payload of [initiationField(plainInitiation()), Uint8Array.of(2, 0, 1, 0xff), EMPTY]) {
        const engine = responder(provider, suite)
        const hand = new HandInitiator({ provider, identity: mallory })
        engine.receive(hand.hello(suite), 0)
        hand.answered(writtenBy(engine))
        engine.receive(hand.message3(payload), 0)
        expect(hand.records().open(writtenBy(engine))).toEqual(frame({ is: 'REFUSE', code: 16, detail: '' }))
        expect([engine.state, endOf(eventsOf(engine))]).toEqual(['refused', 'identity/not-trusted'])
      }
    })

    test('SE-18 trust is asked by the id that was proved and the Unix time, once', () => {
      const asked: unknown[] = []
      const trust = (...what: readonly unknown[]) => {
        asked.push(what)
        return undefined
      }
      const why: unknown[] = []
      const whyNot = (...what: readonly unknown[]) => why.push(what)
      const engine = responder(provider, suite, { trust, whyNot, epochMs: 1_000_000 })
      const hand = new HandInitiator({ provider, identity: alice })
      engine.receive(hand.hello(suite), 10)
      hand.answered(writtenBy(engine))
      engine.receive(hand.message3(), 234)
      expect(asked).toEqual([[alice.id, undefined, 1_000_234]])
      expect(why).toEqual(asked)
    })

    test('SE-15 an initiator has nothing to send between message 3 and ACCEPT', () => {
      const engine = initiator(provider, suite, { uses: [Note], serves: [Note] })
      const hand = new HandResponder({ provider, identity: bob })
      engine.receive(hand.message2(writtenBy(engine), suite), 0)
      hand.message3(writtenBy(engine))
      const act = { contract: 'note.v1', operation: 'put', value: null, ttlMs: 0, labels: {} }
      for (const premature of [() => engine.admit(act, 1), () => engine.ping(1)])
        expect(codeOf(premature)).toBe('session/closed')
      engine.wake(9_999)
      expect(writtenBy(engine)).toEqual(EMPTY)
      engine.receive(hand.records().seal(accept()), 9_999)
      expect(engine.state).toBe('open')
      expect(engine.ping(9_999)).toBe(1)
    })

    test('CH-14 when a session is over nothing seals, opens or exports, whatever ended it', () => {
      const ends: readonly ((engine: Engine) => void)[] = [
        (engine) => engine.abort(SottoError.of('session/closed', 'aborted')),
        (engine) => engine.ended(),
        (engine) => engine.receive(concat(Uint8Array.of(0, 20), new Uint8Array(20)), 0),
        (engine) => engine.wake(10 ** 9),
      ]
      for (const open of [openInitiator, openResponder])
        for (const end of ends) {
          const { engine } = open(provider, suite)
          const [event] = eventsOf(engine)
          if (event?.is !== 'established') throw new Error('expected a session')
          expect(event.established.exportKey('mine', EMPTY, 32)).toHaveLength(32)
          end(engine)
          writtenBy(engine)
          expect(engine.over).toBe(true)
          expect(codeOf(() => event.established.exportKey('mine', EMPTY, 32))).toBe('noise/misuse')
          expect(codeOf(() => engine.ping(0))).toBe('session/closed')
          engine.receive(new Uint8Array(100), 0)
          engine.wake(10 ** 10)
          expect([writtenBy(engine), eventsOf(engine).filter(({ is }) => is !== 'closed')]).toEqual([EMPTY, []])
        }
    })

    test('CH-14 every key that is imported is erased by the end, at whatever step the session ends', () => {
      for (let steps = 0; steps <= 5; steps++) {
        const ledger = { live: 0, imported: 0 }
        const watched = withLedger(provider, ledger)
        const side = forSuite(suite, watched)
        const pair = pairOf({ use: Note, initiator: side, responder: side })
        const turns = [pair.initiator, pair.responder] as const
        for (let step = 0; step < steps; step++) turns[(step + 1) % 2]?.receive(turns[step % 2]?.take(0) ?? EMPTY, 0)
        for (const engine of turns) engine.ended()
        expect(ledger.imported).toBeGreaterThan(0)
        expect(ledger.live, `after ${steps} packets`).toBe(0)
      }
    })

    test('CH-14 a refused, a mistaken and a late peer leave no key either', () => {
      const runs: readonly [string, Parameters<typeof pairOf>[0]][] = [
        ['not trusted', { responder: { trust: () => undefined } }],
        ['unserved', { initiator: { uses: [Note] } }],
        ['another peer', { initiator: { expected: mallory.id } }],
        ['oneself', { responder: { identity: alice } }],
        ['another service', { initiator: { service: 'x' } }],
        ['too long', { initiator: { context: new Uint8Array(12_000) } }],
        ['too long an answer', { responder: { context: new Uint8Array(70_000) } }],
      ]
      for (const [what, of] of runs) {
        const ledger = { live: 0, imported: 0 }
        const side = forSuite(suite, withLedger(provider, ledger))
        const pair = settle(
          pairOf({ initiator: { ...of?.initiator, ...side }, responder: { ...of?.responder, ...side } }),
        )
        pair.initiator.wake(20_000)
        pair.responder.wake(20_000)
        expect([pair.initiator.over, pair.responder.over]).toEqual([true, true])
        expect(ledger.live, what).toBe(0)
      }
    })
  })

  test('CH-14 a handshake that goes through a Retry leaves no key either', () => {
    const ledger = { live: 0, imported: 0 }
    const of = withLedger(provider, ledger)
    const pair = settle(pairOf({ initiator: { provider: of, pq: 'prefer' }, responder: { provider: of, pq: 'off' } }))
    expect(pair.initiator.state).toBe('open')
    // Four of the session: a key to seal and one to open at each end.
    expect(ledger.live).toBe(4)
    pair.initiator.close(0, 1_000)
    settle(pair)
    expect(ledger.live).toBe(0)
  })

  test('CH-14 what an end imports of its static key is overwritten at once, in either role', () => {
    const { secretKey } = keyPairOf(alice)
    const imported: Uint8Array[] = []
    const X25519: Dh = provider.dh['25519']
    const importKey: Dh['importKey'] = (secret, publicKey) => {
      if (equal(secret, secretKey)) imported.push(secret)
      return X25519.importKey(secret, publicKey)
    }
    const watched = { ...provider, dh: { ...provider.dh, '25519': { ...X25519, importKey } } }
    const side = { identity: alice, pq: 'off' } as const
    Engine.initiate(initiatorSide({ ...side, expected: bob.id }, watched), 0)
    const listening = Engine.respond(responderSide(side, watched), 0)
    listening.receive(new HandInitiator({ provider, identity: bob }).hello(XX), 0)
    expect(imported).toEqual([new Uint8Array(32), new Uint8Array(32)])
  })

  test('SE-105 SE-87 both ends are judged again by what was shown then, whatever becomes of the bytes', () => {
    const asked: unknown[] = []
    const trust = (id: PeerId, credential: Uint8Array | undefined, unixMs: number) => {
      asked.push([id, credential, unixMs])
      return pinnedPeer(id)
    }
    for (const shown of [undefined, Uint8Array.of(1, 2, 3)]) {
      const engine = responder(provider, XX, { trust, epochMs: 1_000 })
      const hand = new HandInitiator({ provider, identity: alice })
      engine.receive(hand.hello(XX), 0)
      hand.answered(writtenBy(engine))
      const field = shown === undefined ? EMPTY : concat(Uint8Array.of(1, 0, shown.length), shown)
      const message3 = hand.message3(concat(field, initiationField(plainInitiation())))
      engine.receive(message3, 5)
      message3.fill(0)
      engine.retrust(7)
      expect(asked.splice(0)).toEqual([
        [alice.id, shown, 1_005],
        [alice.id, shown, 1_007],
      ])
    }
  })

  test('SE-105 SE-107 where trust cannot be asked again that is a defect, and no word on the peer', () => {
    const answers: (() => PeerId)[] = []
    const known = { mode: 'strict', known: () => answers.shift()?.() ?? bob.id } as const
    const opened = () => openInitiator(provider, XX, { expected: { endpoint: 'here', known } }).engine
    const failing = opened()
    answers.push(() => {
      throw new RangeError('the disk')
    })
    expect(() => failing.retrust(1)).toThrow('the disk')
    const other = opened()
    answers.push(() => mallory.id)
    other.retrust(1)
    expect(endOf(eventsOf(other))).toBe('identity/not-trusted')
  })

  test('SE-1 a length over its limit is refused with its second byte, in every state that takes packets', () => {
    const hand = new HandInitiator({ provider, identity: alice })
    const atMessage3 = responder(provider, XX)
    atMessage3.receive(hand.hello(XX), 0)
    for (const engine of [responder(provider, XX), initiator(provider, XX), atMessage3]) writtenBy(engine)
    const ends = (): Engine[] => {
      const third = responder(provider, XX)
      third.receive(new HandInitiator({ provider, identity: alice }).hello(XX), 0)
      const retried = responder(provider, XX)
      retried.receive(packet(helloOf([HFS.id, XX.id], 0), EMPTY), 0)
      return [responder(provider, XX), initiator(provider, XX), third, retried]
    }
    for (const header of [
      [0x00, 0x81],
      [0xff, 0xff],
      [0x00, 0x00, 0x3e, 0x81],
      [0x00, 0x02, 1, 2, 0xff, 0xff],
    ]) {
      for (const engine of ends()) {
        writtenBy(engine)
        const bytes = Uint8Array.of(...header)
        engine.receive(bytes.subarray(0, -1), 0)
        expect(engine.over).toBe(false)
        engine.receive(bytes.subarray(-1), 0)
        expect([engine.over, writtenBy(engine)]).toEqual([true, EMPTY])
        expect(endOf(eventsOf(engine))).toBe('session/malformed')
      }
    }
    for (const header of [
      [0x00, 0x80],
      [0x00, 0x00, 0x3e, 0x80],
    ]) {
      const engine = responder(provider, XX)
      engine.receive(Uint8Array.of(...header), 0)
      expect(engine.over).toBe(false)
    }
  })

  test('SE-1 memory of a half-open end follows what came, not the length that was declared', () => {
    const before = process.memoryUsage().arrayBuffers
    const engines = Array.from({ length: 1_000 }, () => {
      const engine = Engine.respond(responderSide({ pq: 'off' }, provider), 0)
      for (const byte of [0, 0, 0x3e, 0x80, 1]) engine.receive(Uint8Array.of(byte), 0)
      return engine
    })
    // What 1,000 of the declared packets take is 16 MB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000)
    expect(engines.every(({ over }) => !over)).toBe(true)
  })

  test('SE-9 a handshake that drips is over at its time: while it drips, and by the timer alone', () => {
    const run = (end: (engine: Engine, at: number) => void): void => {
      const engine = responder(provider, XX, { handshakeMs: 1_000 })
      const hello = new HandInitiator({ provider, identity: alice }).hello(XX)
      expect(engine.wakeAt()).toBe(1_000)
      for (const [index, byte] of hello.entries()) {
        const at = index * 30
        if (at >= 1_000) break
        engine.receive(Uint8Array.of(byte), at)
        engine.wake(at)
        expect(engine.over).toBe(false)
      }
      end(engine, 1_000)
      expect([engine.over, writtenBy(engine), endOf(eventsOf(engine))]).toEqual([true, EMPTY, 'session/timeout'])
    }
    run((engine, at) => engine.wake(at))
    // The bytes that come late are late, though the timer has not run.
    run((engine, at) => engine.receive(Uint8Array.of(0), at))
    const late = initiator(provider, XX, { handshakeMs: 1_000 })
    const hand = new HandResponder({ provider, identity: bob })
    late.receive(hand.message2(writtenBy(late), XX), 999)
    hand.message3(writtenBy(late))
    late.receive(hand.records().seal(accept({ serves: [], uses: [] })), 1_000)
    expect([late.state, endOf(eventsOf(late)), writtenBy(late)]).toEqual(['dead', 'session/timeout', EMPTY])
  })

  test('SE-10 SE-7 a Retry that an attacker puts in brings nobody to a lesser suite', () => {
    const side = { ...forSuite(HFS, provider), pq: 'prefer' } as const
    const pair = pairOf({ initiator: side, responder: side })
    const first = writtenBy(pair.initiator)
    pair.initiator.receive(retryOf(XX.id), 0)
    const second = writtenBy(pair.initiator)
    // The responder sees the second Hello as a first: it wants the better suite, which the initiator does not take twice.
    pair.responder.receive(second, 0)
    const retry = writtenBy(pair.responder)
    expect(retry).toEqual(retryOf(HFS.id))
    pair.initiator.receive(retry, 0)
    expect([pair.initiator.state, writtenBy(pair.initiator)]).toEqual(['dead', EMPTY])
    // Nor does it help to cut the better suite out of the list.
    const cut = responder(provider, XX, { pq: 'prefer' })
    cut.receive(packet(helloOf([XX.id], 0), partsOf(second).noise), 0)
    const victim = Engine.initiate(initiatorSide({ pq: 'prefer' }, provider), 0)
    writtenBy(victim)
    victim.receive(retryOf(XX.id), 0)
    const noise = partsOf(writtenBy(victim)).noise
    const stripped = responder(provider, XX, { pq: 'prefer' })
    stripped.receive(packet(helloOf([XX.id], 0), noise), 0)
    victim.receive(writtenBy(stripped), 0)
    expect([victim.state, endOf(eventsOf(victim))]).toEqual(['dead', 'noise/failed'])
    expect(first.length).toBeGreaterThan(second.length)
  })
})

function codeOf(act: () => unknown): string | undefined {
  try {
    act()
  } catch (error) {
    if (error instanceof SottoError) return error.code
    throw error
  }
  return undefined
}

/** A provider for an attacker: DH with `point`, which ours would refuse, is what the other side would get. */
function withAgreement(provider: Provider, point: Uint8Array): Provider {
  const dh = provider.dh['25519']
  const forged: Dh = {
    ...dh,
    name: dh.name,
    length: dh.length,
    importKey: (secretKey, publicKey) => {
      const key = dh.importKey(secretKey)
      return publicKey !== undefined && Buffer.from(point).equals(publicKey)
        ? { publicKey: Uint8Array.from(point), agree: (other) => key.agree(other), erase: () => key.erase() }
        : key
    },
  }
  return { ...provider, dh: { ...provider.dh, '25519': forged } }
}

const spelledTwice = ({ secretKey, publicKey }: KeyPair): KeyPair => ({
  secretKey,
  publicKey: publicKey.with(31, (publicKey[31] ?? 0) | 0x80),
})

/** A provider for an attacker that says `e`, or the given public key of `s`, with bit 255 set. */
function withSecondSpelling(provider: Provider, which: 'e' | 's'): Provider {
  const dh = provider.dh['25519']
  const forged: Dh = {
    name: dh.name,
    length: dh.length,
    importKey: (secretKey, publicKey) => {
      const key = dh.importKey(secretKey)
      const isStatic = publicKey !== undefined
      const said =
        isStatic === (which === 's') ? spelledTwice({ secretKey, publicKey: key.publicKey }).publicKey : key.publicKey
      return { publicKey: said, agree: (other) => key.agree(other), erase: () => key.erase() }
    },
  }
  return { ...provider, dh: { ...provider.dh, '25519': forged } }
}

/** Counts keys that are imported and not erased. */
function withLedger(provider: Provider, ledger: { live: number; imported: number }): Provider {
  const watch = <K extends { erase(): void }>(key: K, wrap: (erase: () => void) => K): K => {
    ledger.live++
    ledger.imported++
    let live = true
    return wrap(() => {
      if (live) ledger.live--
      live = false
      key.erase()
    })
  }
  const dh = provider.dh['25519']
  const { ChaChaPoly, AESGCM } = provider.cipher
  type AeadKey = ReturnType<typeof ChaChaPoly.importKey>
  const aead = (key: AeadKey): AeadKey =>
    watch(key, (erase) => ({
      seal: (n, ad, plaintext, out) => key.seal(n, ad, plaintext, out),
      open: (n, ad, ciphertext) => key.open(n, ad, ciphertext),
      rekey: () => aead(key.rekey()),
      erase,
    }))
  const kem = provider.mlkem768
  return {
    ...provider,
    dh: {
      ...provider.dh,
      '25519': {
        name: dh.name,
        length: dh.length,
        importKey: (secret, publicKey) => {
          const key = dh.importKey(secret, publicKey)
          return watch(key, (erase) => ({ publicKey: key.publicKey, agree: (other) => key.agree(other), erase }))
        },
      },
    },
    cipher: {
      ChaChaPoly: { name: 'ChaChaPoly', importKey: (key) => aead(ChaChaPoly.importKey(key)) },
      AESGCM: { name: 'AESGCM', importKey: (key) => aead(AESGCM.importKey(key)) },
    },
    mlkem768: {
      publicKeyLength: kem.publicKeyLength,
      ciphertextLength: kem.ciphertextLength,
      secretLength: kem.secretLength,
      encapsulate: (publicKey, m) => kem.encapsulate(publicKey, m),
      importKey: (seed) => {
        const key = kem.importKey(seed)
        return watch(key, (erase) => ({
          publicKey: key.publicKey,
          decapsulate: (bytes) => key.decapsulate(bytes),
          erase,
        }))
      },
    },
  }
}
