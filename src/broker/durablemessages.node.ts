import type { QueueMetrics } from './broker.js'
import type { Clock } from './clock.js'
import type { Entry, KeyEntry, MessageEntry, State } from './durableentry.js'
import type { Commit, Ledger } from './durableledger.node.js'
import { messageOf, type Place, type StoredKey, type StoredMessage } from './durablemessage.js'

/** The messages and keys of one queue: an index in memory over what the commits say, and what it writes into them. */
export class StoredMessages {
  readonly #address: string
  readonly #ledger: Ledger
  readonly #clock: Clock
  readonly #messages = new Map<number, StoredMessage>()
  readonly #keys = new Map<string, StoredKey>()

  constructor(address: string, ledger: Ledger, clock: Clock) {
    this.#address = address
    this.#ledger = ledger
    this.#clock = clock
  }

  get size(): number {
    return this.#messages.size
  }

  get keys(): number {
    return this.#keys.size
  }

  all(): IterableIterator<StoredMessage> {
    return this.#messages.values()
  }

  /** How many wait, and how long the oldest has. */
  waiting(nowMs: number): Omit<QueueMetrics, 'leased' | 'dead'> {
    let [ready, delayed, oldestMs] = [0, 0, 0]
    for (const { stage, dueMs, enqueuedMs } of this.#messages.values()) {
      if (stage !== 'waits') continue
      if (dueMs <= nowMs) ready++
      else delayed++
      oldestMs = Math.max(oldestMs, nowMs - enqueuedMs)
    }
    return { ready, delayed, oldestMs }
  }

  has(message: StoredMessage): boolean {
    return this.#messages.get(message.number) === message
  }

  /** Who has the key now; the empty one is none. Those whose time is over go, the oldest first. */
  known(key: string, nowMs: number): StoredKey | undefined {
    for (const [old, { keyMs }] of this.#keys) {
      if (keyMs > nowMs) break
      this.#dropKey(old)
    }
    const held = key === '' ? undefined : this.#keys.get(key)
    return held !== undefined && held.keyMs > nowMs ? held : undefined
  }

  /** Writes a new message into a commit. */
  put(entry: Omit<MessageEntry, 'is' | 'queue'>, commit: Commit): StoredMessage {
    return this.add(entry, written(commit, { ...entry, is: 'message', queue: this.#address }))
  }

  /** Writes what state a message is in, into the commit that gathers now. */
  putState({ number, stage, attempts, dueMs, reason }: StoredMessage): Commit {
    const commit = this.#ledger.gather()
    commit.entries.write({ is: 'state', queue: this.#address, number, stage, attempts, dueMs, reason })
    return commit
  }

  /** Writes that a message is gone. Its key stays for its time. */
  putGone({ number }: StoredMessage, commit: Commit): void {
    commit.entries.write({ is: 'gone', queue: this.#address, number })
    this.drop(number)
  }

  /** A message that stands in a commit; it takes the place of an older one of its number. */
  add(entry: Omit<MessageEntry, 'is' | 'queue'>, place: Place): StoredMessage {
    const message = messageOf(entry, place)
    const { number, key, keyMs } = message
    this.drop(number)
    this.#messages.set(number, message)
    this.#ledger.live += place.size
    if (key !== '') this.addKey(key, { number, keyMs, sequence: place.sequence })
    return message
  }

  /** Of an older message, or of one that is gone. */
  addKey(key: string, held: StoredKey): void {
    this.#dropKey(key)
    this.#keys.set(key, held)
    this.#ledger.live += sizeOf(key)
  }

  /** BR-56: none lasts longer than until then. */
  limitKeys(untilMs: number): void {
    for (const [key, held] of this.#keys) if (held.keyMs > untilMs) this.#keys.set(key, { ...held, keyMs: untilMs })
  }

  /** What a commit says of the state of a message, if there is one. */
  change(number: number, { stage, attempts, dueMs, reason }: State): void {
    const message = this.#messages.get(number)
    if (message !== undefined) Object.assign(message, { stage, attempts, dueMs, reason })
  }

  drop(number: number): void {
    this.#ledger.live -= this.#messages.get(number)?.place.size ?? 0
    this.#messages.delete(number)
  }

  #dropKey(key: string): void {
    if (this.#keys.delete(key)) this.#ledger.live -= sizeOf(key)
  }

  /** BR-44: writes what an entry of a commit that goes still says. */
  carry(entry: Entry, sequence: number, to: Commit): void {
    if (entry.is !== 'message' && entry.is !== 'key') return
    const { number, key, keyMs } = entry
    const message = this.#messages.get(number)
    const held = this.#keys.get(key)
    const isHeld = held?.number === number && held.sequence === sequence && held.keyMs > this.#clock.now()
    if (isHeld) held.sequence = to.sequence
    if (entry.is === 'message' && message?.place.sequence === sequence) {
      const { stage, attempts, dueMs, reason, place } = message
      message.place = written(to, { ...entry, stage, attempts, dueMs, reason })
      this.#ledger.live += message.place.size - place.size
    } else if (isHeld) written(to, { is: 'key', queue: this.#address, key, keyMs, number })
  }
}

/** What a key costs the store while its window lasts, about: else it would be carried on and on. */
const sizeOf = (key: string): number => KEY_BYTES + key.length

/** Of an entry that says a key, without it, with an address of usual length. */
const KEY_BYTES = 64

const written = ({ sequence, entries }: Commit, entry: MessageEntry | KeyEntry): Place => {
  const before = entries.length
  entries.write(entry)
  const end = entries.length
  return { sequence, end, length: entry.is === 'message' ? entry.body.length : 0, size: end - before }
}
