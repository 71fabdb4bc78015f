import { START } from '../contract/flow.js'
import { now } from '../link/pump.js'
import type { Session } from '../link/session.js'

type PeerId = Session['peer']['id']

/** How many conversations a service keeps, and for how long. */
export interface InstanceLimits {
  /** Of all peers together; 65,536 if omitted. */
  readonly most?: number
  /** Of one peer, over all its sessions; 1,024 if omitted. */
  readonly perPeer?: number
  /** How long one is kept in which no step comes, in ms; 3,600,000 if omitted. */
  readonly idleMs?: number
}

/** CV-20. The rationale in spec/conversations.md has the arithmetic. */
const DEFAULTS: Required<InstanceLimits> = { most: 65_536, perPeer: 1_024, idleMs: 3_600_000 }

/** Node fires a timer of over 2^31-1 ms at once: look once a day at least. */
const LONGEST_MS = 86_400_000

/** A conversation of a service: of one peer, under one key. What waits in it are steps. */
export class Instance<Step> {
  readonly peer: PeerId
  readonly key: string
  /** CV-9: where the last step that committed has led. */
  state = START
  /** CV-10: the state behind all steps that wait, if all of them commit; undefined until somebody asks. */
  tentative: string | undefined = START
  /** What the service keeps of it, from its first step on. */
  kept: { readonly value: unknown } | undefined
  /** Steps without an outcome, in the order they came; the first may be with its handler. */
  readonly steps = new Set<Step>()
  /** When its last step had its outcome, in ms of the clock. */
  idleAtMs = 0

  constructor(peer: PeerId, key: string) {
    this.peer = peer
    this.key = key
  }
}

/** The conversations of a service: bounded in number, and each in how long nothing happens in it. */
export class Instances<Step> {
  readonly #limits: Required<InstanceLimits>
  /** CV-22: each peer has its own. */
  readonly #byPeer = new Map<PeerId, Map<string, Instance<Step>>>()
  /** Those without a step, the one that has been so for longest first. */
  readonly #idle = new Set<Instance<Step>>()
  #count = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @throws RangeError if a limit is not a whole number of 1 or more */
  constructor(limits: InstanceLimits) {
    this.#limits = { ...DEFAULTS, ...limits }
    for (const [name, value] of Object.entries(this.#limits))
      if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`expected ${name} of 1 or more, got ${value}`)
  }

  /** How many there are: those that are kept, and those whose first step has no outcome. */
  get count(): number {
    return this.#count
  }

  find(peer: PeerId, key: string, nowMs: number): Instance<Step> | undefined {
    this.#expire(nowMs)
    return this.#byPeer.get(peer)?.get(key)
  }

  /** CV-20: whether one more of `peer` may be added. */
  hasRoom(peer: PeerId): boolean {
    return (this.#byPeer.get(peer)?.size ?? 0) < this.#limits.perPeer && this.#count < this.#limits.most
  }

  /** A new one; undefined if there is no room. */
  add(peer: PeerId, key: string): Instance<Step> | undefined {
    if (!this.hasRoom(peer)) return undefined
    const own = this.#byPeer.get(peer) ?? new Map<string, Instance<Step>>()
    const instance = new Instance<Step>(peer, key)
    this.#byPeer.set(peer, own.set(key, instance))
    this.#count++
    return instance
  }

  /** A step waits in it. */
  wake(instance: Instance<Step>): void {
    this.#idle.delete(instance)
  }

  /** No step waits in it any more: it is kept for a while if it has begun, and forgotten if not. */
  rest(instance: Instance<Step>): void {
    if (instance.kept === undefined) {
      this.#remove(instance)
      return
    }
    instance.idleAtMs = now()
    this.#idle.add(instance)
    if (this.#timer === undefined) this.#arm(this.#limits.idleMs)
  }

  /** CV-21 */
  #expire(nowMs: number): void {
    for (const instance of this.#idle) {
      if (nowMs - instance.idleAtMs < this.#limits.idleMs) return
      this.#idle.delete(instance)
      this.#remove(instance)
    }
  }

  /** Whether anybody asks or not, what is over is let go. */
  #arm(ms: number): void {
    this.#timer = unheld(setTimeout(() => this.#wake(), Math.min(ms, LONGEST_MS)))
  }

  #wake(): void {
    this.#timer = undefined
    const nowMs = now()
    this.#expire(nowMs)
    const [first] = this.#idle
    if (first !== undefined) this.#arm(Math.max(first.idleAtMs + this.#limits.idleMs - nowMs, 1))
  }

  #remove({ peer, key }: Instance<Step>): void {
    const own = this.#byPeer.get(peer)
    if (own?.delete(key) !== true) return
    this.#count--
    if (own.size === 0) this.#byPeer.delete(peer)
  }
}

/** What is kept here keeps no program running, where timers do. */
const unheld = (timer: ReturnType<typeof setTimeout>): ReturnType<typeof setTimeout> => {
  if (typeof timer === 'object') timer.unref()
  return timer
}
