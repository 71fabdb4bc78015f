import { createInbox, type Subscription } from '@nats-io/transport-node'
import { SottoError } from '../errors.js'
import type { NatsLine } from './natsline.js'

/** One delivery of a message by JetStream; `data` is as it was stored. */
export interface Handed {
  /** Where to acknowledge it. */
  readonly reply: string
  readonly data: Uint8Array
  readonly subject: string
  /** Its number in the stream. */
  readonly seq: number
  /** Deliveries so far, this one included, as NATS counts. */
  readonly delivered: number
  /** When it was stored, by the clock of the server. */
  readonly storedMs: number
  /** When it was asked for, by the monotonic clock here: its time with JetStream began later. */
  readonly askedMs: number
}

/** Inboxes that are kept for the next pull. */
const MAX_IDLE = 8

/** Asks consumers for what is due now; never waits for messages, so nothing is on its way to a lease that was given up. */
export class Pulls {
  readonly #line: NatsLine
  readonly #idle: Inbox[] = []

  constructor(line: NatsLine) {
    this.#line = line
  }

  /** Up to `batch` messages of a durable consumer that are due. @throws broker/failed if none came and no answer either */
  async pull(stream: string, consumer: string, batch: number): Promise<readonly Handed[]> {
    const inbox = this.#idle.pop() ?? new Inbox(this.#line)
    const { messages, answered } = await inbox.pull(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, batch)
    if (answered && this.#idle.length < MAX_IDLE) this.#idle.push(inbox)
    else inbox.close()
    if (!answered && messages.length === 0)
      throw SottoError.of('broker/failed', 'expected an answer of JetStream, got none', { ran: 'maybe' })
    return messages
  }

  close(): void {
    for (const inbox of this.#idle.splice(0)) inbox.close()
  }
}

interface Pulled {
  readonly messages: readonly Handed[]
  /** False if the time was over first, or the consumer is not there. */
  readonly answered: boolean
}

/** A subscription that takes the answers of one pull at a time. */
class Inbox {
  readonly #line: NatsLine
  readonly #subject: string
  readonly #subscription: Subscription
  #heard: (message: Heard | Error) => void = () => undefined

  constructor(line: NatsLine) {
    this.#line = line
    this.#subject = createInbox(line.inboxPrefix)
    this.#subscription = line.connection.subscribe(this.#subject, {
      callback: (error, message) => this.#heard(error ?? message),
    })
  }

  pull(api: string, batch: number): Promise<Pulled> {
    const askedMs = performance.now()
    const messages: Handed[] = []
    return new Promise((resolve) => {
      const end = (answered: boolean): void => {
        clearTimeout(timer)
        this.#heard = () => undefined
        resolve({ messages, answered })
      }
      const timer = setTimeout(() => end(false), this.#line.timeoutMs)
      this.#heard = (heard) => {
        if (heard instanceof Error) return end(false)
        const status = heard.headers?.code ?? 0
        // 404: nothing is due. 408: no more is. Anything else: the consumer is gone, or not to be asked.
        if (status !== 0) return end(status === 404 || status === 408)
        messages.push(handed(heard, askedMs))
        if (messages.length === batch) end(true)
      }
      this.#line.connection.publish(api, JSON.stringify({ batch, no_wait: true }), { reply: this.#subject })
    })
  }

  close(): void {
    this.#subscription.unsubscribe()
  }
}

interface Heard {
  readonly subject: string
  readonly reply?: string
  readonly data: Uint8Array
  readonly headers?: { readonly code: number }
}

/** The reply is `$JS.ACK.[domain.account.]stream.consumer.delivered.seq.consumerseq.nanoseconds.pending`. */
const handed = ({ subject, reply = '', data }: Heard, askedMs: number): Handed => {
  const tokens = reply.split('.')
  const at = tokens.length < 11 ? 4 : 6
  const number = (index: number): number => Number(tokens[at + index])
  return { reply, data, subject, seq: number(1), delivered: number(0), storedMs: number(3) / 1e6, askedMs }
}
