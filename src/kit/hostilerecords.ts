import { EMPTY, lengthPrefixed } from '../bytes.js'
import type { CipherState } from '../noise/cipherstate.js'
import type { Split } from '../noise/split.js'
import { decodeFrames, type Frame } from '../session/frames.js'

/** Seals whatever it is told to, and opens what an honest end sends: it goes over to the next key with it. */
export class HostileRecords {
  readonly split: Split
  /** Keys of a refresh that a direction is to go over to with REKEY 1. */
  #pending: { send: CipherState | undefined; receive: CipherState | undefined } = {
    send: undefined,
    receive: undefined,
  }

  constructor(split: Split) {
    this.split = split
  }

  /** One record, its length in front. */
  seal(plaintext: Uint8Array, ad: Uint8Array = EMPTY): Uint8Array {
    return lengthPrefixed(this.split.send.encryptWithAd(ad, plaintext))
  }

  /** The frames of a record without its length. @throws SottoError on what no honest end sends */
  open(sealed: Uint8Array): readonly Frame[] {
    const frames = decodeFrames(this.split.receive.decryptWithAd(EMPTY, sealed))
    const last = frames.at(-1)
    if (last?.is === 'REKEY' && last.generation === 0) this.split.receive.rekey()
    if (last?.is === 'REKEY' && last.generation === 1) this.follow()
    return frames
  }

  /** A refresh has made `next`. */
  pend(next: Split): void {
    this.#pending = { send: next.send, receive: next.receive }
  }

  /** What is sealed from here on is under the key of the refresh. */
  switch(): void {
    if (this.#pending.send !== undefined) this.split.send.succeed(this.#pending.send)
    this.#pending.send = undefined
  }

  /** What is opened from here on is under the key of the refresh: its REKEY 1 has been read. */
  follow(): void {
    if (this.#pending.receive !== undefined) this.split.receive.succeed(this.#pending.receive)
    this.#pending.receive = undefined
  }

  /** What is sealed from here on is under the key behind REKEY 0. */
  rekey(): void {
    this.split.send.rekey()
  }
}
