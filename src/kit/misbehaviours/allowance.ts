import { Finding } from '../case.js'
import type { Hostile } from '../hostile.js'
import { nameOf } from '../hostileframes.js'

/** What a peer may send yet of the window of the session, as what the shim says tells. */
export class Allowance {
  readonly #peer: Hostile
  readonly #window: number
  #limit: number
  #sent: number

  /** `sent` bytes of the `window` are used up. */
  constructor(peer: Hostile, window: number, sent = 0) {
    this.#peer = peer
    this.#window = window
    this.#limit = window
    this.#sent = sent
  }

  /** How many bytes may go, `least` at least and `most` at most, once there is credit for them; they are counted as sent. */
  async take(least: number, most = least): Promise<number> {
    while (this.#limit - this.#sent < least) await this.frame('CREDIT')
    const bytes = Math.min(most, this.#limit - this.#sent)
    this.#sent += bytes
    return bytes
  }

  /** The next frame of this kind. */
  async frame(is: 'FAULT' | 'CREDIT'): Promise<void> {
    for (;;) {
      const frame = await this.#peer.next()
      if (frame.is === 'CREDIT' && frame.exchange === 0) this.#raise(frame.limit)
      if (frame.is === is) return
      if (frame.is === 'END') throw new Finding(`expected ${is}, got ${nameOf(frame)}`)
    }
  }

  /** SE-51 */
  #raise(limit: number): void {
    const [least, most] = [this.#limit + this.#window / 4, this.#sent + this.#window]
    if (limit < least || limit > most) throw new Finding(`expected a credit of ${least}..${most}, got ${limit}`)
    this.#limit = limit
  }
}
