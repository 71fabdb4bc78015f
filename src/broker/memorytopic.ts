import { SottoError } from '../errors.js'
import type { BrokerSubscription, BrokerTopic, Published, Sink } from './broker.js'
import { SubjectIndex } from './memorytopicindex.js'

/** What a topic keeps of retained messages, at most. */
export interface RetainedBounds {
  readonly subjects: number
  /** Of bodies and subjects. */
  readonly bytes: number
}

export const RETAINED: RetainedBounds = { subjects: 65_536, bytes: 67_108_864 }

/** Subjects whose listeners are remembered. */
const REMEMBERED = 4_096

interface Listener {
  readonly sink: Sink
  /** Published before it listened: not for it. */
  readonly since: number
  readonly fail: (error: Error) => void
}

/** Members take turns. */
interface Group {
  members: readonly Listener[]
  turn: number
}

/** All who listen by one filter. */
interface Place {
  readonly alone: Set<Listener>
  readonly groups: Map<string, Group>
}

/** A topic in memory: each message to all who listen, the last of each subject to those who come later. */
export class MemoryTopic implements BrokerTopic {
  readonly #retain: boolean
  readonly #bounds: RetainedBounds
  readonly #places = new SubjectIndex<Place>()
  readonly #retained = new SubjectIndex<Published>()
  #retainedBytes = 0
  /** Of the subjects published last, whom to look at. */
  readonly #found = new Map<string, readonly Place[]>()
  #listeners = new Set<Listener>()
  #published = 0
  /** What the last message waited for that did for more than one. */
  #last: { readonly waits: readonly Promise<void>[]; readonly all: Promise<void> } = {
    waits: [],
    all: Promise.resolve(),
  }
  #failure: SottoError | undefined

  constructor({ retain }: { readonly retain: boolean }, bounds: RetainedBounds = RETAINED) {
    this.#retain = retain
    this.#bounds = bounds
  }

  publish(subject: string, body: Uint8Array): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const places = this.#placesOf(subject)
    if (places.length === 0 && !this.#retain) return undefined
    const message: Published = { subject, body, retained: false }
    if (this.#retain && !this.#keep(message)) {
      return Promise.reject(SottoError.of('broker/full', 'the topic retains as much as it may'))
    }
    const number = ++this.#published
    const waits: Promise<void>[] = []
    // TO-34: in the step that publishes.
    for (const place of places) hand(place, message, number, waits)
    // TO-35: until all have taken it. Mostly for none or for one, and then for no other promise than that.
    return waits.length < 2 ? waits[0] : this.#allOf(waits)
  }

  async subscribe(filter: string, sink: Sink, group?: string): Promise<BrokerSubscription> {
    if (this.#failure !== undefined) throw this.#failure
    let fail: (error: Error) => void = () => undefined
    const failed = new Promise<Error>((resolve) => {
      fail = resolve
    })
    const listener: Listener = { sink, since: this.#published, fail }
    this.#listeners.add(listener)
    const place = this.#placeAt(filter)
    if (group === undefined) place.alone.add(listener)
    else join(place, group, listener)
    // TO-33: in the step that began it, so nothing published comes before.
    if (group === undefined) for (const message of this.#retained.within(filter)) void sink(message, false)
    return { failed, end: () => this.#end(filter, listener, group) }
  }

  /** One promise for all messages in a row that wait for the same. */
  #allOf(waits: readonly Promise<void>[]): Promise<void> {
    const last = this.#last
    if (last.waits.length !== waits.length || !last.waits.every((wait, at) => wait === waits[at]))
      this.#last = { waits, all: Promise.all(waits).then(() => undefined) }
    return this.#last.all
  }

  /** TO-37: nothing is heard any more; each subscription fails with `error`. */
  close(error: SottoError): void {
    this.#failure = error
    for (const { fail } of this.#listeners) fail(error)
    this.#listeners = new Set()
    this.#found.clear()
  }

  #end(filter: string, listener: Listener, group: string | undefined): void {
    if (!this.#listeners.delete(listener)) return
    const place = this.#placeAt(filter)
    // TO-36: no message finds it any more.
    place.alone.delete(listener)
    if (group !== undefined) leave(place, group, listener)
    if (place.alone.size > 0 || place.groups.size > 0) return
    this.#places.delete(filter)
    this.#found.clear()
  }

  #placeAt(filter: string): Place {
    const known = this.#places.get(filter)
    if (known !== undefined) return known
    const place: Place = { alone: new Set(), groups: new Map() }
    this.#places.set(filter, place)
    this.#found.clear()
    return place
  }

  #placesOf(subject: string): readonly Place[] {
    const known = this.#found.get(subject)
    if (known !== undefined) return known
    // TO-39: those alone whose filters take it.
    const places = this.#places.taking(subject)
    if (this.#found.size >= REMEMBERED) this.#found.clear()
    this.#found.set(subject, places)
    return places
  }

  /** TO-38: false if there is no room for it. */
  #keep(message: Published): boolean {
    const before = this.#retained.get(message.subject)
    const bytes = this.#retainedBytes + sizeOf(message) - (before === undefined ? 0 : sizeOf(before))
    const subjects = this.#retained.size + (before === undefined ? 1 : 0)
    if (bytes > this.#bounds.bytes || subjects > this.#bounds.subjects) return false
    this.#retained.set(message.subject, { ...message, retained: true })
    this.#retainedBytes = bytes
    return true
  }
}

const sizeOf = ({ subject, body }: Published): number => subject.length + body.length

/** TO-30: to each who listens for itself, and to one of each group. */
const hand = ({ alone, groups }: Place, message: Published, number: number, waits: Promise<void>[]): void => {
  for (const { sink, since } of alone) {
    const taken = since < number ? sink(message, false) : undefined
    if (taken !== undefined && taken !== 'pass') waits.push(taken)
  }
  for (const group of groups.values()) {
    const taken = offer(group, message, true) ?? offer(group, message, false)
    if (taken instanceof Promise) waits.push(taken)
  }
}

/** In turn to each member until one does not pass (TO-31); undefined if all did. */
const offer = (group: Group, message: Published, mayPass: boolean): Promise<void> | 'taken' | undefined => {
  const { members } = group
  for (let at = 0; at < members.length; at++) {
    const turn = (group.turn + at) % members.length
    const taken = members[turn]?.sink(message, mayPass)
    if (taken === 'pass') continue
    group.turn = turn + 1
    return taken ?? 'taken'
  }
  return undefined
}

const join = ({ groups }: Place, name: string, listener: Listener): void => {
  const group = groups.get(name)
  if (group === undefined) groups.set(name, { members: [listener], turn: 0 })
  else group.members = [...group.members, listener]
}

const leave = ({ groups }: Place, name: string, listener: Listener): void => {
  const group = groups.get(name)
  if (group === undefined) return
  group.members = group.members.filter((member) => member !== listener)
  if (group.members.length === 0) groups.delete(name)
}
