import type { NatsCluster } from './natscluster.js'
import { decodeNote, encodeNote, type StoredNote } from './natsform.js'
import type { Place } from './natsseal.js'

/**
 * BR-85: what NATS' own count of deliveries cannot tell: which of them were no attempts. A message has a note from its first such
 * delivery on, so it is read only of messages that come again.
 */
export class Notes {
  readonly #cluster: NatsCluster
  readonly #address: string

  constructor(cluster: NatsCluster, address: string) {
    this.#cluster = cluster
    this.#address = address
  }

  /** Which attempt a delivery is, and whether a note says so. @throws broker/failed */
  async attempt(seq: number, delivered: number): Promise<{ readonly attempt: number; readonly noted: boolean }> {
    const { line, names } = this.#cluster
    const place = this.#place(seq)
    const { direct } = await line.manager()
    const query = { last_by_subj: place.subject }
    const kept = await line.asking('read a note', direct.getMessage(names.shared('notes'), query))
    const bytes = kept === null ? undefined : this.#cluster.open(place, kept.data)
    if (bytes === undefined) return { attempt: delivered, noted: false }
    const note = decodeNote(bytes)
    // A consumer that was made anew counts from the start.
    const since = delivered > note.delivered ? delivered - note.delivered : delivered
    return { attempt: note.attempts + since, noted: true }
  }

  /** @throws broker/failed */
  async put(seq: number, note: StoredNote): Promise<void> {
    const { line, seal } = this.#cluster
    const place = this.#place(seq)
    await line.asking('keep a note', line.js.publish(place.subject, seal.seal(place, encodeNote(note))))
  }

  /** @throws broker/failed */
  async forget(seq: number): Promise<void> {
    const { line, names } = this.#cluster
    const { streams } = await line.manager()
    await line.asking('forget a note', streams.purge(names.shared('notes'), { filter: this.#place(seq).subject }))
  }

  #place(seq: number): Place {
    const subject = this.#cluster.names.subject('note', this.#address, `${seq}`)
    return { purpose: 'note', address: this.#address, subject }
  }
}
