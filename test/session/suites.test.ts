import { describe, expect, test } from 'vitest'
import { concat, EMPTY } from '../../src/bytes.js'
import type { Provider } from '../../src/crypto/provider.js'
import { parseProtocol } from '../../src/noise/protocol.js'
import { Engine } from '../../src/session/engine.js'
import type { InitiatorSide, Psk, ResponderSide } from '../../src/session/side.js'
import { POST_QUANTUM, type PostQuantum, SUITES, type Suite, suitesFor } from '../../src/session/suites.js'
import { providers } from '../crypto/providers.js'
import { heldBy } from '../setup/held.js'
import { endOf, eventsOf, HandInitiator, helloOf, packet, partsOf, retryOf, writtenBy } from './byhand.js'
import { alice, forSuite, initiatorSide, type Pair, PSK, pairOf, responderSide, settle, suitesOf } from './pair.js'

const SETTINGS = Object.keys(POST_QUANTUM) as PostQuantum[] // A cast, for `keys` says `string`.
const [HFS, XX, HFS_PSK, XX_PSK] = SUITES

const withAes = (provider: Provider, nativeAes: boolean): Provider => ({ ...provider, nativeAes })
const pskOf = (...known: readonly Psk[]): NonNullable<ResponderSide['pskOf']> => {
  const keys = new Map(known.map(({ id, key }) => [id.join(), key]))
  return (id) => keys.get(id.join())
}
const pskIdOf = (hello: Uint8Array): Uint8Array => {
  const { neg } = partsOf(hello)
  return neg.slice(7 + 2 * (neg[6] ?? 0) + 2)
}
const listOf = (hello: Uint8Array): number[] => {
  const { neg } = partsOf(hello)
  return Array.from({ length: neg[6] ?? 0 }, (_, index) => (neg[7 + 2 * index] ?? 0) * 256 + (neg[8 + 2 * index] ?? 0))
}
const helloOfSide = (over: Partial<InitiatorSide>): Uint8Array => writtenBy(Engine.initiate(initiatorSide(over), 0))

describe('SUITES', () => {
  test.each(SUITES)(
    'SE-4 the id and the sizes of $name follow from its name',
    ({ id, name, cipher, pq, psk, sizes }) => {
      expect(id).toBe(1 + (pq ? 0 : 0x10) + (psk ? 0x20 : 0) + (cipher === 'AESGCM' ? 0x100 : 0))
      const modifiers = [pq ? 'hfs' : '', psk ? 'psk3' : ''].filter((each) => each !== '').join('+')
      expect(name).toBe(`Noise_XX${modifiers}_25519${pq ? '+MLKEM768' : ''}_${cipher}_SHA256`)
      expect(parseProtocol(name).messages.map(({ minimum }) => minimum)).toEqual(sizes)
    },
  )

  test('SE-5 SE-80 SE-81 the lists of every setting, best first', () => {
    const lists = SETTINGS.flatMap((pq) =>
      [false, true].flatMap((psk) =>
        [false, true].map((nativeAes) => suitesFor(pq, psk, { nativeAes }).map(({ id }) => id.toString(16))),
      ),
    )
    expect(lists).toEqual([
      ['1'],
      ['101', '1'],
      ['21'],
      ['121', '21'],
      ['1', '11'],
      ['101', '1', '111', '11'],
      ['21', '31'],
      ['121', '21', '131', '31'],
      ['11'],
      ['111', '11'],
      ['31'],
      ['131', '31'],
    ])
  })
})

/** What the dialler has: no psk, the listener's, another under the same id, one under another id. */
const DIALLED: Readonly<Record<string, Psk | undefined>> = {
  none: undefined,
  right: PSK,
  wrong: { id: PSK.id, key: new Uint8Array(32).fill(0xa5) },
  unknown: { id: Uint8Array.of(1, 2, 3), key: PSK.key },
}
const LISTENED: Readonly<Record<string, ResponderSide['pskOf']>> = { none: undefined, one: pskOf(PSK) }

/** `plain` and `psk`: a session of such a suite; else the packet of the dialler that nothing answers. */
const PSK_OUTCOMES: Readonly<Record<string, 'plain' | 'psk' | 'hello' | 'message 3'>> = {
  'none none': 'plain',
  'none one': 'hello',
  'right none': 'hello',
  'right one': 'psk',
  'wrong none': 'hello',
  'wrong one': 'message 3',
  'unknown none': 'hello',
  'unknown one': 'message 3',
}
const PQ_OUTCOMES: Readonly<Record<string, 'XXhfs' | 'XX' | 'hello'>> = {
  'require require': 'XXhfs',
  'require prefer': 'XXhfs',
  'require off': 'hello',
  'prefer require': 'XXhfs',
  'prefer prefer': 'XXhfs',
  'prefer off': 'XX',
  'off require': 'hello',
  'off prefer': 'XX',
  'off off': 'XX',
}

/** What became of a pair: the suite of both, or the packet of the initiator that met silence. */
const outcomeOf = (pair: Pair): string => {
  const names = [...pair.initiatorEvents, ...pair.responderEvents].flatMap((event) =>
    event.is === 'established' ? [event.established.suite.name] : [],
  )
  if (names.length > 0) return new Set(names).size === 1 && names.length === 2 ? (names[0] ?? '') : 'half a session'
  const last = pair.wire.at(-1)
  if (last?.from !== 'initiator') return 'an answer'
  return partsOf(last.bytes).neg.length > 0 ? 'hello' : 'message 3'
}

const expectedOf = (pq: string, psk: string, aes: string): string => {
  const [shape, secret] = [PQ_OUTCOMES[pq] ?? '', PSK_OUTCOMES[psk] ?? '']
  if (shape === 'hello' || secret === 'hello') return 'hello'
  if (secret === 'message 3') return 'message 3'
  const cipher = aes === 'true true' ? 'AESGCM' : 'ChaChaPoly'
  const suite = SUITES.find(
    (each) => each.pq === (shape === 'XXhfs') && each.psk === (secret === 'psk') && each.cipher === cipher,
  )
  return suite?.name ?? 'no suite'
}

describe.each(providers)('the listener has $name', (far) => {
  describe.each(providers)('the dialler has $name', (near) => {
    test('SE-5 SE-6 SE-17 SE-80 SE-81 SE-82 every two settings end in the suite of the tables, or meet silence', () => {
      const found: string[] = []
      const wanted: string[] = []
      for (const nearPq of SETTINGS)
        for (const farPq of SETTINGS)
          for (const [dialled, psk] of Object.entries(DIALLED))
            for (const [listened, known] of Object.entries(LISTENED)) {
              const initiator = { provider: near, pq: nearPq, ...(psk && { psk }) }
              const responder = { provider: far, pq: farPq, ...(known && { pskOf: known }) }
              const pair = settle(pairOf({ initiator, responder }))
              const outcome = outcomeOf(pair)
              const [pq, secret, aes] = [
                `${nearPq} ${farPq}`,
                `${dialled} ${listened}`,
                `${near.nativeAes} ${far.nativeAes}`,
              ]
              found.push(`${pq}, ${secret}: ${outcome}`)
              wanted.push(`${pq}, ${secret}: ${expectedOf(pq, secret, aes)}`)
              if (outcome.startsWith('Noise')) continue
              // R is dead, I waits for an answer that cannot come.
              const end = outcome === 'hello' ? 'session/suite' : 'noise/failed'
              expect([pair.responder.state, endOf(pair.responderEvents)]).toEqual(['dead', end])
              pair.initiator.wake(10_000)
              expect([endOf(eventsOf(pair.initiator)), writtenBy(pair.initiator)]).toEqual(['session/timeout', EMPTY])
            }
      expect(found).toEqual(wanted)
      expect(found).toHaveLength(72)
    })
  })
})

const [any] = providers
if (any === undefined) throw new Error('expected a provider')
const provider = providers.at(-1) ?? any

test('SE-81 an end without native AES neither lists AESGCM nor takes it, and one with it lists it first', () => {
  for (const pq of SETTINGS) {
    const [with_, without] = [true, false].map((nativeAes) =>
      listOf(helloOfSide({ pq, provider: withAes(provider, nativeAes) })),
    )
    expect(without?.some((id) => id >= 0x100)).toBe(false)
    expect(with_?.[0]).toBe((without?.[0] ?? 0) + 0x100)
    expect(with_?.filter((id) => id < 0x100)).toEqual(without)
  }
  for (const suite of SUITES.filter(({ cipher }) => cipher === 'AESGCM')) {
    const engine = Engine.respond(
      responderSide({ ...forSuite(suite, provider), provider: withAes(provider, false) }),
      0,
    )
    engine.receive(new HandInitiator({ provider, identity: alice }).hello(suite), 0)
    expect([engine.state, writtenBy(engine)]).toEqual(['dead', EMPTY])
  }
})

test('SE-17 a listener without AES brings a dialler with it to ChaChaPoly by one Retry', () => {
  const side = { pq: 'prefer', psk: PSK, pskOf: pskOf(PSK) } as const
  const pair = settle(
    pairOf({
      initiator: { ...side, provider: withAes(provider, true) },
      responder: { ...side, provider: withAes(provider, false) },
    }),
  )
  expect(outcomeOf(pair)).toBe(HFS_PSK.name)
  expect(pair.wire[1]?.bytes).toEqual(retryOf(HFS_PSK.id))
})

test('SE-80 with a psk an end lists psk suites alone and its id, without one neither', () => {
  for (const pq of SETTINGS) {
    const [plain, secret] = [helloOfSide({ pq }), helloOfSide({ pq, psk: PSK })]
    expect([pskIdOf(plain), pskIdOf(secret)]).toEqual([EMPTY, PSK.id])
    expect(listOf(secret)).toEqual(listOf(plain).map((id) => id + 0x20))
  }
})

test('SE-85 a Hello whose suites do not go with its psk id is met with silence, whatever the listener has', () => {
  const [id] = [Uint8Array.of(7)]
  const forms: readonly (readonly [readonly Suite[], Uint8Array])[] = [
    [[XX], id],
    [[XX_PSK], EMPTY],
    [[XX_PSK, XX], PSK.id],
    [[XX, XX_PSK], PSK.id],
    [[XX, XX_PSK], EMPTY],
    [[XX_PSK, HFS], PSK.id],
  ]
  for (const known of Object.values(LISTENED))
    for (const [suites, pskId] of forms) {
      const side = { pq: 'prefer', provider, ...(known && { pskOf: known }) } as const
      const engine = Engine.respond(responderSide(side), 0)
      const ids = suites.map((suite) => suite.id)
      const [first = XX] = suites
      engine.receive(packet(helloOf(ids, 0, pskId), new Uint8Array(first.sizes[0])), 0)
      expect([engine.state, writtenBy(engine), endOf(eventsOf(engine))]).toEqual(['dead', EMPTY, 'session/suite'])
    }
})

test('SE-8 a second Hello with another psk id is met with silence', () => {
  for (const second of [DIALLED.unknown?.id ?? EMPTY, EMPTY, PSK.id]) {
    const engine = Engine.respond(responderSide({ pq: 'off', provider, pskOf: pskOf(PSK) }), 0)
    const hand = new HandInitiator({ provider, identity: alice })
    const ids = [HFS_PSK.id, XX_PSK.id]
    const first = hand.hello(HFS_PSK, ids)
    engine.receive(first, 0)
    hand.retried(first, writtenBy(engine))
    engine.receive(hand.hello(XX_PSK, ids, second), 0)
    expect(engine.state).toBe(second === PSK.id ? 'R.message3' : 'dead')
  }
})

describe.each(providers)('psk3 with $name', (of) => {
  const suites = suitesOf(of).filter(({ psk }) => psk)

  /** All that can be seen of a dial with `psk`: pieces with their lengths, and how each end stood at each time. */
  const seenOf = (suite: Suite, psk: Psk, over: Partial<ResponderSide> = {}) => {
    const side = forSuite(suite, of)
    const pair = settle(pairOf({ initiator: { ...side, psk }, responder: { ...side, pskOf: pskOf(PSK), ...over } }))
    const events = pair.responderEvents.map((event) => (event.is === 'closed' ? event.error?.message : event.is))
    return {
      wire: pair.wire.map(({ from, bytes }) => [from, bytes.length]),
      states: [pair.initiator.state, pair.responder.state],
      wakes: [pair.initiator.wakeAt(), pair.responder.wakeAt()],
      told: pair.initiatorEvents,
      events,
      // What differs between two runs differs by their ephemerals alone: all else in message 2 is sealed.
      hello: partsOf(pair.wire[0]?.bytes ?? EMPTY).neg.length - psk.id.length,
    }
  }

  test.each(suites)('SE-82 $name: an unknown psk id is seen to fail as a wrong psk does', (suite) => {
    const { id } = PSK
    const wrong = seenOf(suite, { id, key: new Uint8Array(32).fill(1) })
    // An id of the same length, so that the packets have the same lengths too.
    const unknown = seenOf(suite, { id: new Uint8Array(id.length).fill(1), key: PSK.key })
    expect(unknown).toEqual(wrong)
    expect(unknown.states).toEqual(['I.verdict', 'dead'])
    expect(unknown.told).toEqual([])
    expect(unknown.events).toEqual(['noise/failed: message 3 failed; the handshake is dead'])
    // A listener that knows nobody's id is the same to see.
    expect(seenOf(suite, { id, key: PSK.key }, { pskOf: () => undefined })).toEqual(wrong)
    expect(wrong.wire.map(([from]) => from)).toEqual(['initiator', 'responder', 'initiator'])
  })

  test.each(suites)('SE-82 $name: what a psk that nobody knows is replaced by is drawn anew each time', (suite) => {
    const drawn: Uint8Array[] = []
    const watched: Provider = {
      ...forSuite(suite, of).provider,
      randomBytes: (length) => {
        const bytes = of.randomBytes(length)
        drawn.push(concat(bytes))
        return bytes
      },
    }
    const side = { ...forSuite(suite, of), provider: watched, pskOf: () => undefined }
    const counts = [0, 1].map(() => {
      const engine = Engine.respond(responderSide(side), 0)
      const before = drawn.length
      engine.receive(new HandInitiator({ provider: of, identity: alice }).hello(suite), 0)
      writtenBy(engine)
      return drawn.length - before
    })
    const known = drawn.length
    const engine = Engine.respond(responderSide({ ...side, pskOf: pskOf(PSK) }), 0)
    engine.receive(new HandInitiator({ provider: of, identity: alice }).hello(suite), 0)
    // One draw more than with an id that is known, and never the same.
    expect(counts).toEqual([drawn.length - known + 1, drawn.length - known + 1])
    expect(new Set(drawn.map((bytes) => bytes.join())).size).toBe(drawn.length)
  })

  test.each(suites)('SE-83 $name: the psk that was given is neither kept nor written to', (suite) => {
    const side = forSuite(suite, of)
    const key = concat(PSK.key)
    const id = concat(PSK.id)
    const pair = pairOf({ initiator: { ...side, psk: { id, key } }, responder: side })
    key.fill(9)
    id.fill(9)
    settle(pair)
    expect([pair.initiator.state, pair.responder.state]).toEqual(['open', 'open'])
    expect([key, id]).toEqual([new Uint8Array(32).fill(9), new Uint8Array(id.length).fill(9)])
  })

  test.each(suites)(
    'SE-83 $name: no engine holds a copy of the psk once message 3 is through, or it has died',
    (suite) => {
      const holds = (engine: Engine): boolean =>
        heldBy(engine, 8).some((bytes) => Buffer.from(bytes).includes(Buffer.from(PSK.key)))
      const pairAfter = (steps: number): Pair => {
        const { pq, provider: own } = forSuite(suite, of)
        const side = { pq, provider: own }
        const pair = pairOf({ initiator: { ...side, psk: PSK }, responder: { ...side, pskOf: pskOf(PSK) } })
        const turns = [pair.initiator, pair.responder] as const
        for (let step = 0; step < steps; step++) turns[(step + 1) % 2]?.receive(turns[step % 2]?.take(0) ?? EMPTY, 0)
        return pair
      }
      const found = [0, 1, 2, 3].map((steps) => {
        const { initiator, responder } = pairAfter(steps)
        return [holds(initiator), holds(responder)]
      })
      expect(found).toEqual([
        [true, false],
        [true, true],
        [false, true],
        [false, false],
      ])
      for (const steps of [0, 1, 2]) {
        const { initiator, responder } = pairAfter(steps)
        for (const engine of [initiator, responder]) {
          engine.ended()
          expect(holds(engine)).toBe(false)
        }
      }
    },
  )
})

test('SE-84 what an initiator lists depends on its setting alone: the tenth Hello after nine silences is as the first', () => {
  for (const pq of SETTINGS) {
    const lists = Array.from({ length: 10 }, () => {
      const engine = Engine.initiate(initiatorSide({ pq, provider }), 0)
      const list = listOf(writtenBy(engine))
      engine.ended()
      expect(writtenBy(engine)).toEqual(EMPTY)
      return list.join()
    })
    expect(new Set(lists).size).toBe(1)
  }
})
