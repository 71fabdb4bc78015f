import { type AuditLine, broken, type LineRecord } from './auditline.js'
import { type Life, livesOf, MAX_SESSIONS, tooMany, type Unsaid, unsaidBy } from './lives.js'

/** AU-14: decisions of open sessions that wait for their partner, of both logs together, at most: some 100 MB. */
export const MAX_UNPAIRED = 262_144

/** One of the two logs. */
export type Side = 'a' | 'b'

/** A decision, as one log has it. */
export interface Act {
  readonly session: string
  readonly decision: string
  readonly direction: 'in' | 'out'
  readonly verb: string
  readonly address: string
  readonly bytes: number
  readonly effect: 'allow' | 'deny'
  /** Of a deny. */
  readonly why?: string
  readonly rules: readonly string[]
}

/** Where the two logs do not agree; `by` is the log that tells of `act` (AU-11, AU-12). */
export type Finding =
  /** A session with the other end that the other log does not know. */
  | {
      readonly kind: 'alone'
      readonly by: Side
      readonly session: string
      readonly peer: string
      readonly decisions: number
    }
  /** Sent, and denied by the other end; or sent and taken as something else. `other` is what the other log tells. */
  | { readonly kind: 'refused' | 'different'; readonly by: Side; readonly act: Act; readonly other: Act }
  /** Sent, and never decided by the other end, whose session ended like that. */
  | { readonly kind: 'missing'; readonly by: Side; readonly act: Act; readonly ended: string | null }
  /** Decided, and never sent by the other end: its log is not whole, or someone else spoke in its name. */
  | { readonly kind: 'unsent'; readonly by: Side; readonly act: Act }
  /** The other log does not tell, and does not claim to. */
  | { readonly kind: 'lost'; readonly by: Side; readonly act: Act; readonly unsaid: Unsaid }

/** What two logs have in common. */
export interface Common {
  /** Sessions that both tell of. */
  readonly sessions: number
  /** Messages that both tell of, alike or not. */
  readonly paired: number
  /** Sessions with others, which are no matter of the other log. */
  readonly elsewhere: { readonly [S in Side]: number }
}

const OTHER = { a: 'b', b: 'a' } as const
const SIDES = ['a', 'b'] as const
const LIMITS = { sessions: MAX_SESSIONS, unpaired: MAX_UNPAIRED }

/**
 * AU-10: compares the logs of two ends by decision id. Each is read twice: once for its sessions, and once for its decisions, in
 * turn with the other. Decisions that have met are forgotten, and those of a session when both have told its end.
 *
 * @param a gives the lines of one log, from the first, each time it is called; unchecked: `AuditCheck` is what verifies them
 * @throws SottoError audit/broken on a record that is not whole, audit/limit
 */
export function* reconcile(
  a: () => Iterable<AuditLine>,
  b: () => Iterable<AuditLine>,
  limits = LIMITS,
): Generator<Finding, Common> {
  const lives = { a: livesOf(a(), limits), b: livesOf(b(), limits) }
  const elsewhere = yield* aloneIn(lives)
  const pairing = new Pairing(lives, limits.unpaired)
  yield* pairing.read({ a: a()[Symbol.iterator](), b: b()[Symbol.iterator]() })
  const sessions = [...lives.a.keys()].filter((session) => lives.b.has(session)).length
  return { sessions, paired: pairing.paired, elsewhere }
}

type Lives = { readonly [S in Side]: ReadonlyMap<string, Life> }

/** AU-13: what a log tells of sessions with those who are not the other end is no matter of the other log. */
function* aloneIn(lives: Lives): Generator<Finding, Common['elsewhere']> {
  const elsewhere = { a: 0, b: 0 }
  for (const by of SIDES) {
    const other = lives[OTHER[by]]
    const shared = [...lives[by]].filter(([session]) => other.has(session))
    const peers = new Set(shared.map(([, { peer }]) => peer))
    for (const [session, { peer, decisions }] of lives[by]) {
      if (other.has(session)) continue
      if (peers.size === 0 || peers.has(peer)) yield { kind: 'alone', by, session, peer, decisions }
      else elsewhere[by]++
    }
  }
  return elsewhere
}

/** Of one session: the acts of each log that have not met their partner, by sender and decision id. */
interface Waiting {
  readonly acts: { readonly [S in Side]: Map<string, Act> }
  readonly closed: Set<Side>
}

class Pairing {
  readonly #lives: Lives
  readonly #most: number
  readonly #waiting = new Map<string, Waiting>()
  readonly #unpaired = { a: 0, b: 0 }
  paired = 0

  constructor(lives: Lives, most: number) {
    this.#lives = lives
    this.#most = most
  }

  /** The log with fewer that wait is read, so that neither runs ahead, whatever their clocks say. */
  *read(logs: { readonly [S in Side]: Iterator<AuditLine> }): Generator<Finding> {
    const open = new Set<Side>(SIDES)
    try {
      while (open.size > 0) {
        const behind: Side = this.#unpaired.a <= this.#unpaired.b ? 'a' : 'b'
        const side = open.has(behind) ? behind : OTHER[behind]
        const { done, value } = logs[side].next()
        if (done === true) open.delete(side)
        else yield* this.#take(side, value)
        if (this.#unpaired.a + this.#unpaired.b > this.#most)
          throw tooMany(`${this.#most} decisions of open sessions without a partner`)
      }
    } finally {
      for (const side of SIDES) logs[side].return?.()
    }
    for (const [session, waiting] of this.#waiting) yield* this.#leave(session, waiting)
  }

  *#take(side: Side, { seq, record }: AuditLine): Generator<Finding> {
    if (record.kind !== 'decided' && record.kind !== 'closed') return
    const session = String(record.session)
    if (!this.#lives.a.has(session) || !this.#lives.b.has(session)) return
    const waiting = this.#waiting.get(session) ?? { acts: { a: new Map(), b: new Map() }, closed: new Set() }
    this.#waiting.set(session, waiting)
    if (record.kind === 'decided') yield* this.#meet(side, actOf(record, session, seq), waiting)
    else if (waiting.closed.add(side).size === 2) yield* this.#leave(session, waiting)
  }

  *#meet(side: Side, act: Act, { acts }: Waiting): Generator<Finding> {
    // AU-11: what was never sent has no partner, and the initiation is told by `opened`.
    if ((act.direction === 'out' && act.effect === 'deny') || act.verb === 'initiate' || isDelivery(act)) return
    const key = `${act.direction === 'out' ? side : OTHER[side]} ${act.decision}`
    const partner = acts[OTHER[side]].get(key)
    if (partner === undefined) {
      if (acts[side].has(key)) yield this.#leftover(side, act)
      else {
        acts[side].set(key, act)
        this.#unpaired[side]++
      }
      return
    }
    acts[OTHER[side]].delete(key)
    this.#unpaired[OTHER[side]]--
    this.paired++
    yield* act.direction === 'out' ? compared(side, act, partner) : compared(OTHER[side], partner, act)
  }

  /** Nothing more comes of the session. */
  *#leave(session: string, { acts }: Waiting): Generator<Finding> {
    this.#waiting.delete(session)
    for (const side of SIDES) {
      this.#unpaired[side] -= acts[side].size
      for (const act of acts[side].values()) yield this.#leftover(side, act)
    }
  }

  #leftover(by: Side, act: Act): Finding {
    const life = this.#lives[OTHER[by]].get(act.session)
    const unsaid = life === undefined ? 'unopened' : unsaidBy(life)
    if (unsaid !== undefined) return { kind: 'lost', by, act, unsaid }
    return act.direction === 'in'
      ? { kind: 'unsent', by, act }
      : { kind: 'missing', by, act, ended: life?.ended ?? null }
  }
}

/** AU-39: of what stands the request alone has the index 0, and nothing else of it is told by both. */
const isDelivery = ({ direction, verb, decision }: Act): boolean =>
  direction === 'in' && (verb === 'subscribe' || verb === 'consume') && !decision.endsWith('.0')

/** AU-12: the size of what was denied may be that of what had come. */
function* compared(by: Side, act: Act, other: Act): Generator<Finding> {
  const denied = other.effect === 'deny'
  const alike = act.verb === other.verb && act.address === other.address && (denied || act.bytes === other.bytes)
  if (!alike) yield { kind: 'different', by, act, other }
  else if (denied) yield { kind: 'refused', by, act, other }
}

const actOf = (record: LineRecord, session: string, line: number): Act => {
  const { decision, direction, verb, address, bytes, effect, why, rules } = record
  if (
    typeof decision !== 'string' ||
    (direction !== 'in' && direction !== 'out') ||
    typeof verb !== 'string' ||
    typeof address !== 'string' ||
    typeof bytes !== 'number' ||
    (effect !== 'allow' && effect !== 'deny') ||
    !Array.isArray(rules) ||
    !rules.every((rule) => typeof rule === 'string')
  )
    throw broken(line, 'expected a whole decision')
  const act: Act = { session, decision, direction, verb, address, bytes, effect, rules }
  return typeof why === 'string' ? { ...act, why } : act
}
