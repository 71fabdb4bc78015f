import type { DeadLetter } from './broker.js'
import type { NatsCluster } from './natscluster.js'
import { decodeDead, decodeMessage, encodeDead, type StoredDead } from './natsform.js'
import type { Place } from './natsseal.js'

const ID = /^[1-9][0-9]{0,15}$/

/**
 * BR-86: a message is dead from the moment that its mark is stored: one act, which nothing can cut in two. The message itself stays
 * where it is, so it counts for the bound of the queue and a replay moves nothing.
 */
export class DeadLetters {
  readonly #cluster: NatsCluster
  readonly #address: string
  readonly #stream: string
  readonly #messages: string

  constructor(cluster: NatsCluster, address: string) {
    this.#cluster = cluster
    this.#address = address
    this.#stream = cluster.names.stream('dead', address)
    this.#messages = cluster.names.stream('queue', address)
  }

  /** @throws broker/failed */
  async mark(seq: number, dead: StoredDead): Promise<void> {
    const { line, seal } = this.#cluster
    const place = this.#place(`${seq}`)
    await line.asking('keep a dead letter', line.js.publish(place.subject, seal.seal(place, encodeDead(dead))))
  }

  /** @throws broker/failed */
  async isDead(seq: number): Promise<boolean> {
    return (await this.#markOf(`${seq}`)) !== null
  }

  async count(): Promise<number> {
    const { line } = this.#cluster
    const { streams } = await line.manager()
    return (await line.asking('count dead letters', streams.info(this.#stream))).state.messages
  }

  async list(count: number, after?: string): Promise<readonly DeadLetter[]> {
    const { line, names } = this.#cluster
    const { direct } = await line.manager()
    const last = after === undefined ? null : await this.#markOf(after)
    // Behind one that is gone stand those whose message is younger.
    const least = after !== undefined && last === null && ID.test(after) ? Number(after) : 0
    const found: DeadLetter[] = []
    const filter = names.subject('dead', this.#address, '*')
    for (let seq = (last?.seq ?? 0) + 1; found.length < count; ) {
      const query = { seq, next_by_subj: filter }
      const mark = await line.asking('read a dead letter', direct.getMessage(this.#stream, query))
      if (mark === null) break
      seq = mark.seq + 1
      const id = names.subjectIn('dead', this.#address, mark.subject)
      const dead = Number(id) > least ? await this.#read(id, mark.data) : undefined
      if (dead !== undefined) found.push(dead)
    }
    return found
  }

  /** Takes the mark away: its message is alive. What it said, or undefined if there is none, or another was first. */
  async unmark(id: string, before: (seq: number, dead: StoredDead) => Promise<void>): Promise<StoredDead | undefined> {
    const mark = await this.#markOf(id)
    const bytes = mark === null ? undefined : this.#cluster.open(this.#place(id), mark.data)
    if (mark === null || bytes === undefined) return undefined
    const dead = decodeDead(bytes)
    await before(Number(id), dead)
    return (await this.#remove(this.#stream, mark.seq)) ? dead : undefined
  }

  /** Takes the message away, then its mark. */
  async discard(id: string): Promise<boolean> {
    const mark = await this.#markOf(id)
    if (mark === null) return false
    await this.#remove(this.#messages, Number(id))
    return await this.#remove(this.#stream, mark.seq)
  }

  /** The dead letter that a mark makes of its message; undefined if one of them does not open or is gone. */
  async #read(id: string, sealed: Uint8Array): Promise<DeadLetter | undefined> {
    const { line, names } = this.#cluster
    const bytes = this.#cluster.open(this.#place(id), sealed)
    const { direct } = await line.manager()
    const query = { seq: Number(id) }
    const message = await line.asking('read a message', direct.getMessage(this.#messages, query))
    if (bytes === undefined || message === null) return undefined
    const place: Place = { purpose: 'queue', address: this.#address, subject: message.subject }
    const plain = this.#cluster.open(place, message.data)
    if (plain === undefined) return undefined
    const { attempts, reason } = decodeDead(bytes)
    const subject = names.subjectIn('queue', this.#address, message.subject)
    return { id, subject, body: decodeMessage(plain).body, attempts, reason }
  }

  async #markOf(id: string) {
    if (!ID.test(id)) return null
    const { line } = this.#cluster
    const { direct } = await line.manager()
    const query = { last_by_subj: this.#place(id).subject }
    return line.asking('look for a dead letter', direct.getMessage(this.#stream, query))
  }

  /** False if it is not there. */
  async #remove(stream: string, seq: number): Promise<boolean> {
    return this.#cluster.line.remove(stream, seq)
  }

  #place(id: string): Place {
    return { purpose: 'dead', address: this.#address, subject: this.#cluster.names.subject('dead', this.#address, id) }
  }
}
