import { END, expectedIn, type Flow, nextState, START } from '../contract/flow.js'
import type { Incoming, Served } from '../link/face.js'
import type { Session } from '../link/session.js'
import { type Instance, type InstanceLimits, Instances } from './instances.js'

type Peer = Session['peer']
type Conversations = NonNullable<Served['conversations']>
type Route = Parameters<Conversations['enter']>[0]
type Step = NonNullable<Incoming['step']>
type Peeked = ReturnType<Conversations['peek']>
type Misstep = Extract<ReturnType<Conversations['enter']>, { readonly is: 'misstep' }>

/** What a service keeps of a conversation, made when its first step is to be handled. */
export type MakeInstance = (key: string, peer: Peer) => unknown

/** The conversations of one service (spec/conversations.md), which outlive the sessions they come in. */
export class ServiceConversations implements Conversations {
  readonly #flow: Flow
  readonly #make: MakeInstance
  readonly #instances: Instances<Turn>

  /** @throws RangeError if a limit is not a whole number of 1 or more */
  constructor(flow: Flow, make: MakeInstance, limits: InstanceLimits) {
    this.#flow = flow
    this.#make = make
    this.#instances = new Instances(limits)
  }

  /** How many there are of all peers. */
  get count(): number {
    return this.#instances.count
  }

  peek({ row }: Route, peer: Peer, key: string, nowMs: number): Peeked {
    const found = this.#instances.find(peer.id, key, nowMs)
    const state = tentative(found)
    const leads = nextState(this.#flow, state, row.name) !== undefined
    return { state, mayCome: leads && (found !== undefined || this.#instances.hasRoom(peer.id)) }
  }

  enter(route: Route, peer: Peer, key: string, nowMs: number): Step | Misstep {
    const found = this.#instances.find(peer.id, key, nowMs)
    const state = tentative(found)
    const operation = route.row.name
    // CV-11
    const to = nextState(this.#flow, state, operation)
    if (to === undefined) return misstep(this.#flow, state)
    const instance = found ?? this.#instances.add(peer.id, key)
    // CV-20: nothing may come there now, which no state of a flow says.
    if (instance === undefined) return { is: 'misstep', state, expected: [] }
    this.#instances.wake(instance)
    instance.tentative = wrapped(to)
    const turn = new Turn(
      { flow: this.#flow, instance, from: state, to },
      () => this.#make(key, peer),
      () => this.#instances.rest(instance),
    )
    instance.steps.add(turn)
    return turn
  }
}

/** CV-10: the state of a conversation once every step before has its turn, if all of them commit. */
const tentative = (instance: Instance<Turn> | undefined): string => {
  if (instance === undefined) return START
  if (instance.tentative === undefined) {
    let { state } = instance
    for (const turn of instance.steps) state = turn.after(state)
    instance.tentative = state
  }
  return instance.tentative
}

/** CV-13: behind the last step is the first of another conversation. */
const wrapped = (next: string): string => (next === END ? START : next)

const misstep = (flow: Flow, state: string): Misstep => ({ is: 'misstep', state, expected: expectedIn(flow, state) })

/** What a step is a step of. */
interface Place {
  readonly flow: Flow
  readonly instance: Instance<Turn>
  /** The state that its rules were asked about, and where it leads from there. */
  readonly from: string
  readonly to: string
}

/** What becomes of a step, as spec/conversations.md has it. */
export type StepState = 'waiting' | 'handled' | 'committed' | 'left' | 'refused' | 'dropped'

/** A step: it waits for those before it, then is with its handler, then is over. */
export class Turn implements Step {
  readonly is = 'step'
  readonly #place: Place
  readonly #make: () => unknown
  readonly #rest: () => void
  #state: StepState = 'waiting'
  #succeeded = false
  #kept: Instance<Turn>['kept']
  /** Tells who waits: true if its turn has come, false if it was dropped. */
  #told: ((came: boolean) => void) | undefined

  constructor(place: Place, make: () => unknown, rest: () => void) {
    this.#place = place
    this.#make = make
    this.#rest = rest
  }

  /** The state behind it, of a conversation that is in `state` before it: it is refused in all but one (CV-14). */
  after(state: string): string {
    return state === this.#place.from ? wrapped(this.#place.to) : state
  }

  /** What the service keeps of the conversation. */
  get instance(): unknown {
    return this.#kept?.value
  }

  get state(): StepState {
    return this.#state
  }

  /** CV-12: true at once if no step is before it; in time, once there is none, or false if it was dropped. */
  comes(signal: () => AbortSignal): true | Promise<boolean> {
    const [first] = this.#place.instance.steps
    if (first === this) return true
    if (this.#state !== 'waiting') return Promise.resolve(false)
    return new Promise((resolve) => {
      const given = signal()
      const drop = (): void => this.drop()
      this.#told = (came) => {
        given.removeEventListener('abort', drop)
        resolve(came)
      }
      given.addEventListener('abort', drop, { once: true })
      if (given.aborted) drop()
    })
  }

  /** Its turn has come: undefined if it may go on, or why it may not, and then it is over (CV-14). */
  begin(): Misstep | undefined {
    const { flow, instance, from } = this.#place
    if (this.#state !== 'waiting') return undefined
    if (instance.state === from) {
      this.#state = 'handled'
      return undefined
    }
    this.#leave('refused')
    return misstep(flow, instance.state)
  }

  /** CV-18: makes what the service keeps, of a first step. Its handler does not run without (CV-19). @throws whatever the service's `instance` throws */
  open(): void {
    this.#kept = this.#place.instance.kept ?? { value: this.#make() }
  }

  /** Its handler has done it; it commits when it is ended. */
  succeeded(): void {
    this.#succeeded = true
  }

  /** What its handler did cannot be told: it does not commit. */
  failed(): void {
    this.#succeeded = false
  }

  /** CV-15, CV-16: its handler is done and what came of it is known, so the next has its turn. */
  end(): void {
    if (this.#state === 'handled') this.#leave(this.#succeeded ? 'committed' : 'left')
  }

  /** CV-17: as if it had not come. */
  drop(): void {
    if (this.#state !== 'waiting') return
    const told = this.#told
    this.#leave('dropped')
    told?.(false)
  }

  #leave(as: StepState): void {
    this.#state = as
    const { instance, to } = this.#place
    if (as === 'committed') {
      instance.state = wrapped(to)
      instance.kept = to === END ? undefined : this.#kept
    } else instance.tentative = undefined
    instance.steps.delete(this)
    const [first] = instance.steps
    if (first === undefined) this.#rest()
    else first.#come()
  }

  #come(): void {
    const told = this.#told
    this.#told = undefined
    told?.(true)
  }
}
