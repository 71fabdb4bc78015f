import { type Arrivals, CHUNKS, type Pipe, PipeTransport, ROOM, type Transport } from './transport.js'

/** A `MessagePort` of a browser or of `node:worker_threads`, a worker, `parentPort`, Electron's `MessagePortMain`. */
export type PortLike = Hears & {
  postMessage(message: unknown): void
  start?(): void
  close?(): void
}

type Hears =
  | { addEventListener(type: string, listener: (event: unknown) => void): void }
  | { on(type: string, listener: (message: unknown) => void): unknown }

/** What may be under way to the other end, in cost (TR-47). */
export const WINDOW = ROOM

/** The most bytes of one message (TR-46). */
export const MAX_PIECE = 65_537

/** The least cost of a message: as many small ones fill the window as chunks fill a reader. */
const LEAST_COST = ROOM / CHUNKS

/** A reader gives credit back when it owes this much: few messages, and more than a piece is always open. */
const BATCH = WINDOW / 2

/** What says that a port or its worker is gone (TR-51). A browser's worker that throws lives on, but in no known state. */
const FAILURES = ['messageerror', 'error', 'close', 'exit']

/**
 * A transport over a message port, whose other end is `fromPort` too. The port must have no other reader or writer, before
 * or after. Bytes are copied and never transferred: a caller's buffer stays whole, and Electron's main process can take no
 * transferred ones. Closing the transport closes the port; a worker, which has no `close`, stays its owner's to stop.
 *
 * A port does not say when its other end is gone without a word, as a frame or a process that was killed may be. A session
 * notices by its keepalive.
 */
export const fromPort = (port: PortLike): Transport => new PipeTransport((arrivals) => new PortPipe(port, arrivals))

class PortPipe implements Pipe {
  readonly #port: PortLike
  readonly #arrivals: Arrivals
  /** Written, and not yet covered by credit. */
  readonly #waiting: Uint8Array[] = []
  /** What the other end takes yet, and what this end takes yet. */
  #credit = WINDOW
  #granted = WINDOW
  /** Taken since credit was last given. */
  #owed = 0
  #held = false
  #ending = false
  #endSent = false
  #endHeard = false
  #destroyed = false
  #over: () => void = () => undefined

  constructor(port: PortLike, arrivals: Arrivals) {
    this.#port = port
    this.#arrivals = arrivals
    hear(port, 'message', (message) => this.#take(contentOf(message)))
    for (const type of FAILURES) hear(port, type, (event) => this.#lost(causeOf(event, type)))
    port.start?.()
  }

  send(bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length; at += MAX_PIECE) this.#waiting.push(bytes.subarray(at, at + MAX_PIECE))
    this.#flush()
    return this.#waiting.length === 0
  }

  finish(): Promise<void> {
    return new Promise((resolve) => {
      this.#over = resolve
      this.#ending = true
      this.#flush()
    })
  }

  destroy(): void {
    if (this.#destroyed) return
    this.#destroyed = true
    this.#waiting.length = 0
    // TR-50
    if (!this.#endSent || !this.#endHeard) this.#post('abort')
    this.#port.close?.()
  }

  resume(): void {
    this.#held = false
    this.#grant(1)
  }

  #take(message: unknown): void {
    if (this.#destroyed) return
    if (message instanceof ArrayBuffer && !this.#endHeard) this.#bytes(new Uint8Array(message))
    else if (typeof message === 'number') this.#credited(message)
    else if (message === 'end') this.#ended()
    else if (message === 'abort') this.#lost(new Error('the other end gave up'))
    // TR-46
    else this.#refuse('expected bytes, credit or an end')
  }

  #bytes(bytes: Uint8Array): void {
    const cost = costOf(bytes)
    this.#granted -= cost
    // TR-46, TR-48
    if (bytes.length === 0 || bytes.length > MAX_PIECE || this.#granted < 0) {
      this.#refuse(`expected 1 to ${MAX_PIECE} bytes within the window`)
      return
    }
    this.#owed += cost
    if (!this.#arrivals.arrived(bytes)) this.#held = true
    this.#grant(BATCH)
  }

  /** TR-49 */
  #grant(least: number): void {
    if (this.#held || this.#owed < least) return
    this.#post(this.#owed)
    this.#granted += this.#owed
    this.#owed = 0
  }

  #credited(cost: number): void {
    // TR-48
    if (Number.isSafeInteger(cost) && cost > 0 && this.#credit + cost <= WINDOW) {
      this.#credit += cost
      this.#flush()
    } else this.#refuse('expected credit for what was sent')
  }

  #flush(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const cost = costOf(next)
      if (cost > this.#credit) return
      this.#credit -= cost
      this.#waiting.shift()
      // Of its own: a clone takes the whole buffer behind a view, whatever else is in it (TR-52).
      this.#post(new Uint8Array(next).buffer)
    }
    this.#arrivals.room()
    if (!this.#ending || this.#endSent) return
    this.#endSent = true
    this.#post('end')
    if (this.#endHeard) this.#over()
  }

  #ended(): void {
    this.#endHeard = true
    this.#arrivals.ended()
    if (this.#endSent) this.#over()
  }

  /** A port that throws is as one that is gone (TR-51). */
  #post(message: unknown): void {
    try {
      this.#port.postMessage(message)
    } catch (cause) {
      this.#lost(cause)
    }
  }

  #refuse(why: string): void {
    this.#lost(new Error(why))
    this.destroy()
  }

  #lost(cause: unknown): void {
    this.#arrivals.unreadable(cause)
    this.#arrivals.unwritable(cause)
    this.#over()
  }
}

const costOf = (bytes: Uint8Array): number => Math.max(bytes.length, LEAST_COST)

const hear = (port: Hears, type: string, listener: (event: unknown) => void): void => {
  if ('addEventListener' in port) port.addEventListener(type, listener)
  else port.on(type, listener)
}

/** A worker of Node hands a message over as it is, all others in an event. */
const contentOf = (message: unknown): unknown =>
  typeof message === 'object' && message !== null && 'data' in message ? message.data : message

const causeOf = (event: unknown, type: string): Error => (event instanceof Error ? event : new Error(`port: ${type}`))
