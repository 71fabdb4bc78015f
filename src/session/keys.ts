import { EMPTY } from '../bytes.js'
import { padded } from '../channel/padding.js'
import { SottoError } from '../errors.js'
import type { Established, Finished } from './established.js'
import { encodeFrame } from './framewriter.js'
import { LIMITS } from './limits.js'
import type { Outbox } from './outbox.js'
import { Refresh } from './refresh.js'
import type { Side } from './side.js'

/** The keys of a session at work: records are sealed and opened here, rekeyed, refreshed, and padded alike (CH-35). */
export class Keys {
  readonly finished: Finished
  readonly #side: Side
  /** Bytes of a plaintext that the peer takes: before it has declared any, the least there are. */
  #limit: number = LIMITS.plaintext.floor
  #refresh: Refresh | undefined

  constructor(finished: Finished, side: Side) {
    this.finished = finished
    this.#side = side
  }

  /** The session is open: keys can be refreshed from now on. */
  opened({ allowed }: Established, outbox: Outbox, nowMs: number): void {
    this.#limit = allowed.plaintext
    const owner = { finished: this.finished, side: this.#side, limit: this.#limit, send: outbox.notice.bind(outbox) }
    this.#refresh = new Refresh(owner, nowMs)
  }

  /** When `wake` has something to do. */
  get wakeAt(): number {
    return this.#refresh?.wakeAt ?? Number.POSITIVE_INFINITY
  }

  /** @throws session/timeout (CH-27) */
  wake(nowMs: number): void {
    this.#refresh?.wake(nowMs)
  }

  seal(plaintext: Uint8Array): Uint8Array {
    return this.finished.sealer.seal(padded(plaintext, this.#side.padding, this.#limit))
  }

  /** The next record of what waits, if anything does: with REKEY 1 where a refresh owes it (CH-28), 0 where it is due (CH-7). */
  next(outbox: Outbox, nowMs: number): Uint8Array | undefined {
    const { sealer } = this.finished
    const filled = outbox.fill()
    const owes = this.#refresh?.owes === true
    if (filled === undefined && !owes) return undefined
    const plaintext = filled ?? EMPTY
    if (!owes && !sealer.due) return this.#sealAndWipe(plaintext)
    const last = encodeFrame({ is: 'REKEY', generation: owes ? 1 : 0 })
    const record = this.#sealAndWipe(outbox.append(plaintext, last))
    if (owes) this.#refresh?.switched(nowMs)
    else sealer.rekey()
    return record
  }

  /** The room it lies in is shared. */
  #sealAndWipe(plaintext: Uint8Array): Uint8Array {
    const record = this.seal(plaintext)
    plaintext.fill(0)
    return record
  }

  /** The plaintext of a whole record. @throws session/limit over the own limit (CH-13), channel/forged, channel/exhausted */
  open(record: Uint8Array): Uint8Array {
    const { plaintext } = this.#side.limits
    if (record.length - 18 > plaintext)
      throw SottoError.of('session/limit', `the peer sent a record over ${plaintext} bytes`)
    return this.finished.opener.open(record)
  }

  /** REKEY of the peer: what follows is sealed with another key. @throws session/malformed if there is none (CH-11) */
  rekeyed(generation: number, nowMs: number): void {
    if (generation > 1) throw SottoError.of('session/malformed', 'REKEY of no generation there is')
    if (generation === 0) this.finished.opener.rekey()
    else this.#refresh?.switch(nowMs)
  }

  /** A REFRESH of the peer. @throws as `Refresh.heard` */
  heard(body: Uint8Array, nowMs: number): void {
    this.#refresh?.heard(body, nowMs)
  }

  /** All frames of a record were taken. @throws session/unexpected (CH-28) */
  recordRead(): void {
    this.#refresh?.recordRead()
  }

  /** The own END is sealed. */
  close(): void {
    this.#refresh?.close()
  }

  /** Every key goes. */
  erase(): void {
    this.#refresh?.erase()
    this.finished.erase()
  }
}
