import { encode, type Wire } from '../../src/cbor.js'
import { SottoError } from '../../src/errors.js'
import type { Engine } from '../../src/session/engine.js'
import type { EngineEvent } from '../../src/session/events.js'
import type { Exchange } from '../../src/session/exchange.js'
import type { Asked } from './asked.js'
import { byteAt, isSame, itemOf, keeps } from './service.js'
import { violation } from './violation.js'

type Item = Extract<EngineEvent, { readonly is: 'item' }>

/** One direction of a stream: what its writer has handed over, and how much of it has come. Bytes count as bytes. */
export interface Track {
  written: number
  /** The writer has said that this is all. */
  ended: boolean
  read: number
}

export const newTrack = (): Track => ({ written: 0, ended: false, read: 0 })

/** The clock and the policy of the end. */
interface Surroundings {
  nowMs(): number
  policy(): number
}

interface Writer {
  readonly asked: Asked
  readonly track: Track
  /** Items that are still to be written. */
  left: number
  /** The end follows. */
  ends: boolean
}

/** What the application of one end writes and reads in streams. */
export class Talks {
  readonly #engine: Engine
  readonly #world: Surroundings
  readonly #writers = new Map<Exchange, Writer>()

  constructor(engine: Engine, world: Surroundings) {
    this.#engine = engine
    this.#world = world
  }

  /** All items of this direction; then its end, if `ends`. */
  write(exchange: Exchange, asked: Asked, track: Track, ends: boolean): void {
    this.#writers.set(exchange, { asked, track, left: asked.begin.items, ends })
    this.taken(exchange)
  }

  /** There is room: what is left is written, as far as it goes. */
  taken(exchange: Exchange): void {
    const writer = this.#writers.get(exchange)
    if (writer === undefined) return
    const { asked, track } = writer
    const { back, is } = asked.begin
    while (writer.left > 0) {
      const index = is === 'tube' ? track.written / Math.max(back, 1) : track.written
      const room = this.#put(exchange, itemOf(asked.seq, is === 'tube', index, back))
      if (room === undefined) writer.left = 0
      else {
        writer.left--
        if (room !== 'denied') track.written += is === 'tube' ? back : 1
      }
      if (room === false) return
    }
    if (writer.ends) this.end(exchange, track)
  }

  /** Whether there is room for more; undefined for an item over the limit, which is not sent, nor is one that is denied. */
  #put(exchange: Exchange, value: Wire): boolean | undefined | 'denied' {
    const nowMs = this.#world.nowMs()
    try {
      if (!exchange.mine && exchange.route.standing) return this.#deliver(exchange, value, nowMs)
      const answer = this.#engine.item(exchange, value, nowMs)
      if (typeof answer === 'object') throw violation('policy', 'the own gate refuses an item')
      return answer
    } catch (error) {
      if (SottoError.is(error, 'call/too-large')) return undefined
      throw error
    }
  }

  /** What is published, to one that hears of it. */
  #deliver(exchange: Exchange, value: Wire, nowMs: number): boolean | 'denied' {
    const item = encode(value)
    const delivery = { subject: 'of.room', item, bytes: item.length, content: () => value }
    const answer = this.#engine.deliver(exchange, delivery, nowMs)
    if (answer === 'denied' && !keeps(this.#world.policy(), { is: 'hear' }))
      throw violation('policy', 'a delivery is refused that is allowed')
    return answer
  }

  /** The end follows when all is written. */
  finish(exchange: Exchange, track: Track): void {
    const writer = this.#writers.get(exchange)
    if (writer !== undefined && writer.left > 0) writer.ends = true
    else this.end(exchange, track)
  }

  /** What is written is all. */
  end(exchange: Exchange, track: Track): void {
    track.ended = (this.#writers.get(exchange)?.left ?? 0) === 0
    this.#writers.delete(exchange)
    this.#engine.end(exchange)
  }

  /** Nobody reads any more, or the stream is over. */
  forget(exchange: Exchange): void {
    this.#writers.delete(exchange)
  }

  /** In order, each once, as it was written. */
  read({ value }: Item, { seq, begin }: Asked, track: Track): void {
    if (value instanceof Uint8Array) {
      for (const byte of value)
        if (byte !== byteAt(seq, track.read++))
          throw violation('order', `byte ${track.read - 1} of stream ${seq} is another`)
    } else if (!isSame(value, itemOf(seq, false, track.read++, begin.back)))
      throw violation('order', `item ${track.read - 1} of stream ${seq} is another`)
    if (track.read > track.written) throw violation('unsent', `more comes in stream ${seq} than was written`)
  }

  /** The end of a direction is an end of all that was written. */
  checkEnd({ seq }: Asked, { written, ended, read }: Track): void {
    if (!ended || read !== written)
      throw violation('truncated', `a direction of stream ${seq} ends clean after ${read} of ${written}`)
  }
}
