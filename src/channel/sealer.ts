import { EMPTY } from '../bytes.js'
import { SottoError } from '../errors.js'
import type { CipherState } from '../noise/cipherstate.js'
import { HEADER_LENGTH, TAG_LENGTH } from './record.js'

/** Records a sender seals under one key before it rekeys itself (CH-7). */
export const REKEY_RECORDS = 2 ** 20
/** Bytes a sender seals under one key before it rekeys itself: 64 GiB (CH-7). */
export const REKEY_BYTES = 2 ** 36
/** Records of a direction; then the session ends (CH-4). */
export const MAX_RECORDS = 2 ** 48

/** The sending half: one direction's key, its counters, and nothing else. */
export class Sealer {
  readonly #cipher: CipherState
  readonly #rekeyRecords: number
  readonly #rekeyBytes: number
  #total: number
  #records = 0
  #bytes = 0

  /** Takes over `cipher`. `rekey` lowers the thresholds, never raises them; `total` is for tests of the limit. */
  constructor(cipher: CipherState, rekey: { readonly records?: number; readonly bytes?: number } = {}, total = 0) {
    this.#cipher = cipher
    this.#rekeyRecords = Math.min(rekey.records ?? REKEY_RECORDS, REKEY_RECORDS)
    this.#rekeyBytes = Math.min(rekey.bytes ?? REKEY_BYTES, REKEY_BYTES)
    this.#total = total
  }

  /** True when the record about to be sealed must end in REKEY (CH-7). */
  get due(): boolean {
    return this.#records + 1 >= this.#rekeyRecords || this.#bytes >= this.#rekeyBytes
  }

  /** One record, length field included, freshly allocated. @throws channel/exhausted at 2^48 records (CH-4) */
  seal(plaintext: Uint8Array): Uint8Array {
    if (this.#total >= MAX_RECORDS) throw SottoError.of('channel/exhausted', 'this direction has sealed 2^48 records')
    const length = plaintext.length + TAG_LENGTH
    const record = new Uint8Array(HEADER_LENGTH + length)
    record[0] = length >>> 8
    record[1] = length & 0xff
    // CH-3: the nonce is that of the cipher state, which counts from 0.
    this.#cipher.sealInto(EMPTY, plaintext, record.subarray(HEADER_LENGTH))
    this.#total++
    this.#records++
    this.#bytes += plaintext.length
    return record
  }

  /** REKEY of the Noise specification 11.3; the record counter goes on (CH-4, CH-6). */
  rekey(): void {
    this.#cipher.rekey()
    this.#records = 0
    this.#bytes = 0
  }

  /** The key of a refresh, which this takes over; the record counter goes on (CH-4, CH-28). */
  refresh(next: CipherState): void {
    this.#cipher.succeed(next)
    this.#records = 0
    this.#bytes = 0
  }

  /** CH-14: nothing is sealed behind it. */
  erase(): void {
    this.#cipher.erase()
  }
}
