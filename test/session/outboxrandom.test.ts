import { expect, test } from 'vitest'
import { concat, EMPTY } from '../../src/bytes.js'
import { routeAt } from '../../src/session/agreement.js'
import { Exchange } from '../../src/session/exchange.js'
import { decodeFrames, type Frame, MAX_FRAMES } from '../../src/session/frames.js'
import { encodeFrame } from '../../src/session/framewriter.js'
import { limitsOf } from '../../src/session/limits.js'
import { Outbox } from '../../src/session/outbox.js'
import { Random } from '../random.js'
import { routeOf } from './routes.js'

const STEPS = 80
const PLAYS = 30
const standing = routeAt(routeOf('work'), '', true)
if (standing === undefined) throw new Error('expected a route')
const ROUTES = {
  call: routeOf('call'),
  note: routeOf('note'),
  reply: routeOf('call'),
  items: routeOf('talk'),
  chunks: routeOf('tube'),
  free: standing,
} as const
type Kind = keyof typeof ROUTES
const KINDS = Object.keys(ROUTES) as Kind[]

/** An exchange, what was given it to send, and what its peer has of it, counted as the chapter says. */
interface Sent {
  readonly kind: Kind
  readonly exchange: Exchange
  readonly given: Uint8Array[]
  readonly got: Uint8Array[]
  /** Of the message in pieces. */
  part: Uint8Array | undefined
  /** Of the exchange's window: taken, and announced. */
  taken: number
  limit: number
  ended: boolean
  dropped: boolean
}

const isStream = (kind: Kind): boolean => kind === 'items' || kind === 'chunks' || kind === 'free'

const check = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(`expected ${what}`)
}

/** One end that sends, and a peer that counts what it reads. */
class Play {
  readonly #random: Random
  readonly #plaintext: number
  readonly #window: number
  readonly #own: number
  readonly #outbox: Outbox
  readonly #all: Sent[] = []
  readonly #urgent: number[] = []
  #nextId = 1
  #nextReply = 2
  #count = 0
  #taken = 0
  #limit: number
  #pieced: Sent | undefined

  constructor(random: Random) {
    this.#random = random
    this.#plaintext = random.pick([1_024, 1_500, 4_096])
    this.#window = random.pick([4_096, 8_192])
    this.#own = random.pick([4_096, 8_192])
    this.#limit = this.#window
    const limits = limitsOf()
    const allowed = { ...limits, plaintext: this.#plaintext }
    const declared = { ...limits, sessionWindow: this.#window, exchangeWindow: this.#own }
    this.#outbox = new Outbox(allowed, declared, {
      begins: (exchange) => {
        exchange.id = this.#nextId
        this.#nextId += 2
        return exchange.id
      },
      framed: (exchange, ended) => {
        exchange.sendEnded = ended
      },
    })
  }

  run(): void {
    for (let step = 0; step < STEPS; step++) this.#step()
    for (const sent of this.#all) if (!sent.exchange.last) this.#end(sent)
    // A peer that takes all gets all.
    for (let round = 0; round < 10_000 && !this.#outbox.empty; round++) {
      this.#fill()
      this.#giveBack()
    }
    expect([this.#outbox.empty, this.#outbox.unframed, this.#urgent]).toEqual([true, [], []])
    for (const { kind, given, got, part, dropped, ended } of this.#all) {
      if (dropped) continue
      expect([part, ended, concat(...got)], kind).toEqual([undefined, true, concat(...given)])
      if (kind !== 'chunks') expect(got.map(({ length }) => length)).toEqual(given.map(({ length }) => length))
    }
  }

  #step(): void {
    const random = this.#random
    const open = this.#all.filter(({ kind, exchange, dropped }) => isStream(kind) && !exchange.last && !dropped)
    const stream = open.length > 0 && random.chance(60) ? random.pick(open) : undefined
    const way = random.below(10)
    if (way < 4) {
      if (stream === undefined) this.#begin()
      else this.#add(stream)
    } else if (way < 7) this.#fill()
    else if (way === 7) this.#giveBack()
    else if (way === 8 && stream !== undefined && random.chance(50)) this.#end(stream)
    else if (way === 8) this.#say()
    else if (random.chance(40)) this.#drop()
  }

  /** Around the edges of what goes whole and what does not. */
  #length(): number {
    const random = this.#random
    const whole = Math.min(this.#plaintext - 32, Math.min(this.#window, this.#own) / 2 - 64)
    const edges = [0, 1, 100, whole - 1, whole, whole + 1, this.#own / 2, this.#window / 4 - 64, 2 * this.#own]
    return Math.max(0, random.pick(edges) + (random.chance(50) ? 0 : random.below(200) - 100))
  }

  #bytes(length: number): Uint8Array {
    return new Uint8Array(length).fill(++this.#count)
  }

  #begin(): void {
    const kind = this.#random.pick(KINDS)
    const route = ROUTES[kind]
    const head = { operation: 0, subject: EMPTY, standing: route.standing, ttlMs: 0, labels: EMPTY }
    const windows = { receive: 1_048_576, send: this.#own }
    const exchange = new Exchange(route, kind === 'reply' ? undefined : head, windows)
    if (kind === 'reply') {
      exchange.id = this.#nextReply
      this.#nextReply += 2
    }
    const body = this.#bytes(this.#length())
    exchange.body = body
    exchange.last = !isStream(kind)
    const sent: Sent = {
      kind,
      exchange,
      given: [body],
      got: [],
      part: undefined,
      taken: 0,
      limit: this.#own,
      ended: false,
      dropped: false,
    }
    this.#all.push(sent)
    // SE-48: whether all that waits, and this, is covered by the credit there is.
    const waits = this.#all.reduce((sum, each) => sum + (isStream(each.kind) ? 0 : this.#due(each)), 0)
    expect(this.#outbox.covers(exchange)).toBe(
      isStream(kind) ? waits + 64 + body.length <= this.#limit - this.#taken : waits <= this.#limit - this.#taken,
    )
    this.#outbox.push(exchange)
  }

  /** Of the session's window, for what is left of the message at hand. */
  #due({ kind, exchange: { id, body, offset } }: Sent): number {
    if (body === undefined) return 0
    return (id === 0 ? 64 : isStream(kind) ? 64 : 0) + body.length - offset
  }

  #add(sent: Sent): void {
    const body = this.#bytes(1 + this.#length())
    sent.given.push(body)
    sent.exchange.add({ body, admitted: undefined, delivery: undefined, atMs: 0 })
    this.#outbox.push(sent.exchange)
  }

  #end({ exchange }: Sent): void {
    exchange.last = true
    this.#outbox.push(exchange)
  }

  #say(): void {
    const count = ++this.#count
    this.#urgent.push(count)
    this.#outbox.notice(encodeFrame({ is: 'PING', count }))
  }

  /** As a RESET does: what was to come is not sent. */
  #drop(): void {
    const live = this.#all.filter(({ dropped, ended }) => !dropped && !ended)
    if (live.length === 0) return
    const sent = this.#random.pick(live)
    if (this.#pieced === sent) this.#pieced = undefined
    sent.dropped = true
    this.#outbox.drop(sent.exchange)
    sent.exchange.last = true
    sent.exchange.sendEnded = true
  }

  /** The peer reads what it has, or some of it. */
  #giveBack(): void {
    const limit = this.#taken + this.#window - (this.#random.chance(30) ? Math.floor(this.#window / 3) : 0)
    if (limit >= this.#limit + this.#window / 4) {
      this.#outbox.raise(limit)
      this.#limit = limit
    }
    for (const sent of this.#all) {
      const own = sent.taken + this.#own
      if (sent.dropped || sent.ended || own < sent.limit + this.#own / 4) continue
      sent.exchange.sendWindow.raise(own)
      sent.limit = own
    }
  }

  #fill(): void {
    const record = this.#outbox.fill()
    if (record === undefined) {
      expect(this.#urgent).toEqual([])
      this.#expectBlocked()
      return
    }
    check(record.length <= this.#plaintext - 2, 'room for a REKEY')
    const frames = decodeFrames(record.slice())
    check(frames.length < MAX_FRAMES, 'a frame left for a REKEY')
    for (const frame of frames) this.#read(frame)
  }

  #read(frame: Frame): void {
    if (frame.is === 'PING') {
      check(frame.count === this.#urgent.shift(), 'the order of what needs no credit')
      return
    }
    if (frame.is !== 'BEGIN' && frame.is !== 'DATA') throw new Error(`expected no ${frame.is}`)
    const sent = this.#all.find(({ exchange }) => exchange.id === frame.exchange)
    if (sent === undefined) throw new Error('expected an exchange that was begun')
    check(!sent.dropped && !sent.ended, 'nothing behind an end')
    const { body, more, end } = frame
    // The rest of a request in pieces is none.
    const item = isStream(sent.kind) && sent.got.length > 0
    const whole = !more
    // SE-50, SE-124, SE-157: a message is charged once, where its BEGIN or the end of its item is.
    const charge = frame.is === 'BEGIN' || (item && whole && body.length + (sent.part?.length ?? 0) > 0) ? 64 : 0
    const free = sent.kind === 'free' && item
    if (!free) this.#taken += body.length + charge
    check(this.#taken <= this.#limit, 'credit of the session')
    sent.taken += body.length + (item ? charge : 0)
    check(sent.taken <= sent.limit, 'credit of the exchange')
    // SE-47
    const inPieces = more || sent.part !== undefined
    check(!inPieces || this.#pieced === undefined || this.#pieced === sent, 'one message in pieces')
    this.#pieced = more ? sent : this.#pieced === sent ? undefined : this.#pieced
    // SE-71
    if (sent.kind === 'note' && frame.is === 'BEGIN') {
      const before = this.#all.slice(0, this.#all.indexOf(sent)).filter(({ kind }) => kind === 'note')
      check(
        before.every(({ dropped, ended }) => dropped || ended),
        'what was sent one way earlier',
      )
    }
    const message = concat(sent.part ?? EMPTY, body)
    sent.part = more ? message : undefined
    // An empty DATA that ends is the end of a stream and no item.
    if (!more && (!item || body.length > 0)) sent.got.push(message)
    if (end) sent.ended = true
  }

  /** What alone waits has a reason to: it lacks credit of the session or of its exchange. */
  #expectBlocked(): void {
    const waiting = this.#all.filter(({ exchange, dropped }) => !dropped && exchange.hasMore)
    const [sent] = waiting
    if (sent === undefined || waiting.length > 1) return
    const { kind, exchange } = sent
    const { body } = exchange
    if (body === undefined) throw new Error('expected the end of a stream to wait for nothing')
    const item = isStream(kind) && sent.got.length > 0
    const own = sent.limit - sent.taken - (item ? 64 : 0)
    const free = kind === 'free' && item
    const room = free ? Number.POSITIVE_INFINITY : this.#limit - this.#taken - (exchange.id === 0 || item ? 64 : 0)
    const whole = Math.min(this.#plaintext - 32, Math.min(this.#window, this.#own) / 2 - 64)
    const left = body.length - exchange.offset
    const inPieces = exchange.offset > 0 || left > whole || (kind === 'chunks' && item)
    const least = inPieces ? Math.min(left, 1_024, Math.floor(Math.floor((this.#plaintext - 2) / 4) / 2)) : left
    const lacks = `${kind}: ${left} left, ${least} at least, ${own} own, ${room} of the session`
    check(own < least || room < least, `nothing to wait for credit that it has: ${lacks}`)
  }
}

const seed = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
console.log(`outbox: SOTTO_SEED=${seed}`)

test.each(Array.from({ length: PLAYS }, (_, index) => index))(
  'SE-47 SE-50 SE-62 SE-71 SE-120 SE-124 SE-157 whatever waits goes once, in its order, within both windows, and as far as they go (%i)',
  (index) => {
    new Play(new Random(seed, index)).run()
  },
)
