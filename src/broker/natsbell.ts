import type { Subscription } from '@nats-io/transport-node'
import { monotonic } from './clock.js'
import type { NatsLine } from './natsline.js'

/** BR-83: how long a lease that waits goes without looking, if no bell is heard: one may be lost. */
const LOOK_MS = 1_000

/** Tells the services of a queue that a message may be due. Carries nothing. */
export class Bell {
  readonly #line: NatsLine
  readonly #subject: string
  readonly #subscription: Subscription
  readonly #waiting = new Set<() => void>()
  #ringing = false

  constructor(line: NatsLine, subject: string) {
    this.#line = line
    this.#subject = subject
    this.#subscription = line.connection.subscribe(subject, { callback: () => this.wake() })
  }

  /** Once for all that is rung for in one turn; at all services. */
  ring(): void {
    if (this.#ringing) return
    this.#ringing = true
    monotonic.after(0, () => {
      this.#ringing = false
      this.#line.send(this.#subject)
    })
  }

  /** Begins to listen now; `heard` settles on the next bell, when it is time to look, or with the signal. */
  listen(signal: AbortSignal): { readonly heard: () => Promise<void>; readonly end: () => void } {
    let wake: () => void = () => undefined
    let isHeard = false
    const note = (): void => {
      isHeard = true
      wake()
    }
    this.#waiting.add(note)
    signal.addEventListener('abort', note)
    const heard = async (): Promise<void> => {
      if (isHeard) return
      const stop = monotonic.after(LOOK_MS, note)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      stop()
    }
    const end = (): void => {
      this.#waiting.delete(note)
      signal.removeEventListener('abort', note)
    }
    return { heard, end }
  }

  /** Whoever waits looks. */
  wake(): void {
    for (const note of this.#waiting) note()
  }

  close(): void {
    this.#subscription.unsubscribe()
  }
}
