import { decodeFrames, type Frame, NO_LABELS } from '../../src/session/frames.js'
import { encodeLabels, encodeSubject } from '../../src/session/framewriter.js'
import type { Limits } from '../../src/session/limits.js'
import type { Role } from './script.js'
import { deniesForm, deniesOwn, type Form, formOf, keeps } from './service.js'
import { violation } from './violation.js'

/** What a BEGIN takes of the session window beside its subject, labels and body, and an item of both windows (SE-50, SE-124). */
const CHARGE = 64

type FrameOf<Name extends Frame['is']> = Extract<Frame, { readonly is: Name }>

/** One end's part of an exchange, as its records have it. */
interface Flow {
  readonly form: Form
  /** What goes down in it are deliveries. */
  readonly standing: boolean
  /** Bytes of bodies, and what they took of the exchange's window. */
  sent: number
  charged: number
  /** The request has gone: what follows it in a stream are items. */
  whole: boolean
  pieces: boolean
  ended: boolean
}

const flowOf = ({ form, standing }: Pick<Flow, 'form' | 'standing'>): Flow => ({
  form,
  standing,
  sent: 0,
  charged: 0,
  whole: false,
  pieces: false,
  ended: false,
})

/**
 * What one end of a session has sealed, and how much of what its peer sealed it has opened: read from the plaintext of
 * each record, and held against the specification by rules that are written here a second time.
 */
export class Direction {
  readonly limits: Limits
  readonly #role: Role
  /** Of both directions of the session. */
  readonly #keys: Set<string>
  /** The number of the policy in force. */
  readonly #policy: () => number
  other: Direction
  records = 0
  opened = 0
  /** The code of the END that this end sealed. */
  endCode: number | undefined
  #key = ''
  #renewed = true
  #silent = false
  #lastBegun = 0
  /** The last exchange begun, after each record. */
  readonly #begunBy: number[] = []
  readonly #flows = new Map<number, Flow>()
  #calls = 0
  #charged = 0
  #granted: number
  readonly #grantedOf = new Map<number, number>()
  #drain: number | undefined
  #pings = 0
  rekeys = 0
  refreshes = 0

  constructor(role: Role, limits: Limits, keys: Set<string>, policy: () => number) {
    this.#role = role
    this.#policy = policy
    this.limits = limits
    this.#keys = keys
    this.#granted = limits.sessionWindow
    this.other = this
  }

  /** The last exchange of the peer that has come. */
  get arrived(): number {
    return this.other.#begunBy[this.opened - 1] ?? 0
  }

  /** This end drains now: what its DRAIN must say. */
  drains(): void {
    this.#drain ??= this.arrived
  }

  sealed(key: string, n: number, plaintext: Uint8Array): void {
    if (n !== this.records) throw violation('nonces', `record ${this.records} is sealed with the nonce ${n}`)
    if (this.#silent) throw violation('frames', 'a record after the last one')
    this.#checkKey(key)
    if (plaintext.length > this.other.limits.plaintext)
      throw violation('budget', `a record of ${plaintext.length} bytes`)
    const frames = decodeFrames(plaintext)
    const verdict = frames.length === 1 && (frames[0]?.is === 'ACCEPT' || frames[0]?.is === 'REFUSE')
    if (verdict !== (this.#role === 1 && this.records === 0)) throw violation('frames', 'a verdict out of place')
    for (const frame of frames) this.#frame(frame)
    const last = frames.at(-1)
    this.#renewed = last?.is === 'REKEY'
    if (last?.is === 'REKEY' && last.generation === 1) this.refreshes++
    else if (this.#renewed) this.rekeys++
    this.records++
    this.#begunBy.push(this.#lastBegun)
  }

  /** A key is new in its session, and serves until a REKEY says otherwise. */
  #checkKey(key: string): void {
    if (!this.#renewed && key !== this.#key) throw violation('keys', 'a key changes without a REKEY')
    if (this.#renewed && this.#keys.has(key)) throw violation('keys', 'a key after a REKEY that was in use before')
    this.#keys.add(key)
    this.#key = key
  }

  #frame(frame: Frame): void {
    switch (frame.is) {
      case 'BEGIN':
        this.#begin(frame)
        break
      case 'DATA':
        this.#data(frame)
        break
      case 'FAULT':
        this.#fault(frame)
        break
      case 'RESET':
        this.#reset(frame)
        break
      case 'CREDIT':
        this.#credit(frame)
        break
      case 'PING':
        if (frame.count !== ++this.#pings) throw violation('frames', `PING ${frame.count} in place of ${this.#pings}`)
        break
      case 'DRAIN':
        if (frame.last !== this.#drain)
          throw violation('frames', `DRAIN ${frame.last}, when ${this.#drain} was the last that had come`)
        this.#drain = Number.NaN
        break
      case 'END':
        this.endCode = frame.code
        this.#silent = true
        break
      case 'REFUSE':
        this.#silent = true
    }
  }

  #begin(frame: FrameOf<'BEGIN'>): void {
    const expected = this.#lastBegun === 0 ? this.#role + 1 : this.#lastBegun + 2
    if (frame.exchange !== expected) throw violation('frames', `exchange ${frame.exchange} in place of ${expected}`)
    this.#lastBegun = frame.exchange
    const flow = flowOf({ form: formOf(frame), standing: frame.standing })
    this.#flows.set(frame.exchange, flow)
    this.#checkPolicy(frame.exchange, flow)
    if (flow.form !== 'oneWay' && ++this.#calls > this.other.limits.exchanges)
      throw violation('budget', `${this.#calls} calls are open`)
    const labels = frame.labels === NO_LABELS ? 0 : encodeLabels(frame.labels).length
    this.#take(frame, flow, CHARGE + encodeSubject(frame.subject).length + labels, 0)
  }

  #data(frame: FrameOf<'DATA'>): void {
    const id = frame.exchange
    let flow = this.#flows.get(id)
    const theirs = this.other.#flows.get(id)
    // A reply, and an item that comes down, follow the whole of the request.
    if (flow === undefined && theirs?.whole === true) {
      flow = flowOf(theirs)
      flow.whole = flow.form === 'stream'
      this.#flows.set(id, flow)
    }
    if (flow === undefined || flow.ended) throw violation('frames', `DATA in exchange ${id}, which takes none`)
    this.#checkPolicy(id, flow)
    const mine = id % 2 === (this.#role + 1) % 2
    if (!mine && flow.standing && frame.body.length > 0 && keeps(this.#policy(), { is: 'hear' }))
      throw violation('policy', `a delivery of exchange ${id} is framed, which is denied`)
    const item = flow.form === 'stream' && flow.whole && !frame.more && (frame.body.length > 0 || flow.pieces)
    const charge = item ? CHARGE : 0
    // What goes up in what stands takes nothing of the session's window (SE-157).
    const shared = mine && flow.standing && flow.whole ? -frame.body.length : charge
    this.#take(frame, flow, shared, charge)
  }

  /** What stands now is framed, and nothing else; an end that says no more is no message. */
  #checkPolicy(exchange: number, { form }: Flow): void {
    const mine = exchange % 2 === (this.#role + 1) % 2
    if (mine ? deniesOwn(this.#policy(), form) : deniesForm(this.#policy(), form))
      throw violation('policy', `something of exchange ${exchange} is framed, which is denied`)
  }

  /** Both windows, as far as the peer has raised them: what is not announced must not be used. */
  #take({ exchange, body, end, more }: FrameOf<'BEGIN' | 'DATA'>, flow: Flow, session: number, own: number): void {
    this.#charged += session + body.length
    flow.sent += body.length
    flow.charged += own + body.length
    flow.pieces = more
    if (!more) flow.whole = true
    if (this.#charged > this.other.#granted)
      throw violation('budget', `${this.#charged - this.other.#granted} bytes over the session window`)
    const granted = this.other.#grantedOf.get(exchange) ?? this.other.limits.exchangeWindow
    if (flow.charged > granted)
      throw violation('budget', `${flow.charged - granted} bytes over the window of exchange ${exchange}`)
    if (end) this.#end(exchange, flow)
  }

  #fault({ exchange }: FrameOf<'FAULT'>): void {
    const theirs = this.other.#flows.get(exchange)
    if (theirs === undefined) throw violation('frames', `FAULT in exchange ${exchange}, which never began`)
    const flow = this.#flows.get(exchange) ?? flowOf(theirs)
    if (flow.ended) throw violation('frames', `FAULT in exchange ${exchange}, which was answered`)
    this.#flows.set(exchange, flow)
    this.#end(exchange, flow)
  }

  #reset({ exchange, size }: FrameOf<'RESET'>): void {
    const flow = this.#flows.get(exchange)
    if (flow === undefined || flow.ended) throw violation('frames', `RESET of exchange ${exchange}, which had ended`)
    if (flow.sent !== size)
      throw violation('frames', `RESET of exchange ${exchange} says ${size} bytes, and ${flow.sent} were sent`)
    this.#end(exchange, flow)
  }

  /** At least a quarter of the window above the last, at most a window above what was sent (SE-51). */
  #credit({ exchange, limit }: FrameOf<'CREDIT'>): void {
    const session = exchange === 0
    const window = session ? this.limits.sessionWindow : this.limits.exchangeWindow
    const last = session ? this.#granted : (this.#grantedOf.get(exchange) ?? window)
    const sent = session ? this.other.#charged : (this.other.#flows.get(exchange)?.charged ?? 0)
    if (limit < last + window / 4 || limit > sent + window)
      throw violation('credit', `credit of ${limit} after ${last}, when ${sent} were sent`)
    if (session) this.#granted = limit
    else this.#grantedOf.set(exchange, limit)
  }

  #end(exchange: number, flow: Flow): void {
    flow.ended = true
    const theirs = this.other.#flows.get(exchange)
    if (flow.form === 'oneWay' || theirs?.ended !== true) return
    const begun = exchange % 2 === this.other.#role ? this : this.other
    begun.#calls--
  }
}
