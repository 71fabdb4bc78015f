import { expect, test } from 'vitest'
import { decode, encode } from '../../src/cbor.js'
import { policyStore } from '../../src/policy/store.js'
import type { Exchange } from '../../src/session/exchange.js'
import type { Frame } from '../../src/session/frames.js'
import type { Arrived } from '../../src/session/narrowing.js'
import { Random } from '../random.js'
import { act, begin, CALL, credit, data, Flow, fate, NOTE, Raw, Streams, stretch, TALK } from './wire.js'

/** More of them look longer. */
const RUNS = Number(process.env.SOTTO_RUNS ?? 100)
const STEPS = 120
const verbs = ['call', 'send', 'stream']
const WHO = ['a', 'b', 'c', 'd'] as const
type Who = (typeof WHO)[number]

/** All is allowed but what is of these, this way and that. */
const policyOf = (into: readonly Who[], out: readonly Who[]) => ({
  version: 1,
  rules: [
    { id: 'all', effect: 'allow', by: ['any'], verbs, on: ['>'] },
    ...(into.length === 0 ? [] : [{ id: 'in', effect: 'deny', by: ['any'], verbs, on: ['>'], when: when(into) }]),
    ...(out.length === 0 ? [] : [{ id: 'out', effect: 'deny', to: ['any'], verbs, on: ['>'], when: when(out) }]),
  ],
})

const when = (value: readonly Who[]) => [
  { attribute: 'body.who', is: 'present' },
  { attribute: 'body.who', is: 'in', value },
]

const whoOf = (value: unknown): unknown => Reflect.get(Object(value), 'who')

/** One engine under policies that change, with a peer that gives credit when it likes and cancels nothing. */
class Play {
  readonly #random: Random
  readonly #store = policyStore(policyOf([], []))
  readonly #raw = new Raw({ policy: this.#store }, { sessionWindow: 4_096, exchangeWindow: 4_096, exchanges: 3 }, [
    Flow,
    Streams,
  ])
  #denied: { readonly into: readonly Who[]; readonly out: readonly Who[] } = { into: [], out: [] }
  #unseen: Arrived[] = []
  readonly #handled: Exchange[] = []
  readonly #streams: Exchange[] = []
  #nextId = 1
  #announced = 4_096
  #framed = 0
  /** What was seen. */
  framed = 0
  dispatched = 0
  narrowed = 0

  constructor(seed: number) {
    this.#random = new Random(seed, 3)
  }

  run(): this {
    for (let i = 0; i < STEPS; i++) {
      this.#step(this.#random.below(100))
      this.#look()
    }
    expect(fate(this.#raw)).toBe('alive')
    return this
  }

  #step(dice: number): void {
    const who = this.#random.pick(WHO)
    const value = { who, pad: 'x'.repeat(this.#random.below(900)) }
    if (dice < 12) this.#swap()
    else if (dice < 40) this.#begin(this.#random.pick([act('call', value), act('note', value), stretch('talk', value)]))
    else if (dice < 52) this.#item(value)
    else if (dice < 70) this.#asked(value)
    else if (dice < 80) this.#see()
    else if (dice < 88) this.#reply()
    else this.#grant()
  }

  #swap(): void {
    const some = (): readonly Who[] => WHO.filter(() => this.#random.chance(30))
    this.#denied = { into: some(), out: some() }
    this.#store.replace(policyOf(this.#denied.into, this.#denied.out))
    // Whoever forgets to say so is caught before anything is framed (SE-128).
    if (this.#random.chance(70)) this.#raw.engine.reask(0)
  }

  #begin(of: Parameters<Raw['begin']>[0]): void {
    const admitted = this.#raw.engine.admit(of, 0)
    const denied = this.#denied.out.some((who) => who === whoOf(of.value))
    expect('effect' in admitted).toBe(denied)
    if ('effect' in admitted) return
    const { exchange } = this.#raw.engine.begin(admitted, 0)
    if (exchange.stream) this.#streams.push(exchange)
  }

  #item(value: { readonly who: Who }): void {
    if (this.#streams.length > 0) this.#raw.engine.item(this.#random.pick(this.#streams), value, 0)
  }

  #asked(value: { readonly who: Who }): void {
    const operation = this.#random.pick([CALL, NOTE, TALK])
    const id = this.#nextId
    this.#nextId += 2
    this.#raw.send(begin({ exchange: id, operation, body: encode(value), ...(operation === TALK && { flags: 0 }) }))
    if (operation !== TALK) return
    for (let n = this.#random.below(3); n > 0; n--) this.#raw.send(data(id, encode({ who: this.#random.pick(WHO) }), 0))
  }

  /** User code sees what waits, as far as it may. */
  #see(): void {
    for (const event of this.#unseen.splice(0, 1 + this.#random.below(4))) {
      if (this.#raw.engine.stands(event) !== true) continue
      const bad = event.exchange.mine ? [] : this.#denied.into
      expect(bad).not.toContain(whoOf(event.value))
      this.#raw.engine.consumed(event)
      this.dispatched++
      if (event.is === 'message' && !event.exchange.oneWay) this.#handled.push(event.exchange)
    }
  }

  #reply(): void {
    const exchange = this.#handled.shift()
    if (exchange === undefined) return
    if (!exchange.stream) this.#raw.engine.reply(exchange, 'r')
    else if (this.#random.chance(50)) this.#raw.engine.item(exchange, 'down', 0)
    else this.#raw.engine.end(exchange)
  }

  #grant(): void {
    const limit = 4_096 + this.#framed
    if (limit - this.#announced < 1_024) return
    this.#announced = limit
    this.#raw.send(credit(0, limit))
  }

  #look(): void {
    for (const event of this.#raw.take()) {
      if (event.is === 'message' || event.is === 'item') this.#unseen.push(event)
      if (event.is === 'cancelled' || (event.is === 'fault' && event.error.code === 'policy/denied')) this.narrowed++
    }
    if (this.#random.chance(40)) return
    for (const frame of this.#raw.read()) this.#check(frame)
  }

  #check(frame: Frame): void {
    if (frame.is !== 'BEGIN' && frame.is !== 'DATA') return
    // What an item takes beside is given later: credit may be less.
    this.#framed += frame.body.length + (frame.is === 'BEGIN' ? 64 : 0)
    if (frame.exchange % 2 === 1 || frame.body.length === 0) return
    this.framed++
    expect(this.#denied.out).not.toContain(whoOf(decode(frame.body)))
  }
}

test('SE-128 SE-130 SE-133 whatever is swapped when: nothing is framed or seen that the rules in force deny', () => {
  const seed = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`narrowing: SOTTO_SEED=${seed}`)
  const sum = { framed: 0, dispatched: 0, narrowed: 0 }
  for (let run = 0; run < RUNS; run++) {
    const { framed, dispatched, narrowed } = new Play(seed + run).run()
    sum.framed += framed
    sum.dispatched += dispatched
    sum.narrowed += narrowed
  }
  console.log(`narrowing: ${JSON.stringify(sum)}`)
  for (const count of Object.values(sum)) expect(count).toBeGreaterThan(RUNS)
})
