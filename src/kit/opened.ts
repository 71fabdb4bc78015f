import type { Provider } from '../crypto/provider.js'
import { codeOfWire, type SottoError } from '../errors.js'
import { Turn } from '../messaging/conversations.js'
import type { Engine } from '../session/engine.js'
import type { EngineEvent } from '../session/events.js'
import type { Exchange } from '../session/exchange.js'
import type { Fault } from '../session/faults.js'
import type { Frame } from '../session/frames.js'
import { fromHex } from './members.js'
import { OpenedPeer } from './openedpeer.js'
import { bodyOf, hexOfItem } from './player.js'
import { hexOf } from './shimserves.js'
import type { Learnt, Opening, SaidOf, Told, TrafficItem } from './trafficform.js'

type ActOf = Extract<TrafficItem, { readonly act: unknown }>
type Begin = Extract<ActOf, { readonly act: 'begin' }>
type Message = Extract<EngineEvent, { readonly is: 'message' }>

/** What became of a session. */
export interface Outcome {
  readonly events: readonly Learnt[]
  readonly says: readonly SaidOf[]
  /** Why it ended, with no error for a clean end, and at which item of the script; undefined while it is open. */
  readonly closed: { readonly error: SottoError | undefined; readonly at: number } | undefined
  /** The number of the END that it wrote, and where. */
  readonly end: { readonly code: number; readonly at: number } | undefined
}

/** One end of an open session, of which what its peer says is written out. */
export class Opened {
  readonly #peer: OpenedPeer
  readonly #engine: Engine
  readonly #events: Learnt[] = []
  readonly #says: SaidOf[] = []
  readonly #waiting = new Map<number, Message>()
  readonly #exchanges = new Map<number, Exchange>()
  readonly #own: Exchange[] = []
  #closed: Outcome['closed']
  #end: Outcome['end']
  #nowMs = 0
  #at = 0

  constructor(opening: Opening, provider: Provider) {
    this.#peer = new OpenedPeer(opening, provider)
    this.#engine = this.#peer.engine
  }

  static play(opening: Opening, provider: Provider): Outcome {
    const opened = new Opened(opening, provider)
    const [events, says]: [Learnt[], SaidOf[]] = [[], []]
    for (const [at, item] of opening.script.entries()) {
      opened.#at = at
      opened.#do(item)
      opened.#learn()
      // Nothing says in which order these go, so vectors do.
      events.push(...opened.#events.splice(0).sort((one, other) => placeIn(one) - placeIn(other)))
      says.push(...opened.#says.splice(0).sort(byExchange))
    }
    return { events, says, closed: opened.#closed, end: opened.#end }
  }

  #do(item: TrafficItem): void {
    if ('record' in item) this.#engine.receive(this.#peer.say(fromHex('record', item.record)), this.#nowMs)
    else if ('eof' in item) this.#engine.ended()
    else if ('ms' in item) {
      this.#nowMs += item.ms
      this.#engine.wake(this.#nowMs)
    } else this.#act(item)
  }

  #act(act: ActOf): void {
    switch (act.act) {
      case 'begin':
        this.#begin(act)
        break
      case 'reply':
        this.#reply(this.#taken(act.exchange), act.body)
        break
      case 'fault':
        this.#fault(this.#taken(act.exchange), { code: 'call/fault', name: act.name, data: bodyOf(act.body) })
        break
      case 'take':
        this.#taken(act.exchange)
        break
      case 'item':
        this.#item(this.#taken(act.exchange), act.body)
        break
      case 'end':
        this.#engine.end(this.#taken(act.exchange))
        break
      case 'stop':
        this.#engine.stop(this.#taken(act.exchange))
        break
      case 'cancel':
        this.#engine.cancel(this.#taken(act.exchange))
        break
      case 'ping':
        this.#engine.ping(this.#nowMs)
        break
      case 'close':
        this.#engine.close(this.#nowMs, 1_000)
    }
  }

  #begin({ operation, body, subject = '', standing = false, ttlMs = 0 }: Begin): void {
    const act = { contract: 'kit.v1', operation, subject, standing, value: bodyOf(body), ttlMs, labels: {} }
    const admitted = this.#engine.admit(act, this.#nowMs)
    if ('effect' in admitted) throw new TypeError(`the own gate refuses ${operation}`)
    this.#own.push(this.#engine.begin(admitted, this.#nowMs).exchange)
  }

  /** An exchange; what its handler has been given is taken. */
  #taken(id: number): Exchange {
    const message = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (message !== undefined) this.#engine.consumed(message)
    const exchange = this.#exchanges.get(id) ?? this.#own.find((own) => own.id === id)
    if (exchange === undefined) throw new TypeError(`expected exchange ${id}`)
    return exchange
  }

  /** CV-12: of a step the turn comes when those before have had theirs. */
  #reply(exchange: Exchange, body: string): void {
    const { step } = exchange
    const misstep = step instanceof Turn ? step.begin() : undefined
    if (misstep !== undefined) {
      this.#engine.fault(exchange, { code: 'flow/refused', state: misstep.state, expected: misstep.expected })
      return
    }
    this.#engine.reply(exchange, bodyOf(body))
    if (!(step instanceof Turn)) return
    step.open()
    step.succeeded()
    step.end()
  }

  #fault(exchange: Exchange, fault: Fault): void {
    const { step } = exchange
    if (step instanceof Turn) {
      step.begin()
      step.open()
      step.end()
    }
    this.#engine.fault(exchange, fault)
  }

  #item(exchange: Exchange, body: string): void {
    const value = exchange.sends === 'bytes' ? fromHex('body', body) : (bodyOf(body) ?? null)
    if (typeof this.#engine.item(exchange, value, this.#nowMs) !== 'boolean')
      throw new TypeError('the own gate refuses an item')
  }

  /** Reads all that it writes and tells; items are read as they come. */
  #learn(): void {
    for (let isMore = true; isMore; ) {
      isMore = false
      for (let event = this.#engine.next(); event !== undefined; event = this.#engine.next()) {
        isMore = true
        this.#hear(event)
      }
      for (let bytes = this.#engine.take(this.#nowMs); bytes !== undefined; bytes = this.#engine.take(this.#nowMs)) {
        isMore = true
        for (const frame of this.#peer.read(bytes)) this.#saw(frame)
      }
    }
  }

  #hear(event: EngineEvent): void {
    if (event.is === 'message') {
      this.#waiting.set(event.exchange.id, event)
      this.#exchanges.set(event.exchange.id, event.exchange)
    }
    if (event.is === 'item') this.#engine.consumed(event)
    if (event.is === 'closed') this.#closed = { error: event.error, at: this.#at }
    if (isTold(event)) this.#events.push({ event: event.is, ...tellingOf(event) })
  }

  #saw(frame: Frame): void {
    if (frame.is === 'END') this.#end = { code: frame.code, at: this.#at }
    if (frame.is !== 'FAULT' && frame.is !== 'RESET' && frame.is !== 'STOP') return
    const code = codeOfWire(frame.code)
    if (code === undefined) throw new TypeError(`expected a code, got ${frame.code}`)
    this.#says.push({ is: frame.is, exchange: frame.exchange, code })
  }
}

/** What is of the session stands behind what is of exchanges. */
const placeIn = ({ exchange }: Learnt): number => (exchange === undefined ? 1 : 0)

/** Of one exchange FAULT first, then RESET, then STOP. */
const byExchange = (one: SaidOf, other: SaidOf): number =>
  one.exchange - other.exchange || one.is.charCodeAt(0) - other.is.charCodeAt(0)

const UNTOLD: ReadonlySet<EngineEvent['is']> = new Set(['established', 'over', 'taken', 'renewed'])

const isTold = (event: EngineEvent): event is Told => !UNTOLD.has(event.is)

const tellingOf = (event: Told): Omit<Learnt, 'event'> => {
  switch (event.is) {
    case 'message':
      return messageOf(event)
    case 'reply':
      return { exchange: event.exchange.id, body: hexOf(event.value) }
    case 'item':
      return { exchange: event.exchange.id, body: hexOfItem(event) }
    case 'fault':
      return { exchange: event.exchange.id, code: event.error.code, ran: event.error.ran }
    case 'cancelled':
    case 'stopped':
      return { exchange: event.exchange.id, code: event.error.code }
    case 'ended':
      return { exchange: event.exchange.id, code: event.error?.code ?? null }
    case 'denied':
      return placeOf(event.denial.decision)
    case 'refused':
      return placeOf(event.decision)
    case 'closed':
      return { code: event.error?.code ?? null }
    case 'pong':
    case 'draining':
      return {}
  }
}

const messageOf = ({ exchange, value, labels }: Message): Omit<Learnt, 'event'> => {
  const { id, route, ttlMs } = exchange
  return {
    exchange: id,
    operation: route.row.name,
    ...(route.subject === '' ? {} : { subject: route.subject }),
    body: hexOf(value),
    ...(ttlMs > 0 && { ttlMs }),
    ...(Object.keys(labels).length > 0 && { labels: { ...labels } }),
  }
}

/** The exchange and the index that a decision names. */
const placeOf = (decision: string): Pick<Learnt, 'exchange' | 'index'> => {
  const [, , exchange, index] = decision.split('.').map(Number)
  return { exchange: exchange ?? 0, index: index ?? 0 }
}
