import { SottoError } from '../errors.js'
import type { RetainedEntry } from './durableentry.js'
import type { Commit, Ledger } from './durableledger.node.js'
import { MemoryTopic, RETAINED } from './memorytopic.js'

interface Kept {
  readonly sequence: number
  /** Behind its last byte, in the commit. */
  readonly end: number
  /** Of the whole entry. */
  readonly size: number
  /** Of body and subject. */
  readonly bytes: number
}

/** What is retained of one topic in a store that is open, and who listens to it meanwhile. */
export class StoredTopic {
  readonly #address: string
  readonly #ledger: Ledger
  readonly #kept = new Map<string, Kept>()
  #bytes = 0
  readonly memory = new MemoryTopic({ retain: true })

  constructor(address: string, ledger: Ledger) {
    this.#address = address
    this.#ledger = ledger
  }

  async publish(subject: string, body: Uint8Array): Promise<void> {
    const commit = this.#ledger.gather()
    const bytes = subject.length + body.length
    const before = this.#kept.get(subject)
    if (
      this.#bytes + bytes - (before?.bytes ?? 0) > RETAINED.bytes ||
      this.#kept.size + (before === undefined ? 1 : 0) > RETAINED.subjects
    )
      throw SottoError.of('broker/full', 'the topic retains as much as it may')
    const heard = this.memory.publish(subject, body)
    const { length } = commit.entries
    commit.entries.write({ is: 'retained', topic: this.#address, subject, body })
    commit.sync = true
    const end = commit.entries.length
    this.#keep(subject, { sequence: commit.sequence, end, size: end - length, bytes })
    // BR-54: `add` hands it to who comes after a restart.
    await Promise.all([heard, commit.settled])
  }

  /** What a commit says, which ends there. */
  async add({ subject, body }: RetainedEntry, sequence: number, end: number, size: number): Promise<void> {
    this.#keep(subject, { sequence, end, size, bytes: subject.length + body.length })
    await this.memory.publish(subject, body)
  }

  /** BR-44: as of a queue. */
  carry(entry: RetainedEntry, sequence: number, end: number, to: Commit): void {
    const kept = this.#kept.get(entry.subject)
    if (kept?.sequence !== sequence || kept.end !== end) return
    to.entries.write(entry)
    this.#keep(entry.subject, { ...kept, sequence: to.sequence, end: to.entries.length })
  }

  /** BR-52: how many values stood in a commit that cannot be read. They are forgotten. */
  lost(sequence: number): number {
    const lost = [...this.#kept].filter(([, kept]) => kept.sequence === sequence)
    for (const [subject, { bytes, size }] of lost) {
      this.#kept.delete(subject)
      this.#bytes -= bytes
      this.#ledger.live -= size
    }
    return lost.length
  }

  #keep(subject: string, kept: Kept): void {
    const before = this.#kept.get(subject)
    this.#kept.set(subject, kept)
    this.#bytes += kept.bytes - (before?.bytes ?? 0)
    this.#ledger.live += kept.size - (before?.size ?? 0)
  }
}
