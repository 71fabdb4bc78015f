import { EMPTY } from '../bytes.js'
import { SottoError } from '../errors.js'
import type { CipherState } from '../noise/cipherstate.js'
import { HEADER_LENGTH } from './record.js'
import { MAX_RECORDS } from './sealer.js'

/** Records a receiver opens under one key (CH-8): 2^23 keeps AES-GCM's bounds, 2^32-1 is ample for ChaCha20-Poly1305. */
export const RECORD_CEILING = { AESGCM: 2 ** 23, ChaChaPoly: 2 ** 32 - 1 } as const

/** The receiving half. The first record that fails ends it (CH-5). */
export class Opener {
  readonly #cipher: CipherState
  readonly #ceiling: number
  #total: number
  #records = 0
  #dead = false

  /** Takes over `cipher`. `total` is for tests of the limit. */
  constructor(cipher: CipherState, ceiling: number, total = 0) {
    this.#cipher = cipher
    this.#ceiling = ceiling
    this.#total = total
  }

  /** Records opened so far. */
  get total(): number {
    return this.#total
  }

  /**
   * The plaintext of one whole record, length field included; freshly allocated.
   * @throws channel/forged, and on every later call; channel/exhausted over the ceiling
   */
  open(record: Uint8Array): Uint8Array {
    if (this.#dead) throw SottoError.of('channel/forged', 'an earlier record failed to open')
    if (this.#records >= this.#ceiling || this.#total >= MAX_RECORDS) {
      this.erase()
      throw SottoError.of('channel/exhausted', `the peer sealed over ${this.#ceiling} records under one key`)
    }
    const plaintext = this.#tryOpen(record)
    this.#total++
    this.#records++
    return plaintext
  }

  /** REKEY of the Noise specification 11.3; the record counter goes on (CH-4, CH-6). */
  rekey(): void {
    this.#cipher.rekey()
    this.#records = 0
  }

  /** The key of a refresh, which this takes over; the record counter goes on (CH-4, CH-28). */
  refresh(next: CipherState): void {
    this.#cipher.succeed(next)
    this.#records = 0
  }

  /** CH-14: nothing is opened behind it. */
  erase(): void {
    this.#dead = true
    this.#cipher.erase()
  }

  #tryOpen(record: Uint8Array): Uint8Array {
    try {
      return this.#cipher.decryptWithAd(EMPTY, record.subarray(HEADER_LENGTH))
    } catch (cause) {
      this.erase()
      // Anything else is a defect of ours, and not the peer's.
      if (!(cause instanceof SottoError)) throw cause
      throw SottoError.of('channel/forged', `record ${this.#total} failed to open`, { cause })
    }
  }
}
