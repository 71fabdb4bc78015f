import { describe, expect, test } from 'vitest'
import { concat, EMPTY } from '../../src/bytes.js'
import type { Provider } from '../../src/crypto/provider.js'
import { Engine } from '../../src/session/engine.js'
import {
  EVENTS,
  expectEvent,
  follow,
  type SessionEvent,
  STATE_NAMES,
  STATES,
  type StateName,
} from '../../src/session/states.js'
import { SUITES } from '../../src/session/suites.js'
import { providers } from '../crypto/providers.js'
import {
  accept,
  begin,
  body,
  eventsOf,
  frame,
  HandInitiator,
  HandResponder,
  helloOf,
  initiationField,
  Note,
  noteInitiation,
  packet,
  type Records,
  retryOf,
  writtenBy,
} from './byhand.js'
import { alice, bob, initiatorSide, responderSide } from './pair.js'

const [HFS, XX] = SUITES

/**
 * Everything that can be done to an engine from outside, and the event of the table that it is; `close` is this end's own
 * doing, garbage is no event. A message that cannot be made in a state, because its keys do not exist yet or not any
 * more, is one of the right form that belongs to nobody.
 */
const SYMBOLS = {
  hello: 'hello',
  'hello for a retry': 'hello',
  'second hello': 'hello',
  retry: 'retry',
  'message 2': 'message2',
  'message 3': 'message3',
  'message 3 to refuse': 'message3',
  accept: 'accept',
  refuse: 'refuse',
  data: 'data',
  ping: 'ping',
  rekey: 'rekey',
  refresh: 'refresh',
  credential: 'credential',
  drain: 'drain',
  end: 'end',
  'end with a code': 'end',
  garbage: undefined,
  close: undefined,
} as const satisfies Record<string, SessionEvent | undefined>

type Symbol = keyof typeof SYMBOLS
type Role = 'initiator' | 'responder'

const ALL = Object.keys(SYMBOLS).filter((name): name is Symbol => Object.hasOwn(SYMBOLS, name))

/** What this test expects, written apart from the code: where each symbol leads; all that is not here leads to `dead`. */
const EXPECTED: Readonly<Partial<Record<StateName, Readonly<Partial<Record<Symbol, StateName>>>>>> = {
  'R.hello': { hello: 'R.message3', 'second hello': 'R.message3', 'hello for a retry': 'R.hello2' },
  'R.hello2': { 'second hello': 'R.message3' },
  'R.message3': { 'message 3': 'open', 'message 3 to refuse': 'refused' },
  'I.answer': { retry: 'I.answer2', 'message 2': 'I.verdict' },
  'I.answer2': { 'message 2': 'I.verdict' },
  'I.verdict': { accept: 'open' },
  open: {
    data: 'open',
    ping: 'open',
    rekey: 'open',
    refresh: 'open',
    credential: 'open',
    drain: 'open',
    end: 'closed',
    close: 'ending',
  },
  ending: {
    data: 'ending',
    ping: 'ending',
    rekey: 'ending',
    refresh: 'ending',
    credential: 'ending',
    drain: 'ending',
    end: 'closed',
    close: 'ending',
  },
}

const OVER: readonly StateName[] = ['refused', 'closed', 'dead']

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))
/** A whole unit both as a record and as a packet. */
const strangeRecord = (): Uint8Array => concat(Uint8Array.of(0, 20), random(20), Uint8Array.of(0, 4), random(4))
const strangeMessage = (length: number): Uint8Array => packet(EMPTY, random(length))

/** An engine and a peer by hand that knows how to say the right thing, if there is one. */
class World {
  readonly engine: Engine
  readonly role: Role
  readonly #provider: Provider
  readonly #dialled: HandInitiator
  readonly #listening: HandResponder
  #hello = EMPTY
  #last = EMPTY
  #answered = false
  #records: Records | undefined
  #exchange: number
  #pings = 0

  constructor(role: Role, provider: Provider) {
    this.role = role
    const both = { serves: [Note], uses: [Note] }
    this.#provider = provider
    this.#dialled = new HandInitiator({ provider, identity: alice })
    this.#listening = new HandResponder({ provider, identity: bob })
    this.#exchange = role === 'initiator' ? 2 : 1
    this.engine =
      role === 'initiator'
        ? Engine.initiate(initiatorSide({ ...both, pq: 'prefer' }, provider), 0)
        : Engine.respond(responderSide({ ...both, pq: 'off' }, provider), 0)
    this.#hello = writtenBy(this.engine)
  }

  do(symbol: Symbol): StateName {
    const before = this.engine.state
    if (symbol === 'close') this.engine.close(0, 1_000)
    else this.engine.receive(this.#bytes(symbol, before), 0)
    this.#learn(symbol, before, writtenBy(this.engine))
    return this.engine.state
  }

  /** Keeps up with what the engine answered. */
  #learn(symbol: Symbol, before: StateName, written: Uint8Array): void {
    const { state } = this.engine
    if (before === 'R.hello' && state === 'R.hello2') this.#dialled.retried(this.#last, written)
    if (state === 'R.message3' && before !== state) {
      this.#dialled.answered(written)
      this.#answered = true
    }
    if (before === 'R.message3' && (state === 'open' || state === 'refused')) {
      this.#records = this.#dialled.records()
      this.#records.open(written)
    }
    if (state === 'I.answer2') {
      this.#listening.retry(this.#hello, XX)
      this.#hello = written
    }
    if (state === 'I.verdict' && before !== state) {
      this.#listening.message3(written)
      this.#records = this.#listening.records()
    }
    // The peer's own key follows its REKEY.
    if (symbol === 'rekey') this.#records?.split.send.rekey()
  }

  #bytes(symbol: Symbol, state: StateName): Uint8Array {
    switch (symbol) {
      case 'hello':
        return this.#dial(state, [XX.id])
      case 'second hello':
        return this.#dial(state, [HFS.id, XX.id])
      case 'hello for a retry':
        this.#last = packet(helloOf([HFS.id, XX.id], 0), random(1_216))
        return this.#last
      case 'retry':
        return retryOf(XX.id)
      case 'message 2':
        return this.#message2(state)
      case 'message 3':
        return this.#answered && state === 'R.message3' ? this.#message3('') : strangeMessage(160)
      case 'message 3 to refuse':
        return this.#answered && state === 'R.message3' ? this.#message3('elsewhere') : strangeMessage(160)
      case 'garbage':
        return strangeRecord()
      case 'close':
        throw new Error('not a thing that is received')
      default:
        return this.#seal(this.#plaintext(symbol))
    }
  }

  #dial(state: StateName, list: readonly number[]): Uint8Array {
    if (state !== 'R.hello' && state !== 'R.hello2') return packet(helloOf(list, list.length - 1), random(32))
    return this.#dialled.hello(XX, list)
  }

  #message2(state: StateName): Uint8Array {
    if (state === 'I.answer') return this.#listening.message2(this.#hello, HFS)
    return state === 'I.answer2' ? this.#listening.message2(this.#hello, XX) : strangeMessage(96)
  }

  #message3(service: string): Uint8Array {
    this.#answered = false
    return this.#dialled.message3(initiationField(noteInitiation(this.#provider, { service })))
  }

  #plaintext(symbol: Exclude<Symbol, 'close'>): Uint8Array {
    switch (symbol) {
      case 'accept':
        return accept()
      case 'refuse':
        return frame({ is: 'REFUSE', code: 16, detail: '' })
      case 'ping':
        return frame({ is: 'PING', count: ++this.#pings })
      case 'rekey':
        return frame({ is: 'REKEY', generation: 0 })
      case 'refresh':
        return frame({ is: 'REFRESH', body: EMPTY })
      case 'credential':
        return frame({ is: 'CREDENTIAL', body: Uint8Array.of(7) })
      case 'drain':
        return frame({ is: 'DRAIN', last: 0 })
      case 'end':
        return frame({ is: 'END', code: 0 })
      case 'end with a code':
        return frame({ is: 'END', code: 2 })
      default:
        this.#exchange += 2
        return begin(this.#exchange - 2, body(Uint8Array.of(1)))
    }
  }

  #seal(plaintext: Uint8Array): Uint8Array {
    return this.#records === undefined || this.engine.over ? strangeRecord() : this.#records.seal(plaintext)
  }
}

interface Walk {
  readonly edges: Set<string>
  /** Sequences that were run, those of them that the engine survived, and those that begin with a dead one. */
  run: number
  alive: number
  spared: number
}

/** What may follow the sequence: the table, that DRAIN comes once, and that R asks once for a refresh, and I never. */
const expectedAfter = (role: Role, state: StateName, symbol: Symbol, before: readonly Symbol[]): StateName => {
  if (symbol === 'drain' && before.includes('drain')) return 'dead'
  if (symbol === 'refresh' && state === 'open' && (role === 'responder' || before.includes('refresh'))) return 'dead'
  return EXPECTED[state]?.[symbol] ?? 'dead'
}

/** Sequences of 1 to `length` symbols that begin with `before`. */
const count = (length: number): number =>
  Array.from({ length }, (_, index) => ALL.length ** (index + 1)).reduce((a, b) => a + b, 0)

/** Every sequence that goes on from `before`, a live one, up to `left` symbols more. */
const walk = (make: () => World, before: readonly Symbol[], left: number, seen: Walk): void => {
  for (const symbol of ALL) {
    const world = make()
    for (const earlier of before) world.do(earlier)
    const from = world.engine.state
    const to = world.do(symbol)
    const path = [...before, symbol].join(', ')
    seen.run++
    expect(to, path).toBe(expectedAfter(world.role, from, symbol, before))
    const event = SYMBOLS[symbol]
    if (event !== undefined && STATES[from][event] === undefined) expect(to, path).toBe('dead')
    if (event !== undefined && (to !== 'dead' || STATES[from][event]?.includes(to) === true)) {
      expect(STATES[from][event], path).toContain(to)
      seen.edges.add(`${from} ${event} ${to}`)
    }
    if (OVER.includes(to)) {
      checkOver(world, path)
      seen.spared += count(left - 1)
    } else {
      seen.alive++
      if (left > 1) walk(make, [...before, symbol], left - 1, seen)
    }
  }
}

/** An engine that is over stays as it is, whatever comes: so no sequence needs to go on from there. */
const checkOver = ({ engine }: World, path: string): void => {
  const { state } = engine
  eventsOf(engine)
  for (const bytes of [strangeRecord(), strangeMessage(96), retryOf(XX.id), packet(helloOf([XX.id], 0), random(32))])
    engine.receive(bytes, 0)
  engine.wake(10 ** 9)
  engine.close(0, 0)
  engine.ended()
  expect([engine.state, writtenBy(engine), eventsOf(engine), engine.wakeAt()], path).toEqual([
    state,
    EMPTY,
    [],
    Number.POSITIVE_INFINITY,
  ])
}

const EDGES = STATE_NAMES.flatMap((from) =>
  Object.entries(STATES[from]).flatMap(([event, targets]) => targets.map((to) => `${from} ${event} ${to}`)),
)

describe.each(providers)('$name', (provider) => {
  // noble takes sequences of up to 4: a handshake costs it 10 ms, and what it computes is not what is tested here.
  const length = provider.name === 'native' ? 5 : 4

  test(`SE-40 of all sequences of up to ${length} events, each role takes those that the table has`, () => {
    const edges = new Set<string>()
    for (const role of ['initiator', 'responder'] as const) {
      const seen: Walk = { edges, run: 0, alive: 0, spared: 0 }
      walk(() => new World(role, provider), [], length, seen)
      console.log(
        `${provider.name} ${role}: ${count(length)} sequences of 1 to ${length} of ${ALL.length} events; ` +
          `${seen.run} run, ${seen.alive} of them survived, ${seen.spared} begin with one that ended the session`,
      )
      expect(seen.run + seen.spared).toBe(count(length))
    }
    // Every edge of the table was walked, and no other.
    expect([...edges].sort()).toEqual(EDGES.sort())
  })
})

test('SE-40 the table has the edges that are expected here, and no other', () => {
  const expected = new Set(
    Object.entries(EXPECTED).flatMap(([from, row]) =>
      ALL.flatMap((symbol) => {
        const event = SYMBOLS[symbol]
        const to = row[symbol]
        return event === undefined || to === undefined ? [] : [`${from} ${event} ${to}`]
      }),
    ),
  )
  // What ends a session by a word of the peer is an edge too.
  for (const edge of ['I.verdict refuse dead', 'open end dead', 'ending end dead']) expected.add(edge)
  for (const from of STATE_NAMES)
    for (const event of EVENTS) {
      const edges = STATE_NAMES.filter((to) => expected.has(`${from} ${event} ${to}`))
      if (edges.length > 0) expectEvent(from, event)
      else expect(() => expectEvent(from, event)).toThrow('session/unexpected')
      for (const to of STATE_NAMES)
        if (edges.includes(to)) expect(follow(from, event, to)).toBe(to)
        else expect(() => follow(from, event, to)).toThrow(RangeError)
    }
})

test('SE-40 the table has no state that leads nowhere but those at the end, and none that nothing leads to', () => {
  const targets = new Set(Object.values(STATES).flatMap((row) => Object.values(row).flat()))
  for (const state of STATE_NAMES) {
    expect(Object.keys(STATES[state]).length === 0, state).toBe(OVER.includes(state))
    if (state !== 'R.hello' && state !== 'I.answer' && state !== 'ending') expect(targets, state).toContain(state)
  }
})
