import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Wire } from '../../src/cbor.js'
import { SottoError } from '../../src/errors.js'
import { policyStore } from '../../src/policy/store.js'
import type { Engine } from '../../src/session/engine.js'
import type { EngineEvent } from '../../src/session/events.js'
import type { Exchange } from '../../src/session/exchange.js'
import type { Fault } from '../../src/session/faults.js'
import { UNREAD_WINDOWS } from '../../src/session/intake.js'
import { limitsOf } from '../../src/session/limits.js'
import { pairOf, settle } from './pair.js'
import { act, expectWholeCredit, Flow, Streams, stretch } from './wire.js'

/** Two engines, driven at random, beside a model that knows what was asked and counts what came of it. */

/** More of them look longer: SOTTO_RUNS. */
const RUNS = Number(process.env.SOTTO_RUNS ?? 100)
const SIDES = ['initiator', 'responder'] as const
type SideName = (typeof SIDES)[number]
const OPERATIONS = ['call', 'note', 'talk', 'tube', 'watch'] as const
type Operation = (typeof OPERATIONS)[number]
type MessageEvent = Extract<EngineEvent, { readonly is: 'message' }>
type ItemEvent = Extract<EngineEvent, { readonly is: 'item' }>

const LIMITS: readonly Readonly<Record<string, number>>[] = [
  {},
  { exchangeWindow: 4_096, sessionWindow: 4_096 },
  { plaintext: 1_024, exchanges: 1, sessionWindow: 32_768 },
  { plaintext: 1_024, exchangeWindow: 4_096, sessionWindow: 4_096, exchanges: 2, message: 20_000 },
  { message: 4_096, sessionWindow: 4_096, exchanges: 3 },
]

/** Denied by the head alone, by the body, or here; the rest is allowed. */
const policy = policyStore({
  version: 1,
  rules: [
    { id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send', 'stream'], on: ['>'] },
    {
      id: 'head',
      effect: 'deny',
      by: ['any'],
      verbs: ['call', 'send', 'stream'],
      on: ['>'],
      when: [
        { attribute: 'label.to', is: 'present' },
        { attribute: 'label.to', is: 'eq', value: 'head' },
      ],
    },
    {
      id: 'body',
      effect: 'deny',
      by: ['any'],
      verbs: ['call', 'send', 'stream'],
      on: ['>'],
      when: [
        { attribute: 'body.who', is: 'present' },
        { attribute: 'body.who', is: 'eq', value: 'body' },
      ],
    },
  ],
})

const side = fc.constantFrom(...SIDES)
const pick = fc.nat(1_000)
const size = fc.oneof(
  fc.nat(200),
  fc.constantFrom(960, 990, 1_000, 2_000, 2_048, 4_000, 4_096, 5_000, 16_300, 16_500, 19_000),
  fc.constantFrom(65_000, 70_000, 262_144, 600_000),
)

type Command =
  | readonly ['begin', SideName, Operation, number, 'none' | 'head' | 'body', number]
  | readonly ['item', SideName, number, number, boolean]
  | readonly ['read' | 'end' | 'stop', SideName, number]
  | readonly ['cancel' | 'consume' | 'late', SideName, number]
  | readonly ['answer', SideName, number, 'reply' | 'fault' | 'internal' | 'invalid', number]
  | readonly ['carry', SideName, number]
  | readonly ['time', number]
  | readonly ['close', SideName]

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(
      fc.constant('begin' as const),
      side,
      fc.constantFrom(...OPERATIONS),
      size,
      fc.constantFrom('none' as const, 'none' as const, 'none' as const, 'head' as const, 'body' as const),
      fc.constantFrom(0, 0, 40),
    ),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constant('cancel' as const), side, pick) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('consume' as const), side, pick) },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constant('answer' as const),
      side,
      pick,
      fc.constantFrom('reply' as const, 'reply' as const, 'fault' as const, 'internal' as const, 'invalid' as const),
      size,
    ),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(
      fc.constant('item' as const),
      side,
      pick,
      size,
      fc.integer({ min: 0, max: 15 }).map((n) => n === 0),
    ),
  },
  { weight: 5, arbitrary: fc.tuple(fc.constant('read' as const), side, pick) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('end' as const, 'stop' as const), side, pick) },
  {
    weight: 10,
    arbitrary: fc.tuple(fc.constant('carry' as const), side, fc.constantFrom(1, 7, 300, 5_000, 100_000, 1_000_000)),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant('time' as const), fc.constantFrom(1, 50)) },
)

/** One own exchange as the model sees it. */
interface Asked {
  readonly exchange: Exchange
  readonly operation: Operation
  readonly value: Wire
  readonly denied: boolean
  /** True if somebody waits for an outcome: a call's, or that of a message that was not taken at once. */
  readonly awaits: boolean
  readonly outcomes: string[]
  cancelled: boolean
  delivered: number
  answer: Wire | undefined
  answered: string
  /** Of a stream: what went up and down. */
  readonly up: Way
  readonly down: Way
}

/** One direction of a stream: items by number, bytes by place. */
interface Way {
  sent: number
  came: number
  /** It was cut: less may come than was sent, and no clean end. */
  cut: boolean
  ended: boolean
}

const wayOf = (): Way => ({ sent: 0, came: 0, cut: false, ended: false })

class End {
  readonly name: SideName
  readonly engine: Engine
  readonly asked = new Map<number, Asked>()
  readonly unconsumed: MessageEvent[] = []
  readonly unanswered: MessageEvent[] = []
  readonly unread: ItemEvent[] = []
  readonly served = new Map<Exchange, Asked>()
  /** Streams in which this end may say something, with what the model knows of them. */
  readonly streams = new Map<Exchange, Asked>()
  /** Calls of the peer that were dispatched and have no answer yet. */
  running = 0
  bytes: Uint8Array = new Uint8Array(0)
  closed: EngineEvent | undefined
  denials = 0

  constructor(name: SideName, engine: Engine) {
    this.name = name
    this.engine = engine
  }
}

const seqOf = (value: Wire | undefined): number =>
  typeof value === 'object' && value !== null && 'seq' in value && typeof value.seq === 'number' ? value.seq : -1

class World {
  readonly ends: Readonly<Record<SideName, End>>
  readonly limits: ReturnType<typeof limitsOf>
  nowMs = 0
  closing = false
  #seq = 0

  constructor(limits: Readonly<Record<string, number>>) {
    this.limits = limitsOf(limits)
    const both = { uses: [Flow, Streams], serves: [Flow, Streams], policy, limits: this.limits, pq: 'off' } as const
    const pair = settle(pairOf({ initiator: both, responder: both }))
    this.ends = { initiator: new End('initiator', pair.initiator), responder: new End('responder', pair.responder) }
  }

  get both(): readonly End[] {
    return SIDES.map((name) => this.ends[name])
  }

  peerOf(end: End): End {
    return this.ends[end.name === 'initiator' ? 'responder' : 'initiator']
  }

  run(step: Command): void {
    if (step[0] === 'time') {
      this.nowMs += step[1]
      for (const end of this.both) this.wake(end)
      return
    }
    const end = this.ends[step[1]]
    switch (step[0]) {
      case 'begin':
        this.#begin(end, step)
        break
      case 'cancel':
        this.#cancel(end, step[2])
        break
      case 'consume':
        this.consume(end, step[2])
        break
      case 'answer':
        this.answer(end, step[2], step[3], step[4])
        break
      case 'item':
        this.#item(end, step)
        break
      case 'read':
        this.read(end, step[2])
        break
      case 'end':
      case 'stop':
        this.#leave(end, step[0], step[2])
        break
      case 'carry':
        this.carry(end, step[2])
        break
      case 'close':
        this.closing = true
        end.engine.close(this.nowMs, 10_000)
    }
    for (const each of this.both) this.drain(each)
  }

  wake(end: End): void {
    if (end.engine.wakeAt() <= this.nowMs) end.engine.wake(this.nowMs)
    this.drain(end)
  }

  #begin(end: End, [, , operation, length, denial, ttlMs]: Extract<Command, readonly ['begin', ...unknown[]]>): void {
    const seq = ++this.#seq
    const value = { seq, pad: 'x'.repeat(length), ...(denial === 'body' && { who: 'body' }) }
    const labels = denial === 'head' ? { to: 'head' } : {}
    try {
      const isFlow = operation === 'call' || operation === 'note'
      const asking = isFlow ? act(operation, value, { ttlMs, labels }) : stretch(operation, value, { ttlMs, labels })
      const answer = end.engine.admit(asking, this.nowMs)
      if ('effect' in answer) expect.fail('own acts are allowed')
      const { exchange, taken } = end.engine.begin(answer, this.nowMs)
      const awaits = operation !== 'note' || !taken
      const denied = denial !== 'none'
      const asked: Asked = {
        exchange,
        operation,
        value,
        denied,
        awaits,
        outcomes: [],
        cancelled: false,
        delivered: 0,
        answer: undefined,
        answered: '',
        up: wayOf(),
        down: wayOf(),
      }
      end.asked.set(seq, asked)
      if (exchange.stream) end.streams.set(exchange, asked)
    } catch (error) {
      if (!SottoError.is(error, 'session/closed') && !SottoError.is(error, 'call/too-large')) throw error
    }
  }

  #cancel(end: End, index: number): void {
    const all = [...end.asked.values()]
    const asked = all[index % Math.max(all.length, 1)]
    if (asked === undefined) return
    asked.cancelled = true
    asked.up.cut = true
    asked.down.cut = true
    end.engine.cancel(asked.exchange)
  }

  #pick(end: End, index: number): readonly [Exchange, Asked] | undefined {
    return [...end.streams][index % Math.max(end.streams.size, 1)]
  }

  #item(end: End, [, , index, length, denied]: Extract<Command, readonly ['item', ...unknown[]]>): void {
    const [exchange, asked] = this.#pick(end, index) ?? []
    if (exchange === undefined || asked === undefined) return
    const way = exchange.mine ? asked.up : asked.down
    if (exchange.sends === 'nothing' || exchange.last || way.cut) return
    // What a request denies, an item denies: the whole stream ends with it.
    if (denied && exchange.mine) for (const each of [asked.up, asked.down]) each.cut = true
    const value =
      exchange.sends === 'bytes'
        ? Uint8Array.from({ length: length + 1 }, (_, at) => (way.sent + at) % 251)
        : { item: way.sent, pad: 'z'.repeat(length), ...(denied && exchange.mine && { who: 'body' }) }
    try {
      const answer = end.engine.item(exchange, value, this.nowMs)
      expect(typeof answer).toBe('boolean')
      way.sent += value instanceof Uint8Array ? value.length : 1
    } catch (error) {
      if (!SottoError.is(error, 'call/too-large')) throw error
    }
  }

  #leave(end: End, how: 'end' | 'stop', index: number): void {
    const [exchange, asked] = this.#pick(end, index) ?? []
    if (exchange === undefined || asked === undefined) return
    if (how === 'end') end.engine.end(exchange)
    else if (!exchange.mine) {
      asked.up.cut = true
      end.engine.stop(exchange)
    }
  }

  read(end: End, index: number): boolean {
    const [item] = end.unread.splice(index % Math.max(end.unread.length, 1), 1)
    if (item !== undefined) end.engine.consumed(item)
    return item !== undefined
  }

  /** Ends what is still open of streams. */
  endAll(end: End): boolean {
    const open = [...end.streams.keys()]
    end.streams.clear()
    for (const exchange of open) {
      if (!exchange.mine) end.engine.stop(exchange)
      end.engine.end(exchange)
    }
    return open.length > 0
  }

  consume(end: End, index: number): boolean {
    const [message] = end.unconsumed.splice(index % Math.max(end.unconsumed.length, 1), 1)
    if (message !== undefined) end.engine.consumed(message)
    return message !== undefined
  }

  answer(end: End, index: number, how: 'reply' | 'fault' | 'internal' | 'invalid', length: number): boolean {
    const [message] = end.unanswered.splice(index % Math.max(end.unanswered.length, 1), 1)
    if (message === undefined) return false
    const asked = this.peerOf(end).asked.get(seqOf(message.value))
    if (asked === undefined) expect.fail('a message nobody sent')
    end.running--
    const value = { answer: seqOf(message.value), pad: 'y'.repeat(Math.min(length, this.limits.message - 100)) }
    asked.answer = value
    asked.answered = how
    if (how === 'reply') end.engine.reply(message.exchange, value)
    else end.engine.fault(message.exchange, FAULTS[how])
    return true
  }

  /** Moves at most `count` bytes. */
  carry(end: End, count: number): boolean {
    while (end.bytes.length < count) {
      const bytes = end.engine.take(this.nowMs)
      if (bytes === undefined) break
      end.bytes = Buffer.concat([end.bytes, bytes])
    }
    const chunk = Uint8Array.from(end.bytes.subarray(0, count))
    end.bytes = end.bytes.subarray(chunk.length)
    if (chunk.length > 0) this.peerOf(end).engine.receive(chunk, this.nowMs)
    return chunk.length > 0
  }

  drain(end: End): void {
    for (let event = end.engine.next(); event !== undefined; event = end.engine.next()) this.#event(end, event)
  }

  #event(end: End, event: EngineEvent): void {
    switch (event.is) {
      case 'message':
        this.#delivered(end, event)
        break
      case 'reply':
      case 'fault':
      case 'taken':
        this.#outcome(end, event)
        break
      case 'refused':
        this.#refused(end, event.decision)
        break
      case 'denied':
        end.denials++
        break
      case 'closed':
        end.closed = event
        break
      case 'item':
        this.#came(end, event)
        break
      case 'ended':
        this.#ended(end, event.exchange, event.error === undefined)
        break
      case 'over':
        if (event.exchange.mine) this.#over(end, event.exchange)
        end.streams.delete(event.exchange)
        break
      default:
    }
  }

  #came(end: End, event: ItemEvent): void {
    const asked = event.exchange.mine ? this.#find(end, event.exchange) : end.served.get(event.exchange)
    if (asked === undefined) expect.fail('an item of no stream')
    const way = event.exchange.mine ? asked.down : asked.up
    const { value } = event
    if (value instanceof Uint8Array) {
      expect(value.every((byte, at) => byte === (way.came + at) % 251)).toBe(true)
      way.came += value.length
    } else {
      expect(value).toMatchObject({ item: way.came })
      expect(value).not.toHaveProperty('who')
      way.came++
    }
    expect(way.came).toBeLessThanOrEqual(way.sent)
    expect(way.ended).toBe(false)
    end.unread.push(event)
    const early = sum(end.unread.map((each) => each.early))
    expect(early).toBeLessThanOrEqual(UNREAD_WINDOWS * this.limits.sessionWindow)
    const own = sum(end.unread.filter((each) => each.exchange === event.exchange).map((each) => each.own))
    expect(own).toBeLessThanOrEqual(this.limits.exchangeWindow)
  }

  #ended(end: End, exchange: Exchange, clean: boolean): void {
    const asked = exchange.mine ? this.#find(end, exchange) : end.served.get(exchange)
    if (asked === undefined) expect.fail('an end of no stream')
    const way = exchange.mine ? asked.down : asked.up
    way.ended = true
    if (clean && !way.cut) expect(way.came).toBe(way.sent)
  }

  #over(end: End, exchange: Exchange): void {
    const asked = this.#find(end, exchange)
    if (asked.outcomes.length === 0) asked.outcomes.push('over')
  }

  #delivered(end: End, event: MessageEvent): void {
    const asked = this.peerOf(end).asked.get(seqOf(event.value))
    if (asked === undefined) expect.fail('a message nobody sent')
    expect({ ...asked, value: event.value }).toEqual(asked)
    expect(asked.denied, 'a denied message is dispatched').toBe(false)
    expect(++asked.delivered).toBe(1)
    if (event.exchange.stream) {
      end.served.set(event.exchange, asked)
      end.streams.set(event.exchange, asked)
    }
    end.unconsumed.push(event)
    const window = this.limits.sessionWindow
    expect(sum(end.unconsumed.map(({ charge }) => charge))).toBeLessThanOrEqual(window)
    expect(sum(end.unconsumed.map(({ held }) => held))).toBeLessThanOrEqual(this.limits.message + 64)
    if (asked.operation === 'note') return
    const streams = [...end.served.keys()].filter((exchange) => !exchange.sendEnded).length
    if (!event.exchange.stream) {
      end.unanswered.push(event)
      end.running++
    }
    expect(end.running + streams).toBeLessThanOrEqual(this.limits.exchanges)
  }

  #find(end: End, exchange: Exchange): Asked {
    const asked = [...end.asked.values()].find((candidate) => candidate.exchange === exchange)
    if (asked === undefined) expect.fail('an outcome of nothing')
    return asked
  }

  #outcome(end: End, event: Extract<EngineEvent, { readonly is: 'reply' | 'fault' | 'taken' }>): void {
    if (event.is === 'taken' && event.exchange.stream) return
    const asked = this.#find(end, event.exchange)
    if (event.is === 'fault') end.streams.delete(event.exchange)
    asked.outcomes.push(event.is === 'fault' ? event.error.code : event.is)
    if (event.is === 'reply') {
      expect(asked.answered).toBe('reply')
      expect(event.value).toEqual(asked.answer)
    }
    if (event.is !== 'fault') return
    if (event.error.ran === 'yes') expect(asked.delivered).toBe(1)
    if (event.error.ran === 'no' && event.error.code !== 'contract/invalid')
      expect(asked.delivered, `${event.error.message} of ${asked.operation}`).toBe(0)
    if (event.error.code === 'policy/denied') expect(asked.denied || asked.up.cut).toBe(true)
  }

  #refused(end: End, decision: string): void {
    const [, , id] = decision.split('.')
    const asked = [...end.asked.values()].find(({ exchange }) => exchange.id === Number(id))
    // A note that its peer no longer took, because it was closing, is told of in the same way.
    expect(asked?.denied === true || this.closing).toBe(true)
    expect(asked?.delivered).toBe(0)
  }

  /** Everything that can happen without time or will. */
  settle(): void {
    for (let moved = true; moved; ) {
      moved = false
      for (const end of this.both) {
        while (this.carry(end, 1_000_000)) moved = true
        for (const each of this.both) this.drain(each)
        while (this.consume(end, 0)) moved = true
        while (this.answer(end, 0, 'reply', 10)) moved = true
        while (this.read(end, 0)) moved = true
        moved = this.endAll(end) || moved
      }
    }
  }
}

const FAULTS = {
  fault: { code: 'call/fault', name: 'oops', data: { n: 1 } },
  internal: { code: 'call/internal', incident: '00ff' },
  invalid: { code: 'contract/invalid', path: 'a.b' },
} as const satisfies Record<string, Fault>

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

const check = (world: World): void => {
  for (const end of world.both)
    for (const { exchange, operation, outcomes, awaits, cancelled } of end.asked.values()) {
      const what = `${operation} ${exchange.id} of ${end.name}: ${outcomes.join()}`
      if (operation !== 'note') expect(outcomes.length, what).toBe(1)
      else if (awaits) expect(outcomes.length, what).toBe(1)
      else expect(outcomes.length, what).toBeLessThanOrEqual(1)
      if (outcomes[0] === 'call/cancelled') expect(cancelled, what).toBe(true)
      expect(exchange.release).toBe(undefined)
    }
}

const seedOf = (): number => {
  const seed = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`model: SOTTO_SEED=${seed}`)
  return seed
}

const limits = fc.constantFrom(...LIMITS)

test('SE-44 SE-45 SE-46 SE-47 SE-50 SE-52 SE-55 SE-57 whatever both ends do, each exchange has one outcome and all credit comes back', () => {
  const seed = seedOf()
  const property = fc.property(limits, fc.array(command, { maxLength: 60 }), (own, commands) => {
    const world = new World(own)
    for (const step of commands) world.run(step)
    world.settle()
    world.nowMs += 100
    for (const end of world.both) world.wake(end)
    world.settle()
    for (const end of world.both)
      expect(end.closed, String(end.closed?.is === 'closed' && end.closed.error)).toBe(undefined)
    check(world)
    for (const { engine } of world.both) {
      const peer = world.both.find((other) => other.engine !== engine)
      if (peer !== undefined) expectWholeCredit(engine, peer.engine, world.limits, world.nowMs)
    }
    for (const end of world.both) end.engine.close(world.nowMs, 1_000)
    world.settle()
    for (const end of world.both) expect(end.closed).toEqual({ is: 'closed', error: undefined })
  })
  fc.assert(property, { numRuns: RUNS, seed })
})

test('SE-42 SE-58 SE-59 whenever an end closes, what is open finishes or surely did not run, and both ends end clean', () => {
  const seed = seedOf()
  const closing = fc.tuple(fc.array(command, { maxLength: 30 }), side, fc.array(command, { maxLength: 30 }))
  const property = fc.property(limits, closing, (own, [before, name, after]) => {
    const world = new World(own)
    for (const step of [...before, ['close', name] as const, ...after]) world.run(step)
    world.settle()
    world.nowMs += 100
    for (const end of world.both) world.wake(end)
    world.settle()
    for (const end of world.both) expect(end.closed).toEqual({ is: 'closed', error: undefined })
    check(world)
  })
  fc.assert(property, { numRuns: RUNS, seed })
})

test('SE-59 whenever the transport ends, each exchange has its outcome, and what surely did not run did not', () => {
  const seed = seedOf()
  const property = fc.property(limits, fc.array(command, { maxLength: 40 }), (own, commands) => {
    const world = new World(own)
    for (const step of commands) world.run(step)
    for (const end of world.both) {
      end.engine.ended()
      world.drain(end)
      expect(end.closed).toMatchObject({ error: { code: 'channel/truncated' } })
    }
    check(world)
  })
  fc.assert(property, { numRuns: RUNS, seed })
})
