import type { Wire } from '../../src/cbor.js'
import { SottoError } from '../../src/errors.js'
import type { Peer } from '../../src/identity/peer.js'
import type { Engine } from '../../src/session/engine.js'
import type { Established } from '../../src/session/established.js'
import type { EngineEvent } from '../../src/session/events.js'
import type { Exchange } from '../../src/session/exchange.js'
import { NO_LABELS } from '../../src/session/frames.js'
import type { StateName } from '../../src/session/states.js'
import { type Asked as AskedOf, newAsked } from './asked.js'
import { Book } from './book.js'
import { EPOCH_MS } from './credentials.js'
import type { Direction } from './direction.js'
import { Handlers } from './handlers.js'
import type { Begin, Role } from './script.js'
import { denies, deniesForm, deniesSelf, isOneWay, isSame, keeps, LIMITED, messageOf, placeOf } from './service.js'
import { canFollow } from './states.js'
import { Talks, type Track } from './talks.js'
import { violation } from './violation.js'

type EventOf<Is extends EngineEvent['is']> = Extract<EngineEvent, { readonly is: Is }>

type Asked = AskedOf<End>

/** What an end has around it: a process with a clock and a policy, and a world that keeps the time. */
export interface Surroundings {
  readonly asked: Asked[]
  /** The number of the policy in force. */
  policy(): number
  /** The monotonic clock of the process. */
  nowMs(): number
  after(ms: number, act: () => void): void
  opened(end: End): void
  closed(end: End): void
}

const CANNOT_RENEW = ['session/closed', 'session/busy', 'session/limit'] as const

/** One engine with the application on top of it, held to what the application may expect. */
export class End {
  readonly role: Role
  readonly engine: Engine
  readonly direction: Direction
  readonly #world: Surroundings
  readonly #book = new Book<Asked>()
  readonly #handlers: Handlers<Asked>
  readonly #talks: Talks
  #lastNote = -1
  #state: StateName
  #stuck = 0
  /** Whom it speaks with; another one after a crash. */
  peer: End
  established: Established | undefined
  /** The process is gone without a word. */
  gone = false
  isClosed = false
  error: SottoError | undefined
  /** Newer credentials that the peer has shown. */
  renewals = 0
  /** When trust in the peer ends, by its own clock. */
  trustEndsAt = Number.POSITIVE_INFINITY
  /** The application has asked for the end. */
  closing = false
  /** When it will wait no longer, by its own clock. */
  closeAt = Number.POSITIVE_INFINITY
  aborted = false

  constructor(role: Role, engine: Engine, direction: Direction, world: Surroundings) {
    this.role = role
    this.engine = engine
    this.direction = direction
    this.#world = world
    this.#state = engine.state
    this.#talks = new Talks(engine, world)
    this.#handlers = new Handlers({
      engine,
      limits: direction.limits,
      talks: this.#talks,
      after: (ms, act) => world.after(ms, act),
      isLive: () => !this.isClosed && !this.gone,
      readable: ({ exchange }) => {
        if (!exchange.mine && deniesForm(world.policy(), 'stream'))
          throw violation('policy', `an item of exchange ${exchange.id} is read, which is denied`)
      },
    })
    this.peer = this
  }

  /** When the timer runs: whole milliseconds, of its own clock. */
  get wakeAt(): number {
    return this.gone ? Number.POSITIVE_INFINITY : Math.ceil(this.engine.wakeAt())
  }

  /** Messages of either end that are not done with. */
  get busy(): boolean {
    return this.#book.waiting.size > 0 || this.#handlers.busy
  }

  /** All that the engine was given a message or an answer in. */
  get exchanges(): readonly Exchange[] {
    return [...this.#book.all.map(({ exchange }) => exchange), ...this.#handlers.served.keys()]
  }

  /** All that was begun here. */
  get sent(): readonly Asked[] {
    return this.#book.all
  }

  /** The close deadline has passed, and a one-way message of the peer may be here in pieces. */
  get torn(): boolean {
    if (this.#world.nowMs() < this.closeAt) return false
    for (const { begin, exchange, delivered } of this.peer.sent)
      if (isOneWay(begin) && exchange.id > 0 && !delivered) return true
    return false
  }

  /** Trust in the peer has run out; before there is a session, in either of the two. */
  get untrusted(): boolean {
    return this.established === undefined || this.#world.nowMs() >= this.trustEndsAt
  }

  wake(): void {
    const nowMs = this.#world.nowMs()
    this.engine.wake(nowMs)
    this.#stuck = this.wakeAt <= nowMs ? this.#stuck + 1 : 0
    if (this.#stuck > 3) throw violation('progress', `a timer at ${this.engine.wakeAt()} runs again and again`)
  }

  begin(step: Begin): void {
    if (this.gone) return
    const seq = this.#world.asked.length
    const value = messageOf(seq, step)
    const labels = step.refused === 'head' ? { to: 'head' } : NO_LABELS
    const nowMs = this.#world.nowMs()
    try {
      const act = { contract: 'sim.v1', ...placeOf(seq, step, value), ttlMs: step.ttlMs, labels }
      const admitted = this.engine.admit(act, nowMs)
      if ('effect' in admitted !== deniesSelf(this.#world.policy(), step))
        throw violation('policy', 'the own gate is wrong')
      if ('effect' in admitted) return
      const { exchange, taken } = this.engine.begin(admitted, nowMs)
      const awaited = !isOneWay(step) || !taken
      const deadlineAt = step.ttlMs > 0 ? nowMs + step.ttlMs : Number.POSITIVE_INFINITY
      const asked = newAsked<End>({ seq, begin: step, from: this, value, exchange, awaited, deadlineAt })
      this.#world.asked.push(asked)
      this.#book.add(asked)
      if (exchange.stream) this.#talks.write(exchange, asked, asked.up, true)
    } catch (error) {
      // Expected outcomes: a message over the limit, a session that is not open.
      if (!SottoError.is(error, 'session/closed') && !SottoError.is(error, 'call/too-large')) throw error
    }
  }

  cancel(which: number): void {
    const { all } = this.#book
    const asked = all[which % Math.max(all.length, 1)]
    if (asked === undefined || this.isClosed || this.gone) return
    const open = this.#book.waiting.has(asked)
    this.engine.cancel(asked.exchange)
    this.drain()
    if (open && asked.outcome === undefined) throw violation('settled', 'a cancelled exchange without an outcome')
  }

  ping(): void {
    if (this.gone) return
    try {
      this.engine.ping(this.#world.nowMs())
    } catch (error) {
      // Expected outcomes.
      if (!SottoError.is(error, 'session/closed') && !SottoError.is(error, 'session/busy')) throw error
    }
  }

  /** Shows a newer credential; false if it cannot be shown now. */
  renew(credential: Uint8Array): boolean {
    if (this.gone) return false
    try {
      this.engine.renew(credential, this.#world.nowMs())
      return true
    } catch (error) {
      // Expected outcomes.
      if (CANNOT_RENEW.some((code) => SottoError.is(error, code))) return false
      throw error
    }
  }

  close(timeoutMs: number): void {
    if (this.isClosed || this.gone) return
    this.closing = true
    if (this.engine.state === 'open') this.direction.drains()
    this.closeAt = Math.min(this.closeAt, this.#world.nowMs() + timeoutMs)
    this.engine.close(this.#world.nowMs(), timeoutMs)
  }

  abort(): void {
    if (this.isClosed || this.gone) return
    this.aborted = true
    this.engine.abort(SottoError.of('session/lost', 'the application aborts'))
  }

  /** Every handler is done now. */
  finish(): void {
    this.#handlers.finish()
  }

  /** Another policy is in force: when this is done, nothing of what it denies is left. */
  narrow(): void {
    if (this.isClosed || this.gone) return
    this.engine.reask(this.#world.nowMs())
    this.drain()
  }

  /** All that the engine has to tell. */
  drain(): void {
    for (let event = this.engine.next(); event !== undefined; event = this.engine.next()) {
      if (this.isClosed) throw violation('settled', `the event ${event.is} after the last one`)
      this.#event(event)
    }
    const { state } = this.engine
    if (state === this.#state) return
    if (!canFollow(this.#state, state)) throw violation('states', `${state} after ${this.#state}`)
    this.#state = state
  }

  /** No deadline has passed in silence. */
  check(): void {
    if (this.isClosed || this.gone) return
    const nowMs = this.#world.nowMs()
    // A timer that is due now ends it.
    if (nowMs > this.trustEndsAt + 1 && this.wakeAt > nowMs)
      throw violation('trust', `a session that lives on at ${nowMs}`)
    for (const { deadlineAt, seq } of this.#book.waiting)
      if (nowMs > deadlineAt + 1) throw violation('deadline', `message ${seq} waits since ${deadlineAt}, at ${nowMs}`)
  }

  #event(event: EngineEvent): void {
    switch (event.is) {
      case 'established':
        this.established = event.established
        this.trustEndsAt = endOf(event.established.peer)
        this.#world.opened(this)
        break
      case 'renewed':
        this.trustEndsAt = endOf(event.peer)
        this.renewals++
        break
      case 'message':
        this.#message(event)
        break
      case 'reply':
        this.#reply(event)
        break
      case 'fault':
        this.#fault(event)
        break
      case 'item':
        this.#item(event)
        break
      case 'ended':
        if (event.error === undefined && this.#isKnown(event.exchange))
          this.#talks.checkEnd(this.#streamOf(event.exchange), this.#trackOf(event.exchange))
        break
      case 'stopped':
        this.#talks.forget(event.exchange)
        // SE-158: the engine ends what stands by itself.
        if (SottoError.is(event.error, 'session/closed')) this.#trackSent(event.exchange).ended = true
        break
      case 'over':
        this.#over(event.exchange)
        break
      case 'taken':
        if (event.exchange.stream) this.#talks.taken(event.exchange)
        else this.#book.outcome(this.#book.find(event.exchange), 'taken', 'maybe')
        break
      case 'cancelled':
        this.#handlers.cancelled(event.exchange)
        break
      case 'denied':
        this.#denied(event)
        break
      case 'refused':
        this.#refused(event.decision)
        break
      case 'closed':
        this.isClosed = true
        this.error = event.error
        this.#handlers.clear()
        this.#world.closed(this)
    }
  }

  #message(event: EventOf<'message'>): void {
    const { verb } = event.exchange.route
    const value = verb === 'enqueue' ? memberOf(event.value, 'value') : event.value
    const asked = this.#askedOf(value)
    if (this.engine.stands(event) !== true) return
    if (!isSame(value, asked.value)) throw violation('unsent', `message ${asked.seq} has come changed`)
    if (asked.delivered) throw violation('twice', `message ${asked.seq} is delivered again`)
    if (denies(this.#world.policy(), asked.begin)) throw violation('policy', `message ${asked.seq} is dispatched`)
    asked.delivered = true
    if (isOneWay(asked.begin)) {
      if (asked.seq < this.#lastNote) throw violation('order', `message ${asked.seq} after ${this.#lastNote}`)
      this.#lastNote = asked.seq
    }
    this.#handlers.start(event, asked)
  }

  #item(event: EventOf<'item'>): void {
    const { exchange } = event
    if (this.engine.stands(event) !== true) return
    const asked = this.#streamOf(exchange)
    if (exchange.mine && asked.outcome !== undefined)
      throw violation('settled', `an item of stream ${asked.seq}, which is over`)
    this.#talks.read(event, asked, this.#trackOf(exchange))
    this.#handlers.read(event, asked)
  }

  #over(exchange: Exchange): void {
    this.#talks.forget(exchange)
    this.#handlers.over(exchange)
    if (!exchange.mine) return
    const asked = this.#book.find(exchange)
    if (asked.outcome === undefined) this.#book.outcome(asked, 'over', 'yes')
  }

  /** What the peer began is not, if it was denied before its handler saw it. */
  #isKnown(exchange: Exchange): boolean {
    return exchange.mine || this.#handlers.served.has(exchange)
  }

  #streamOf(exchange: Exchange): Asked {
    return this.#handlers.served.get(exchange) ?? this.#book.find(exchange)
  }

  /** What the peer writes. */
  #trackOf(exchange: Exchange): Track {
    const { up, down } = this.#streamOf(exchange)
    return exchange.mine ? down : up
  }

  /** What this end writes. */
  #trackSent(exchange: Exchange): Track {
    const { up, down } = this.#streamOf(exchange)
    return exchange.mine ? up : down
  }

  #reply({ exchange, value }: EventOf<'reply'>): void {
    const asked = this.#book.find(exchange)
    if (asked.answered !== 'reply' || !isSame(value, asked.answer))
      throw violation('unsent', `a reply to message ${asked.seq} that no handler gave`)
    this.#book.outcome(asked, 'reply', 'yes')
  }

  #fault({ exchange, error }: EventOf<'fault'>): void {
    const asked = this.#book.find(exchange)
    const { code, ran } = error
    const answered = code === 'call/fault' || code === 'call/internal'
    if (answered && asked.answered !== (code === 'call/fault' ? 'fault' : 'internal'))
      throw violation('unsent', `a fault of message ${asked.seq} that no handler gave`)
    const refused = code === 'policy/denied' || code === 'policy/limited'
    const own = code === 'policy/denied' && deniesSelf(this.#world.policy(), asked.begin)
    if (refused && !asked.denied && !own)
      throw violation('policy', `message ${asked.seq} was not refused, and is told so`)
    // The handler has run, and says that what it got was no request.
    this.#talks.forget(exchange)
    this.#book.outcome(asked, code, code === 'contract/invalid' && asked.answered === 'invalid' ? 'maybe' : ran)
  }

  #denied({ denial }: EventOf<'denied'>): void {
    if (this.#isOwn(denial.decision)) return
    const asked = this.peer.#book.byDecision(denial.decision)
    const limited = denial.why === 'limit' && this.#world.policy() === LIMITED
    const policy = this.#world.policy()
    if (!limited && !denies(policy, asked.begin) && !keeps(policy, asked.begin))
      throw violation('policy', `message ${asked.seq} is refused by ${denial.why}`)
    asked.denied = true
  }

  /** A one-way message was refused, or not taken by a peer that closes. */
  #refused(decision: string): void {
    // One that was never framed has no exchange; its fault follows.
    if (decision.split('.')[2] === '0') return
    const asked = this.#book.byDecision(decision)
    if (asked.told) throw violation('twice', `message ${asked.seq} is refused again`)
    asked.told = true
    if (asked.delivered) throw violation('ran', `message ${asked.seq} is delivered, and told to be refused`)
  }

  /** A decision on what this end sends, which its own policy denies by now. */
  #isOwn(decision: string): boolean {
    if (decision.split('.')[1] !== (this.role === 0 ? 'ir' : 'ri')) return false
    if (this.#world.policy() !== 5)
      throw violation('policy', `${decision} is denied by the own policy, which allows it`)
    return true
  }

  #askedOf(value: Wire | undefined): Asked {
    const seq = memberOf(value, 'seq')
    const asked = typeof seq === 'number' ? this.#world.asked[seq] : undefined
    if (asked === undefined || asked.from !== this.peer) throw violation('unsent', 'a message that the peer never sent')
    return asked
  }
}

const memberOf = (value: Wire | undefined, name: string): Wire | undefined =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined

/** By the virtual clock. */
const endOf = ({ expiresMs = Number.POSITIVE_INFINITY }: Peer): number => expiresMs - EPOCH_MS
