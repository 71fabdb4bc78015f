import { Random } from '../random.js'
import { Agenda } from './agenda.js'
import type { Asked } from './asked.js'
import { Direction } from './direction.js'
import { End } from './end.js'
import { Agreed, Ledger, watched } from './keyring.js'
import { Process } from './process.js'
import { checkBudgets, checkHeld, checkOver, checkQuiet } from './quiet.js'
import { FAULTS, type Fault, type Role, type Script, type Step } from './script.js'
import { Session } from './session.js'
import { emptyTally, type Tally } from './tally.js'
import { Violation, violation } from './violation.js'

/** Of a script; more, and what is left of it finds no session. */
const MAX_SESSIONS = 4
/** Records that an end may write in one go. */
const MAX_BURST = 10_000
/** In which every wait ends: the handshake's 10 s, and the longest idle time, with the time of a close behind it. */
const LONGEST_MS = 13_000
/** Steps from one measure of what is held to the next. */
const HELD_EVERY = 7
const ROLES = [0, 1] as const

type CrashOf = Extract<Fault, { readonly is: 'crash' }>

/** All there is in a simulation: a clock, two processes, and their sessions, one after another. */
export class World {
  readonly #script: Script
  readonly #wrote: (bytes: Uint8Array) => void
  readonly #random: Random
  readonly #ledger = new Ledger()
  readonly #agreed = new Agreed()
  readonly #agenda = new Agenda()
  readonly #processes: [Process, Process]
  readonly #asked: Asked<End>[] = []
  readonly #sessions: Session[] = []
  readonly #tally = emptyTally()
  #nowMs = 0

  private constructor(script: Script, wrote: (bytes: Uint8Array) => void) {
    this.#script = script
    this.#wrote = wrote
    this.#random = new Random(script.seed, 2)
    this.#processes = [new Process(0, script.setting, 0), new Process(1, script.setting, 1_000)]
  }

  /** What it came to; `wrote` is told of all bytes that either end writes. @throws Violation */
  static run(script: Script, wrote: (bytes: Uint8Array) => void = () => undefined): Tally {
    const world = new World(script, wrote)
    try {
      for (const [index, step] of script.steps.entries()) {
        world.#step(step)
        world.#check(index % HELD_EVERY === 0)
      }
      world.#finish()
    } catch (error) {
      if (error instanceof Violation) throw error
      // Whatever else is thrown is a defect of the engine, or of the simulation.
      throw violation('defect', error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
    return world.#tally
  }

  #step(step: Step): void {
    const session = this.#session()
    if (step.is === 'run') this.#pass(step.ms)
    else this.#act(step, session)
    this.#turn()
  }

  #check(held: boolean): void {
    for (const { ends } of this.#sessions)
      for (const end of ends) {
        end.check()
        checkBudgets(end)
        if (held) checkHeld(end)
      }
  }

  #act(step: Exclude<Step, { readonly is: 'run' }>, session: Session): void {
    const name = FAULTS.find((fault) => fault === step.is)
    if (name !== undefined) this.#tally.faults[name]++
    switch (step.is) {
      case 'call':
      case 'note':
      case 'talk':
      case 'tube':
      case 'job':
      case 'post':
      case 'hear':
        for (let i = 0; i < step.times; i++) session.ends[step.by].begin(step)
        break
      case 'cancel':
        session.ends[step.by].cancel(step.which)
        break
      case 'ping':
        session.ends[step.by].ping()
        break
      case 'renew':
        this.#renew(step.by, session)
        break
      case 'policy':
        this.#processes[step.by].replace(step.to)
        for (const { ends } of this.#sessions) ends[step.by].narrow()
        break
      case 'close':
        session.ends[step.by].close(step.ms)
        break
      case 'abort':
        session.ends[step.by].abort()
        break
      case 'crash':
        this.#crash(step, session)
        break
      case 'jump':
        for (const each of this.#sessions) each.slow(step.ms)
        this.#processes[step.by].skewMs += step.ms
        break
      default:
        session.strike(step, this.#nowMs)
    }
  }

  #renew(by: Role, { ends }: Session): void {
    const process = this.#processes[by]
    const { next } = process
    if (next !== undefined && ends[by].renew(next)) process.renewed()
  }

  /** The session of now: a new one if the initiator has none any more. */
  #session(): Session {
    const last = this.#sessions.at(-1)
    if (last === undefined) return this.#open()
    const { isClosed, gone } = last.ends[0]
    return (isClosed || gone) && this.#sessions.length < MAX_SESSIONS ? this.#open() : last
  }

  #open(): Session {
    const keys = new Set<string>()
    const ends = [this.#start(0, keys), this.#start(1, keys)] as const
    meet(ends[0], ends[1])
    meet(ends[1], ends[0])
    const session = new Session(ends, this.#script.setting)
    this.#sessions.push(session)
    this.#tally.sessions++
    return session
  }

  #start(role: Role, keys: Set<string>): End {
    const process = this.#processes[role]
    const direction = new Direction(role, process.limits, keys, () => process.policy)
    const provider = watched(this.#script.setting.provider, this.#random, this.#ledger, this.#agreed, {
      sealed: (key, n, plaintext) => direction.sealed(key, n, plaintext),
      opened: () => {
        direction.opened++
      },
    })
    return new End(role, process.start(provider, this.#nowOf(role)), direction, {
      asked: this.#asked,
      nowMs: () => this.#nowOf(role),
      policy: () => process.policy,
      after: (ms, act) => this.#agenda.add(this.#nowMs + ms, act),
      opened: (end) => this.#opened(end),
      closed: (end) => this.#closed(end),
    })
  }

  /** A process vanishes without a word, and with it its end of every session. */
  #crash({ by, after }: CrashOf, session: Session): void {
    const end = session.ends[by]
    if (end.gone) return
    this.#processes[by] = new Process(by, this.#script.setting, this.#processes[by].skewMs)
    for (const each of this.#sessions) {
      if (each.over) continue
      each.vanish(by, after !== 'reset')
      if (after === 'reset') each.pipes[by].end(this.#nowMs, false)
    }
    if (after !== 'successor') return
    // What the new one writes and reads was meant for nobody, or was meant for the old one.
    const next = this.#start(by, new Set())
    meet(next, end.peer)
    session.replace(by, next)
  }

  /** Who answered the initiator is known when they have agreed: after a crash there are two it could be. */
  #opened(end: End): void {
    this.#tally.established++
    if (end.role === 1) return
    const session = this.#sessionOf(end)
    const peer = session.all.find(({ role, established }) => role === 1 && established?.id === end.established?.id)
    if (peer === undefined) throw violation('unsent', 'a session with nobody')
    meet(end, peer)
    meet(peer, end)
  }

  #closed(end: End): void {
    if (end.error === undefined) this.#tally.clean++
    this.#sessionOf(end).explain(end)
  }

  #sessionOf(end: End): Session {
    const session = this.#sessions.find(({ all }) => all.includes(end))
    if (session === undefined) throw new RangeError('expected an end of a session')
    return session
  }

  /** Time goes by, from one thing that happens to the next. */
  #pass(ms: number): void {
    const until = this.#nowMs + ms
    this.#turn()
    for (let at = this.#nextAt(); at <= until; at = this.#nextAt()) {
      this.#nowMs = Math.max(this.#nowMs, at)
      this.#turn()
    }
    this.#nowMs = until
  }

  #nextAt(): number {
    let at = this.#agenda.atMs
    for (const { ends, pipes } of this.#sessions)
      for (const role of ROLES) at = Math.min(at, pipes[role].atMs, ends[role].wakeAt - this.#processes[role].skewMs)
    return at
  }

  /** All that is due now. */
  #turn(): void {
    this.#agenda.run(this.#nowMs)
    for (const session of this.#sessions) {
      for (const role of ROLES) this.#wake(session.ends[role])
      for (const role of ROLES) this.#carry(session, role)
      for (const role of ROLES) this.#flush(session, role)
    }
  }

  #wake(end: End): void {
    while (end.wakeAt <= this.#nowOf(end.role)) end.wake()
  }

  /** What has arrived on this way. */
  #carry({ ends, pipes }: Session, way: Role): void {
    const end = ends[way === 0 ? 1 : 0]
    const nowMs = this.#nowOf(end.role)
    for (let chunk = pipes[way].arrive(this.#nowMs); chunk !== undefined; chunk = pipes[way].arrive(this.#nowMs)) {
      if (end.gone || end.isClosed) continue
      if (chunk.bytes === undefined) end.engine.ended()
      else end.engine.receive(chunk.bytes, nowMs)
      end.drain()
    }
  }

  /** What an end has to write, as far as the transport takes it. When the session is over, the transport ends. */
  #flush({ ends, pipes }: Session, role: Role): void {
    const end = ends[role]
    if (end.gone) return
    end.drain()
    const pipe = pipes[role]
    for (let burst = 0; pipe.room || end.isClosed; burst++) {
      if (burst > MAX_BURST) throw violation('progress', 'an end writes and writes')
      const bytes = end.engine.take(this.#nowOf(role))
      end.drain()
      if (bytes === undefined) break
      this.#wrote(bytes)
      pipe.write(bytes, this.#nowMs)
    }
    if (end.isClosed) pipe.end(this.#nowMs, false)
  }

  /** The clock of a process. */
  #nowOf(role: Role): number {
    return this.#nowMs + this.#processes[role].skewMs
  }

  /** Everything that was begun comes to its end, then the sessions do. */
  #finish(): void {
    for (let round = 0; round < 2 || (round < 200 && this.#busy); round++) {
      for (const end of this.#live) end.finish()
      this.#pass(50)
    }
    this.#check(true)
    const last = this.#sessions.at(-1)
    if (last?.sound === true) checkQuiet(last)
    const { closes } = this.#script.setting
    // Half of the sessions that were harmed find that out by themselves.
    if (closes !== 'both' && last?.sound !== true) this.#pass(LONGEST_MS)
    for (const end of this.#live) if (closes === 'both' || closes === end.role) end.close(5_000)
    this.#pass(LONGEST_MS)
    for (const end of this.#live) throw violation('settled', `an end is ${end.engine.state} for ever`)
    for (const session of this.#sessions) {
      session.settle()
      checkOver(session)
    }
    this.#tally.messages = this.#asked.filter(({ delivered }) => delivered).length
    for (const { all } of this.#sessions)
      for (const { direction, renewals } of all) {
        this.#tally.records += direction.records
        this.#tally.rekeys += direction.rekeys
        this.#tally.refreshes += direction.refreshes
        this.#tally.renewals += renewals
      }
  }

  get #live(): readonly End[] {
    return this.#sessions.flatMap(({ ends }) => ends.filter(({ isClosed, gone }) => !isClosed && !gone))
  }

  get #busy(): boolean {
    const moving = this.#sessions.some(
      ({ over, pipes }) => !over && pipes.some(({ atMs }) => atMs < Number.POSITIVE_INFINITY),
    )
    return moving || this.#live.some((end) => end.busy)
  }
}

const meet = (end: End, peer: End): void => {
  end.peer = peer
  end.direction.other = peer.direction
}
