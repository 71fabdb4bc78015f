import type { Wire } from '../cbor.js'
import type { Admitted } from '../session/gate.js'
import type { Incoming } from './face.js'
import type { Session } from './session.js'

/** One dispatched message. Its signal is made when somebody asks for it. */
export class Arrival implements Incoming {
  readonly admitted: Admitted
  readonly session: Session
  readonly operation: string
  readonly value: Wire | undefined
  readonly labels: Readonly<Record<string, string>>
  #controller: AbortController | undefined
  #reason: unknown

  constructor(
    of: { readonly admitted: Admitted; readonly value: Wire | undefined; readonly labels: Incoming['labels'] },
    operation: string,
    session: Session,
  ) {
    this.admitted = of.admitted
    this.session = session
    this.operation = operation
    this.value = of.value
    this.labels = of.labels
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Nobody waits for the answer any more. */
  cancel(reason: unknown): void {
    this.#reason = reason
    this.#controller?.abort(reason)
  }
}
