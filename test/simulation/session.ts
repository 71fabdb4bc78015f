import type { End } from './end.js'
import { Pipe } from './pipe.js'
import type { Fault, Role, Setting } from './script.js'
import { violation } from './violation.js'

/** Delays and jumps, in ms, that no honest session notices: the least idle time is 1 s, and END is waited for as long. */
const UNNOTICED_MS = 400

/** Two ends, the bytes between them, and what was done to these that an end of the session may be blamed on. */
export class Session {
  readonly pipes: readonly [Pipe, Pipe]
  /** Those that speak now. */
  ends: readonly [End, End]
  /** Those of before a crash. */
  readonly former: End[] = []
  /** Bytes were changed, or are missing. */
  bent = false
  /** The transport was cut, or an end has vanished. */
  cut = false
  readonly #credentials: boolean
  #slowMs = 0

  constructor(ends: readonly [End, End], { latencyMs, capacity, credentials }: Setting) {
    this.ends = ends
    this.#credentials = credentials
    this.pipes = [new Pipe(latencyMs, capacity), new Pipe(latencyMs, capacity)]
  }

  get over(): boolean {
    return this.ends.every(({ isClosed, gone }) => isClosed || gone)
  }

  /** Nothing was done to it but what a good network does. */
  get sound(): boolean {
    return !this.bent && !this.cut && this.#slowMs < UNNOTICED_MS
  }

  get all(): readonly End[] {
    return [...this.former, ...this.ends]
  }

  /** An end is gone; with `silent`, the transport does not even end. */
  vanish(role: Role, silent: boolean): void {
    this.ends[role].gone = true
    this.cut = true
    if (silent) this.slow(Number.POSITIVE_INFINITY)
  }

  /** A fresh end takes the place of one that has crashed. */
  replace(role: Role, by: End): void {
    this.former.push(this.ends[role])
    this.ends = role === 0 ? [by, this.ends[1]] : [this.ends[0], by]
    this.bent = true
  }

  slow(ms: number): void {
    this.#slowMs += ms
  }

  /** Faults of the network. */
  strike(fault: Exclude<Fault, { readonly is: 'crash' | 'jump' }>, nowMs: number): void {
    const pipe = this.pipes[fault.way]
    switch (fault.is) {
      case 'lose':
        this.bent = true
        pipe.lose(fault.at, fault.silent, nowMs)
        break
      case 'duplicate':
        this.bent = true
        pipe.duplicate(fault.at, fault.length)
        break
      case 'delay':
        this.slow(fault.ms)
        pipe.delay(fault.ms, nowMs)
        break
      case 'split':
        pipe.split(fault.length)
        break
      case 'merge':
        pipe.merge()
        break
      case 'cut':
        this.cut = true
        for (const each of this.pipes) each.end(nowMs, fault.drop)
        break
      case 'flip':
        this.bent = true
        pipe.flip(fault.at, fault.bit)
    }
  }

  /** An end is over: was anything done that leads there? */
  explain(end: End): void {
    const { error } = end
    if (error === undefined) {
      this.#explainClean(end)
      return
    }
    if (this.bent || this.#slowMs >= UNNOTICED_MS || end.aborted) return
    const { peer } = end
    const lost = error.code === 'channel/truncated' || error.code === 'session/lost'
    if (lost && (this.cut || peer.error !== undefined)) return
    if (error.code === 'session/timeout' && end.torn) return
    if (error.code === 'identity/not-trusted' && this.#credentials && end.untrusted) return
    if (error.code === 'session/closed' && end.closing && end.established === undefined) return
    throw violation('spurious', `${nameOf(end.role)} ends with ${error.message}`)
  }

  /** A clean end is the peer's word, and the peer's last. */
  #explainClean({ role, peer, direction }: End): void {
    if (peer.direction.endCode !== 0 || direction.opened !== peer.direction.records)
      throw violation('truncated', `${nameOf(role)} ends clean without the END of its peer`)
  }

  /** What was sent and became of it, when both ends are over or gone. */
  settle(): void {
    for (const end of this.all) {
      if (end.gone) continue
      const clean = end.isClosed && end.error === undefined && end.peer.error === undefined && !end.peer.gone
      for (const { seq, begin, exchange, awaited, outcome, delivered, denied, told } of end.sent) {
        const what = `${begin.is} ${seq} (exchange ${exchange.id}) of ${nameOf(end.role)}`
        if (awaited && outcome === undefined) throw violation('settled', `${what} has no outcome`)
        const { is, ran } = outcome ?? { is: 'nothing', ran: 'maybe' }
        if ((ran === 'no' || told) && delivered) throw violation('ran', `${what} is delivered, and ends with ${is}`)
        if (ran === 'yes' && !delivered) throw violation('ran', `${what} never came, and ends with ${is}`)
        const known = delivered || told || denied || (outcome !== undefined && is !== 'taken')
        if (clean && !known && end.engine.state === 'closed')
          throw violation('truncated', `${what} is lost by a clean end, after ${is}`)
      }
    }
  }
}

export const nameOf = (role: Role): string => (role === 0 ? 'the initiator' : 'the responder')
