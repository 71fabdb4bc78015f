import { type Arrivals, type Pipe, PipeTransport, ROOM, type Transport } from './transport.js'

/** A browser's `WebSocket`, one of the package `ws`, or anything shaped like them. */
export interface WebSocketLike {
  binaryType: string
  readonly readyState: number
  readonly bufferedAmount: number
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { readonly code: number }) => void): void
  addEventListener(type: 'open' | 'close' | 'error', listener: (event: object) => void): void
  send(bytes: unknown): void
  close(code?: number): void
  pause?(): void
  resume?(): void
  terminate?(): void
}

/** The most bytes of one message: those of the largest record (TR-41). */
export const MAX_MESSAGE = 65_537

/** As in RFC 6455, 7.4.1, and one of those it leaves to applications (TR-44). */
const CODE = { normal: 1_000, none: 1_005, aborted: 4_000 } as const

const CONNECTING = 0
const CLOSED = 3

/** How often a full socket, which does not tell, is asked whether it has sent. Browsers fire no timer sooner. */
const POLL_MS = 4

/**
 * A transport over a WebSocket, connecting or open, whose `binaryType` it sets. Call it as soon as there is the socket,
 * which must have no other reader or writer: a message that comes before is lost.
 *
 * A socket that cannot be paused, as in browsers, fails the transport where another would hold its peer back: at 256 KiB
 * or 1,024 messages that nobody reads. A session always reads. With `ws`, set `maxPayload` to 65,537, for a larger
 * message is held whole before it is refused, and leave `perMessageDeflate` off: records do not compress.
 */
export const fromWebSocket = (socket: WebSocketLike): Transport => {
  socket.binaryType = 'arraybuffer'
  return new PipeTransport((arrivals) => new SocketPipe(socket, arrivals))
}

class SocketPipe implements Pipe {
  readonly #socket: WebSocketLike
  readonly #arrivals: Arrivals
  /** What was written and cannot be sent before the socket is open (TR-45). */
  readonly #early: Uint8Array[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(socket: WebSocketLike, arrivals: Arrivals) {
    this.#socket = socket
    this.#arrivals = arrivals
    socket.addEventListener('message', ({ data }) => this.#take(data))
    socket.addEventListener('error', (event) => this.#lost('error' in event ? event.error : new Error('it failed')))
    socket.addEventListener('open', () => this.#poll())
    socket.addEventListener('close', ({ code }) => this.#gone(code))
    if (socket.readyState === CLOSED) this.#lost(new Error('the socket was closed before'))
  }

  send(bytes: Uint8Array): boolean {
    this.#early.push(bytes)
    return this.#flush()
  }

  async finish(): Promise<void> {
    const socket = this.#socket
    const heard = (type: 'open' | 'close'): Promise<void> =>
      new Promise((resolve) => {
        socket.addEventListener(type, () => resolve())
      })
    if (socket.readyState === CONNECTING) await Promise.race([heard('open'), heard('close')])
    this.#flush()
    // Behind all that was sent (TR-10, TR-44).
    socket.close(CODE.normal)
    if (socket.readyState !== CLOSED) await heard('close')
  }

  destroy(): void {
    clearTimeout(this.#timer)
    if (this.#socket.terminate === undefined) this.#socket.close(CODE.aborted)
    else this.#socket.terminate()
  }

  resume(): void {
    this.#socket.resume?.()
  }

  #take(data: unknown): void {
    // TR-40, TR-41
    if (!(data instanceof ArrayBuffer)) this.#refuse('expected binary messages')
    else if (data.byteLength > MAX_MESSAGE) this.#refuse(`expected messages of at most ${MAX_MESSAGE} bytes`)
    else if (!this.#arrivals.arrived(new Uint8Array(data))) this.#hold()
  }

  /** TR-42 */
  #hold(): void {
    if (this.#socket.pause === undefined) this.#refuse('more came than is read, and this socket cannot be paused')
    else this.#socket.pause()
  }

  #refuse(why: string): void {
    this.#lost(new Error(why))
    this.destroy()
  }

  #lost(cause: unknown): void {
    this.#arrivals.unreadable(cause)
    this.#arrivals.unwritable(cause)
  }

  #gone(code: number): void {
    clearTimeout(this.#timer)
    // TR-43
    if (code === CODE.normal || code === CODE.none) this.#arrivals.ended()
    this.#lost(new Error(`closed with code ${code}`))
  }

  /** Whether there is room for more. */
  #flush(): boolean {
    if (this.#socket.readyState === CONNECTING) return false
    for (const bytes of this.#early.splice(0)) this.#post(bytes)
    if (this.#socket.bufferedAmount < ROOM) return true
    this.#timer ??= setTimeout(() => this.#poll(), POLL_MS)
    return false
  }

  /** A socket that throws is as one that is closed (TR-43). */
  #post(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; at += MAX_MESSAGE) this.#socket.send(bytes.subarray(at, at + MAX_MESSAGE))
    } catch (cause) {
      this.#lost(cause)
    }
  }

  #poll(): void {
    this.#timer = undefined
    if (this.#flush()) this.#arrivals.room()
  }
}
