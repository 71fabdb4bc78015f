import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream'
import { utf8 } from '../bytes.js'
import { SottoError } from '../errors.js'
import { failureOf, type NatsLine } from './natsline.js'
import type { NatsNames } from './natsname.js'
import type { ClusterSeal, Place } from './natsseal.js'

/** How long a note outlives its last change: longer than the longest delay (2^31-1 ms), in ns. */
const NOTE_NS = 60 * 86_400 * 1e9

const MAX_NOTES = 1_000_000

export type Told = (error: SottoError<'broker/corrupt' | 'broker/full' | 'broker/failed'>) => void

/** What the topics and queues of one broker share: NATS, the names, the seal, and the proof that the key is the cluster's. */
export class NatsCluster {
  readonly line: NatsLine
  readonly names: NatsNames
  readonly seal: ClusterSeal
  /** Resolves when everything begins to fail, with why. */
  readonly failed: Promise<SottoError>
  readonly #told: Told
  #failing: (error: SottoError) => void = () => undefined
  #unopened = 0
  #failure: SottoError | undefined
  #ready: Promise<void> | undefined

  constructor(line: NatsLine, names: NatsNames, seal: ClusterSeal, told: Told) {
    this.line = line
    this.names = names
    this.seal = seal
    this.#told = told
    this.failed = new Promise((resolve) => {
      this.#failing = resolve
    })
  }

  get unopened(): number {
    return this.#unopened
  }

  /** @throws broker/failed once the broker is disposed of or its connection closed */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  get over(): boolean {
    return this.#failure !== undefined
  }

  /** BR-89: from here on everything fails with `error`. */
  fail(error: SottoError): void {
    this.#failure ??= error
    this.#failing(this.#failure)
  }

  /** Settles once the shared streams are there and the key has been proved; tries again after a failure. @throws broker/failed */
  async ready(): Promise<void> {
    this.check()
    this.#ready ??= this.#prepare()
    try {
      await this.#ready
    } catch (error) {
      this.#ready = undefined
      throw error
    }
    this.check()
  }

  tell(error: SottoError<'broker/corrupt' | 'broker/full' | 'broker/failed'>): void {
    this.#told(error)
  }

  /** What was sealed for a place; undefined, counted and told, if it was not (BR-77). @throws broker/failed */
  open(place: Place, sealed: Uint8Array): Uint8Array | undefined {
    this.check()
    const opened = this.seal.open(place, sealed)
    if (typeof opened !== 'string') return opened
    const why =
      opened === 'broken' ? 'is not what was sealed for its place' : 'is sealed with a key that is not held here'
    this.drop(`a message of ${place.purpose} ${place.address} ${why}`)
    return undefined
  }

  /** Counts and tells of a message that is handed to nobody. */
  drop(why: string): void {
    this.#unopened += 1
    this.#told(SottoError.of('broker/corrupt', why))
  }

  /** BR-79: whether a key of this broker opens what a service of the cluster sealed as a proof. @throws broker/failed */
  async proves(): Promise<boolean> {
    const { streams } = await this.line.manager()
    const stream = this.names.shared('key')
    const subject = this.names.key
    const place: Place = { purpose: 'key', address: '', subject }
    const query = { last_by_subj: subject }
    const proof = await this.line.asking('read the proof of the key', streams.getMessage(stream, query))
    if (proof !== null && typeof this.seal.open(place, proof.data) === 'string') return false
    if (proof !== null && this.seal.isCurrent(proof.data)) return true
    try {
      const expect = { lastSubjectSequence: proof?.seq ?? 0 }
      await this.line.js.publish(subject, this.seal.seal(place, utf8('Sotto/1 nats key')), { expect })
      return true
    } catch (cause) {
      // Another service was first: what it wrote is what has to open.
      if (cause instanceof JetStreamApiError && cause.code === JetStreamApiCodes.StreamWrongLastSequence)
        return this.proves()
      throw failureOf('keep the proof of the key', cause)
    }
  }

  /** The cluster seals with a key that is not held here: from here on everything fails. */
  leave(): SottoError {
    const error = wrongKey()
    this.fail(error)
    return error
  }

  async #prepare(): Promise<void> {
    const { names } = this
    const one = { max_msgs_per_subject: 1 }
    await this.line.stream({ name: names.shared('key'), subjects: [names.key], ...one })
    if (!(await this.proves())) throw wrongKey()
    const bounds = { max_age: NOTE_NS, max_msgs: MAX_NOTES, ...one }
    await this.line.stream({ name: names.shared('notes'), subjects: [names.notes], ...bounds })
  }
}

const wrongKey = (): SottoError =>
  SottoError.of('broker/failed', 'expected the key of the cluster that stores here, got another')
