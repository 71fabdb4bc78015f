import { SottoError } from '../errors.js'
import type { Engine } from '../session/engine.js'
import type { Transport } from '../transport/transport.js'
import type { Admission, Attempt } from './admission.js'
import { free } from './pump.js'
import { onAbort } from './signals.js'

type Chunk = IteratorResult<Uint8Array, undefined>

/**
 * A stranger and its transport. Until its first bytes have their turn nothing else is made for it; as long as it is half-open
 * each chunk is handed over when it is its turn (LI-53), and as it comes once that is over.
 */
export class Newcomer implements Attempt, Transport, AsyncIterator<Uint8Array, undefined> {
  readonly source: string
  readonly #transport: Transport
  readonly #admission: Admission
  #chunks: AsyncIterator<Uint8Array, undefined> | undefined
  #first: Chunk | undefined
  #turnAway: ((error: SottoError) => void) | undefined
  #engine: Engine | undefined

  constructor(transport: Transport, source: string, admission: Admission) {
    this.source = source
    this.#transport = transport
    this.#admission = admission
  }

  get answered(): boolean {
    return this.#engine?.state === 'R.message3'
  }

  end(error: SottoError): void {
    this.#turnAway?.(error)
    this.#engine?.abort(error)
    free(this.#transport, error)
  }

  /**
   * Settles when its first bytes have come and have their turn.
   * @throws session/timeout after `limitMs`, session/lost, session/closed if `signal` aborts, or what `end` was told
   */
  knock(limitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#turnAway = undefined
        clearTimeout(timer)
        deaf()
      }
      const turnAway = (error: SottoError): void => {
        settle()
        reject(error)
      }
      const late = (): void => this.end(SottoError.of('session/timeout', `nothing came for ${limitMs} ms`))
      const closed = (): void =>
        this.end(SottoError.of('session/closed', 'given up during the handshake', { cause: signal.reason }))
      const lost = (cause?: unknown): void =>
        turnAway(SottoError.of('session/lost', 'the transport ended before it said anything', { cause }))
      const timer = setTimeout(late, limitMs)
      const deaf = onAbort(signal, closed)
      this.#turnAway = turnAway
      this.#read().then((first) => {
        if (first.done === true) return lost()
        this.#first = first
        settle()
        resolve()
      }, lost)
    })
  }

  /** Its bytes are `engine`'s from now on. */
  meet(engine: Engine): void {
    this.#engine = engine
  }

  write(bytes: Uint8Array): Promise<void> | void {
    return this.#transport.write(bytes)
  }

  close(): Promise<void> {
    return this.#transport.close()
  }

  abort(reason: Error): void {
    this.#transport.abort(reason)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Chunk> {
    const first = this.#first
    if (first !== undefined) {
      this.#first = undefined
      return Promise.resolve(first)
    }
    // The reader asks when it is done with the last.
    this.#admission.done(this)
    return this.#admission.has(this) || this.#chunks === undefined ? this.#read() : this.#chunks.next()
  }

  async return(): Promise<Chunk> {
    this.#admission.done(this)
    return (await this.#chunks?.return?.()) ?? { done: true, value: undefined }
  }

  async #read(): Promise<Chunk> {
    this.#chunks ??= this.#transport[Symbol.asyncIterator]()
    const chunk = await this.#chunks.next()
    await this.#admission.turn(this)
    return chunk
  }
}
