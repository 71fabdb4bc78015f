import { SottoError } from '../errors.js'
import type { LostEntry } from './durableentry.js'
import { idOf } from './durablemessage.js'

/** What was found not to be as it was written. The store goes on without it. */
export interface Damage {
  readonly error: SottoError<'broker/corrupt'>
  /** Ids of messages that may be lost, at most 10,000 of them: enqueued in what is missing, and not known to be settled. */
  readonly lost: readonly string[]
  /** The folder that keeps the damaged files, which may be looked at and deleted. */
  readonly kept?: string
}

/** Files that were put aside. */
export interface Wreck {
  readonly files: readonly string[]
  readonly kept: string
}

/** The commits from one to another. */
type Gap = Omit<LostEntry, 'is'>

const MOST_LOST = 10_000

/** BR-52: watches the commits of a store as they are read, for those that are missing. */
export class Losses {
  readonly #gaps: Gap[] = []
  readonly #numbers = new Set<number>()
  #next: number
  #made: number | undefined

  /** @param floor of the commits to come */
  constructor(floor: number) {
    this.#next = floor
  }

  get head(): number {
    return this.#next - 1
  }

  /** What the next message is numbered. */
  get made(): number {
    return this.#made ?? 1
  }

  /** A commit comes next, whose first message is numbered `made`. */
  met(sequence: number, made: number): void {
    this.#reach(sequence, made)
    this.#next = sequence + 1
  }

  /** The last commit there was, behind which the next message would be numbered `made`. */
  ended(sequence: number, made: number): void {
    if (sequence >= this.#next) this.#reach(sequence + 1, made)
  }

  /** A message that is there, or was settled. */
  known(number: number): void {
    this.#numbers.delete(number)
    this.#made = Math.max(this.made, number + 1)
  }

  /** Gaps that nobody was told of. */
  untold(told: readonly Gap[]): readonly Gap[] {
    return this.#gaps.filter((gap) => !told.some(({ from, to }) => from <= gap.from && gap.to <= to))
  }

  /** What is to be told, if anything. */
  damage(gaps: readonly Gap[], wreck: Wreck | undefined): Damage | undefined {
    const missing = gaps.map(({ from, to }) => (from === to ? `commit ${from}` : `commits ${from} to ${to}`))
    const files = wreck?.files.map((file) => `file ${file}`) ?? []
    if (missing.length + files.length === 0) return undefined
    const lost = gaps.length > 0 ? [...this.#numbers].map(idOf) : []
    const what = [...files.map((file) => `${file} is damaged`), ...missing.map((commit) => `${commit} missing`)]
    const error = SottoError.of(
      'broker/corrupt',
      `expected the store as it was written: ${what.slice(0, 10).join(', ')}`,
    )
    return { error, lost, ...(wreck === undefined ? {} : { kept: wreck.kept }) }
  }

  /** All before `sequence` is there, or missing. */
  #reach(sequence: number, made: number): void {
    if (sequence > this.#next) {
      this.#gaps.push({ from: this.#next, to: sequence - 1 })
      for (let number = this.#made ?? made; number < made && this.#numbers.size < MOST_LOST; number++)
        this.#numbers.add(number)
    }
    this.#next = sequence
    this.#made = Math.max(this.made, made)
  }
}
