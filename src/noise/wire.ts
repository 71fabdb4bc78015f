import { concat } from '../bytes.js'
import type { MessageLayout } from './protocol.js'
import type { SymmetricState } from './symmetricstate.js'

/**
 * One message under way. Each field is one side's to send and the other's to take; the tokens are interpreted once
 * for both (NO-5): the writer calls `own`, the reader calls `theirs`.
 */
export interface Wire {
  /** In clear, whatever the state (`e`). Gives the bytes that went over. */
  clear(own: () => Uint8Array, theirs: (bytes: Uint8Array) => void): Uint8Array
  /** Through EncryptAndHash and DecryptAndHash. */
  sealed(own: () => Uint8Array, theirs: (bytes: Uint8Array) => void): void
}

export class Outgoing implements Wire {
  readonly #symmetric: SymmetricState
  readonly #parts: Uint8Array[] = []

  constructor(symmetric: SymmetricState) {
    this.#symmetric = symmetric
  }

  clear(own: () => Uint8Array): Uint8Array {
    const bytes = own()
    this.#symmetric.mixHash(bytes)
    this.#parts.push(bytes)
    return bytes
  }

  sealed(own: () => Uint8Array): void {
    this.#parts.push(this.#symmetric.encryptAndHash(own()))
  }

  /** The whole message. */
  finish(payload: Uint8Array): Uint8Array {
    this.sealed(() => payload)
    return concat(...this.#parts)
  }
}

export class Incoming implements Wire {
  readonly #symmetric: SymmetricState
  readonly #message: Uint8Array
  readonly #lengths: Iterator<number, undefined>
  #at = 0

  /** `message` is borrowed for the time of one `readMessage` and not shorter than `layout.minimum`. */
  constructor(symmetric: SymmetricState, message: Uint8Array, layout: MessageLayout) {
    this.#symmetric = symmetric
    this.#message = message
    this.#lengths = layout.fields.map((field) => field.length).values()
  }

  clear(_own: () => Uint8Array, theirs: (bytes: Uint8Array) => void): Uint8Array {
    // NO-30: the message is the caller's.
    const bytes = concat(this.#next())
    this.#symmetric.mixHash(bytes)
    theirs(bytes)
    return bytes
  }

  sealed(_own: () => Uint8Array, theirs: (bytes: Uint8Array) => void): void {
    theirs(this.#symmetric.decryptAndHash(this.#next()))
  }

  /** The payload: all bytes behind the last field. */
  finish(): Uint8Array {
    return this.#symmetric.decryptAndHash(this.#message.subarray(this.#at))
  }

  #next(): Uint8Array {
    const start = this.#at
    this.#at += this.#lengths.next().value ?? 0
    return this.#message.subarray(start, this.#at)
  }
}
