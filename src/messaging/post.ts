import type { Wire } from '../cbor.js'
import { SottoError } from '../errors.js'
import type { PeerId } from '../identity/id.js'
import type { Answer, Incoming, Stream } from '../link/face.js'
import { type Desk, internal, invalid, isOneWay, newIncident, report } from './answer.js'

/** What somebody asks of a topic or queue. */
export interface Asked {
  /** Undefined: the service itself. */
  readonly from: PeerId | undefined
  /** Empty where the operation has none; with `*` of what stands alone. */
  readonly subject: string
  readonly value: Wire | undefined
  readonly labels: Incoming['labels']
}

/** A topic or queue of a service, for its peers and for the process it lives in. */
export interface Post {
  /** Publishes or enqueues; what it gives is the reply, or a promise of it, which one-way messages may share. @throws SottoError, which says what became of it */
  put(asked: Asked): Wire | undefined | Promise<Wire | undefined>
  /** Subscribes or consumes, until that is over; undefined if nobody waits for how. @throws (rejects) SottoError */
  stand(asked: Asked, stream: Stream): Promise<Answer | undefined>
}

type Outcome = Answer | undefined

interface Waiting {
  readonly reply: Promise<Wire | undefined>
  readonly outcome: Promise<Outcome>
  /** All but the first. */
  readonly behind: Incoming[]
}

/** What is asked of the posts of a service, and its answers. */
export class Counter {
  readonly #desk: Desk
  /** What waits for the promise that was given last. */
  #waiting: Waiting | undefined

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** The one outcome of what a peer asks of a post. Never throws or rejects; of messages that wait for one promise it is one. */
  answer(post: Post, incoming: Incoming): Outcome | Promise<Outcome> {
    const { admitted, subject, value, labels, stream } = incoming
    // TO-10
    const asked: Asked = { from: admitted.peer.id, subject, value, labels }
    try {
      if (stream !== undefined) return post.stand(asked, stream).catch((error) => refusal(error, incoming, this.#desk))
      const reply = post.put(asked)
      return reply instanceof Promise ? this.#wait(reply, incoming) : replyOf(reply)
    } catch (error) {
      return refusal(error, incoming, this.#desk)
    }
  }

  #wait(reply: Promise<Wire | undefined>, incoming: Incoming): Promise<Outcome> {
    const known = this.#waiting
    if (known?.reply === reply) {
      known.behind.push(incoming)
      return known.outcome
    }
    const behind: Incoming[] = []
    const over = (): void => {
      if (this.#waiting?.reply === reply) this.#waiting = undefined
    }
    const refused = (error: unknown): Answer => {
      over()
      // Each is reported; only one-way messages, which get no answer, wait together.
      for (const other of behind) refusal(error, other, this.#desk)
      return refusal(error, incoming, this.#desk)
    }
    const replied = (value: Wire | undefined): Outcome => {
      over()
      return replyOf(value)
    }
    this.#waiting = { reply, behind, outcome: reply.then(replied, refused) }
    return this.#waiting.outcome
  }
}

/** What is published has no answer. */
const replyOf = (value: Wire | undefined): Outcome => (value === undefined ? undefined : { is: 'reply', value })

/** What the peer is told (QU-5); of a broker that failed, the service is told more. */
const refusal = (error: unknown, incoming: Incoming, desk: Desk): Answer => {
  if (SottoError.is(error, 'contract/invalid')) return invalid(error, incoming, desk)
  if (SottoError.is(error, 'broker/full')) {
    // ME-45
    if (isOneWay(incoming.admitted)) report(error, incoming.admitted, newIncident(), desk)
    return { is: 'refused', code: 'broker/full' }
  }
  const told = internal(error, incoming, desk)
  return SottoError.is(error, 'broker/failed') ? { is: 'refused', code: 'broker/failed' } : told
}
