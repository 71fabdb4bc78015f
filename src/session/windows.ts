import { SottoError } from '../errors.js'

/** What a peer may still send, counted from the start and never reset (SE-50). */
export class ReceiveWindow {
  readonly #window: number
  #received = 0
  #consumed = 0
  #announced: number

  constructor(window: number) {
    this.#window = window
    this.#announced = window
  }

  /** Counts what came. @throws session/limit over what was announced */
  accept(amount: number): void {
    this.#received += amount
    if (this.#received > this.#announced)
      throw SottoError.of('session/limit', `the peer sent ${this.#received - this.#announced} over its credit`)
  }

  /** Gives `amount` back; the new absolute limit once half the window is free again, else undefined (SE-51, SE-163). */
  consume(amount: number): number | undefined {
    this.#consumed += amount
    const limit = this.#consumed + this.#window
    if (limit - this.#announced < this.#window / 2) return undefined
    this.#announced = limit
    return limit
  }
}

/** What this end may still send: in the session (SE-50), or in an exchange (SE-62). */
export class SendWindow {
  readonly #window: number
  #sent = 0
  #limit: number

  constructor(window: number) {
    this.#window = window
    this.#limit = window
  }

  get room(): number {
    return this.#limit - this.#sent
  }

  take(amount: number): void {
    this.#sent += amount
  }

  /**
   * CREDIT: absolute, at least a quarter of the window above the last, and for nothing that was not sent (SE-51).
   * @throws session/malformed
   */
  raise(limit: number): void {
    const least = this.#limit + this.#window / 4
    const most = this.#sent + this.#window
    if (limit < least || limit > most)
      throw SottoError.of('session/malformed', `expected credit of ${least} to ${most}, got ${limit}`)
    this.#limit = limit
  }
}
