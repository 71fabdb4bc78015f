import { toHex } from '../bytes.js'
import { defaultProvider } from '../crypto/default.js'
import { SottoError } from '../errors.js'
import type { Clock } from './clock.js'
import { COMMIT_HEADER } from './durablecommit.node.js'
import { type Damage, Losses, type Wreck } from './durabledamage.js'
import { type Entry, type LostEntry, type RetainedEntry, readEntries } from './durableentry.js'
import { type Commit, type Content, Ledger } from './durableledger.node.js'
import { Level, type Stored } from './durablelevel.node.js'
import type { Place } from './durablemessage.js'
import { StoredQueue } from './durablequeue.node.js'
import { StoredTopic } from './durabletopic.node.js'
import { Witness, type Witnessed } from './durablewitness.node.js'

/** How a store is opened. */
export interface StateOptions {
  /** Its folder, which is claimed. */
  readonly path: string
  readonly sync: boolean
  readonly clock: Clock
  readonly damaged: (damage: Damage) => void
  /** Nothing can be written any more. */
  readonly failed: (error: SottoError) => void
}

/** All queues and topics of a store that is open. */
export class State implements Content {
  readonly #options: StateOptions
  readonly #run = toHex(defaultProvider.randomBytes(8))
  readonly #queues = new Map<string, StoredQueue>()
  readonly #topics = new Map<string, StoredTopic>()
  readonly #lost: LostEntry[] = []
  readonly #ledger: Ledger
  #failure: SottoError | undefined

  private constructor(options: StateOptions, level: Level, witness: Witness) {
    this.#options = options
    this.#ledger = new Ledger(level, witness, options.sync, this)
  }

  /** BR-53: reads what is there, tells what is not as it was written, and goes on with the rest. */
  static async open(options: StateOptions): Promise<State> {
    const { level, wreck } = await Level.open(options.path)
    try {
      const { witness, said } = await Witness.at(`${options.path}/witness`)
      try {
        const state = new State(options, level, witness)
        await state.#read(level, said, wreck)
        return state
      } catch (cause) {
        await witness.close()
        throw cause
      }
    } catch (cause) {
      await level.close()
      throw cause
    }
  }

  queue(address: string): StoredQueue {
    return entryOf(this.#queues, address, () => {
      const corrupt = ({ id }: { readonly id: string }): void => this.#tell([id], `a message of ${address}`)
      const { clock } = this.#options
      const queue = new StoredQueue({ address, ledger: this.#ledger, clock, run: this.#run, corrupt })
      // BR-30: nobody else would tell one that is asked for this late.
      if (this.#failure !== undefined) queue.fail(this.#failure)
      return queue
    })
  }

  topic(address: string): StoredTopic {
    return entryOf(this.#topics, address, () => {
      const topic = new StoredTopic(address, this.#ledger)
      if (this.#failure !== undefined) topic.memory.close(this.#failure)
      return topic
    })
  }

  /** What was asked for is stored; then all is refused with `error`. */
  async close(error: SottoError): Promise<void> {
    this.#end(error)
    await this.#ledger.close()
  }

  carry(sequence: number, bytes: Uint8Array, to: Commit): void {
    for (const [entry, end] of readEntries(bytes, COMMIT_HEADER)) {
      if (entry.is === 'lost') this.#carryLost(entry, sequence, to)
      else if (entry.is === 'retained') this.topic(entry.topic).carry(entry, sequence, end, to)
      else this.queue(entry.queue).messages.carry(entry, sequence, to)
    }
  }

  lost(sequence: number): void {
    for (const queue of this.#queues.values()) queue.lost(sequence)
    for (const [address, topic] of this.#topics)
      if (topic.lost(sequence) > 0) this.#tell([], `what ${address} retained`)
  }

  failed(error: SottoError): void {
    this.#end(error)
    this.#options.failed(error)
  }

  #end(error: SottoError): void {
    this.#failure = error
    for (const queue of this.#queues.values()) queue.fail(error)
    for (const { memory } of this.#topics.values()) memory.close(error)
  }

  async #read(level: Level, said: Witnessed | undefined, wreck: Wreck | undefined): Promise<void> {
    const head = await level.head()
    const floor = head?.floor ?? 1
    const losses = new Losses(floor)
    for await (const stored of level.commits(floor)) {
      losses.met(stored.header.sequence, stored.header.made)
      await this.#add(stored, losses)
      this.#ledger.found(stored.header.sequence, stored.bytes.length)
    }
    // BR-51
    if (said !== undefined) losses.ended(said.sequence, said.made)
    this.#ledger.begin(losses.head, head === undefined ? losses.head + 1 : floor, losses.made)
    const gaps = losses.untold(this.#lost)
    const damage = losses.damage(gaps, wreck)
    if (damage === undefined) return
    for (const gap of gaps) this.#carryLost({ is: 'lost', ...gap }, 0, this.#ledger.gather())
    this.#options.damaged(damage)
  }

  async #add({ header: { sequence }, bytes }: Stored, losses: Losses): Promise<void> {
    let start = COMMIT_HEADER
    for (const [entry, end] of readEntries(bytes, COMMIT_HEADER)) {
      if (entry.is === 'retained')
        await this.topic(entry.topic).add({ ...entry, body: entry.body.slice() }, sequence, end, end - start)
      else if (entry.is === 'lost') this.#lost.push(entry)
      else this.#apply(entry, { sequence, end, size: end - start }, losses)
      start = end
    }
  }

  #apply(entry: Exclude<Entry, RetainedEntry | LostEntry>, place: Omit<Place, 'length'>, losses: Losses): void {
    const { messages } = this.queue(entry.queue)
    const { number } = entry
    if (entry.is === 'message') {
      losses.known(number)
      messages.add(entry, { ...place, length: entry.body.length })
    } else if (entry.is === 'state') messages.change(number, entry)
    else if (entry.is === 'key') messages.addKey(entry.key, { number, keyMs: entry.keyMs, sequence: place.sequence })
    else {
      losses.known(number)
      messages.drop(number)
    }
  }

  /** Until there is nothing behind it that could be missed. */
  #carryLost(entry: LostEntry, sequence: number, to: Commit): void {
    if (entry.to > sequence) to.entries.write(entry)
  }

  #tell(lost: readonly string[], what: string): void {
    const error = SottoError.of('broker/corrupt', `expected it as it was written: ${what}`)
    this.#options.damaged({ error, lost })
  }
}

const entryOf = <T>(map: Map<string, T>, key: string, make: () => T): T => {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
