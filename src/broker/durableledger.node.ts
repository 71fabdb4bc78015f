import { SottoError } from '../errors.js'
import { COMMIT_HEADER, sealCommit } from './durablecommit.node.js'
import { EntryWriter } from './durableentry.js'
import type { Level } from './durablelevel.node.js'
import type { Witness } from './durablewitness.node.js'

/** Entries of a commit, about, before the next is begun. */
const COMMIT_BYTES = 4_194_304
/** Commits that were written or read last, kept in memory. */
const RECENT_BYTES = 16_777_216
/** What commits may say in vain, besides as much as they say with effect. */
const IDLE_BYTES = 4_194_304
/** What is carried on in one commit, about. */
const CARRY_BYTES = 1_048_576

/** Bytes of commits that went, before their room is asked back. */
const GONE_BYTES = 8_388_608

/** What a ledger asks of LevelDB. */
export type Written = Pick<Level, 'write' | 'commit' | 'compact' | 'close'>

/** Operations that are stored together. */
export interface Commit {
  readonly sequence: number
  readonly entries: EntryWriter
  /** Resolves once it is stored; rejects with broker/failed. Never unhandled. */
  readonly settled: Promise<void>
  /** Whether somebody is told that it is on the disk. */
  sync: boolean
}

/** A commit, and what tells those who wait for it. */
interface OpenCommit extends Commit {
  readonly made: number
  readonly resolve: () => void
  readonly reject: (error: SottoError) => void
}

/** What is said in the commits, kept by another. */
export interface Content {
  /** Writes into `to` what the commit still says. */
  carry(sequence: number, bytes: Uint8Array, to: Commit): void
  /** Nothing is left of a commit that could not be read. */
  lost(sequence: number): void
  /** Nothing can be written any more. */
  failed(error: SottoError): void
}

/** The commits of a store, one after another: what comes while one is written goes into the next. */
export class Ledger {
  readonly #level: Written
  readonly #witness: Witness
  readonly #sync: boolean
  readonly #content: Content
  /** Bytes of each commit from the floor on. */
  readonly #sizes = new Map<number, number>()
  readonly #recent = new Map<number, Uint8Array>()
  #recentBytes = 0
  #bytes = 0
  #head = 0
  #floor = 1
  #written = 0
  readonly #open: OpenCommit[] = []
  #writing: OpenCommit | undefined
  #running: Promise<void> | undefined
  #gone = 0
  #compacting: Promise<void> | undefined
  #failure: SottoError | undefined
  /** What the next message is numbered. */
  made = 1
  /** Bytes of the entries that say something with effect. */
  live = 0

  constructor(level: Written, witness: Witness, sync: boolean, content: Content) {
    this.#level = level
    this.#witness = witness
    this.#sync = sync
    this.#content = content
  }

  /** A commit is there, of so many bytes. */
  found(sequence: number, bytes: number): void {
    this.#sizes.set(sequence, bytes)
    this.#bytes += bytes
  }

  /** Goes on behind the commit `head`; `floor` is the first that still says something, `made` what the next message is numbered. */
  begin(head: number, floor: number, made: number): void {
    this.#head = head
    this.#written = head
    this.#floor = floor
    this.made = made
  }

  /** The commit that what is done now goes into. @throws SottoError broker/failed */
  gather(): Commit {
    if (this.#failure !== undefined) throw this.#failure
    const last = this.#open.at(-1)
    // The first is being written, if there is one.
    if (last !== undefined && !(last === this.#writing) && last.entries.length < COMMIT_BYTES) return last
    const commit = this.#begun()
    this.#open.push(commit)
    this.#running ??= this.#run()
    return commit
  }

  /** Resolves once a commit is stored. */
  async stored(sequence: number): Promise<void> {
    if (sequence <= this.#written) return
    await this.#open.find((commit) => commit.sequence === sequence)?.settled
  }

  /** Bytes of a commit, borrowed; undefined if they are not as they were written. */
  async bytesOf(sequence: number): Promise<Uint8Array | undefined> {
    const kept = this.#open.find((commit) => commit.sequence === sequence)?.entries.bytes ?? this.#recent.get(sequence)
    if (kept !== undefined) return kept
    const bytes = await this.#level.commit(sequence)
    if (bytes !== undefined) this.#remember(sequence, bytes)
    return bytes
  }

  /** What was asked for until now is stored, or failed. */
  async close(): Promise<void> {
    await this.#running
    await this.#compacting
    this.#failure ??= SottoError.of('broker/failed', 'the broker was disposed of')
    try {
      await this.#witness.close()
    } finally {
      await this.#level.close()
    }
  }

  #begun(): OpenCommit {
    let resolve: () => void = () => undefined
    let reject: (error: SottoError) => void = () => undefined
    const settled = new Promise<void>((done, fail) => {
      resolve = done
      reject = fail
    })
    // Of a commit that nobody waits for, the failure is told by `failed`.
    settled.catch(() => undefined)
    // About as much as the one before.
    const entries = new EntryWriter(COMMIT_HEADER, Math.min(this.#sizes.get(this.#written) ?? 0, CARRY_BYTES))
    return { sequence: ++this.#head, entries, settled, sync: false, made: this.made, resolve, reject }
  }

  async #run(): Promise<void> {
    // All that is asked for in this turn goes together.
    await Promise.resolve()
    try {
      for (let next = this.#open[0]; next !== undefined; next = this.#open[0]) await this.#write(next)
    } catch (cause) {
      this.#fail(cause)
    } finally {
      this.#running = undefined
    }
  }

  /** BR-41: acknowledged when it is on the disk and the witness has seen it. */
  async #write(commit: OpenCommit): Promise<void> {
    const { sequence } = commit
    const from = this.#floor
    await this.#tidy(commit)
    this.#writing = commit
    const made = this.made
    const { bytes } = commit.entries
    sealCommit(bytes, { sequence, floor: this.#floor, made: commit.made })
    // BR-48: without `sync`, once the system has it.
    await this.#level.write(sequence, bytes, from, this.#floor, this.#sync && commit.sync)
    // One that need not be on the disk is no loss to tell of.
    if (commit.sync) await this.#witness.write({ sequence, made })
    this.#written = sequence
    this.#open.shift()
    this.#writing = undefined
    this.#sizes.set(sequence, bytes.length)
    this.#bytes += bytes.length
    this.#remember(sequence, bytes)
    commit.resolve()
    if (this.#gone > GONE_BYTES) this.#compact()
  }

  #compact(): void {
    this.#gone = 0
    this.#compacting ??= this.#level
      .compact(this.#floor)
      // It says nothing that the next write does not.
      .catch(() => undefined)
      .finally(() => {
        this.#compacting = undefined
      })
  }

  /**
   * BR-44: what the oldest commits still say is carried on, so that the store is at most about twice what it holds. Only while nothing is
   * asked for behind this commit: what is carried would be missing from it.
   */
  async #tidy(commit: OpenCommit): Promise<void> {
    const end = commit.entries.length + CARRY_BYTES
    while (this.#bytes > 2 * this.live + IDLE_BYTES && this.#floor < commit.sequence) {
      const sequence = this.#floor
      const bytes = this.#sizes.has(sequence) ? await this.bytesOf(sequence) : undefined
      if (this.#open.length > 1 || commit.entries.length > end) return
      if (bytes === undefined) this.#content.lost(sequence)
      else this.#content.carry(sequence, bytes, commit)
      // BR-55: LevelDB syncs the log that it writes to alone: the next sync may leave this commit out, if it is the last of its log.
      commit.sync = true
      this.#floor++
      this.#bytes -= this.#sizes.get(sequence) ?? 0
      this.#gone += this.#sizes.get(sequence) ?? 0
      this.#sizes.delete(sequence)
      this.#recentBytes -= this.#recent.get(sequence)?.length ?? 0
      this.#recent.delete(sequence)
    }
  }

  #remember(sequence: number, bytes: Uint8Array): void {
    this.#recentBytes += bytes.length - (this.#recent.get(sequence)?.length ?? 0)
    this.#recent.set(sequence, bytes)
    for (const [oldest, { length }] of this.#recent) {
      if (this.#recentBytes <= RECENT_BYTES) return
      this.#recent.delete(oldest)
      this.#recentBytes -= length
    }
  }

  /** BR-47: whether the commit is stored is not known, and what follows it is refused. */
  #fail(cause: unknown): void {
    this.#failure = SottoError.of('broker/failed', 'expected to write to the store', { cause, ran: 'maybe' })
    for (const { reject } of this.#open) reject(this.#failure)
    this.#content.failed(this.#failure)
  }
}
