import type { Transport } from '../../index.js'

/** A transport that counts what goes through another. */
export class Counting implements Transport {
  readonly #inner: Transport
  #sent = 0
  #received = 0

  constructor(inner: Transport) {
    this.#inner = inner
  }

  /** Bytes so far. */
  get sent(): number {
    return this.#sent
  }

  get received(): number {
    return this.#received
  }

  write(bytes: Uint8Array): Promise<void> | void {
    this.#sent += bytes.length
    return this.#inner.write(bytes)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  abort(reason: Error): void {
    this.#inner.abort(reason)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const bytes of this.#inner) {
      this.#received += bytes.length
      yield bytes
    }
  }
}
