import { toHex } from '../../src/bytes.js'
import { encode, type Wire } from '../../src/cbor.js'
import type { Provider } from '../../src/crypto/provider.js'
import { ERRORS, type ErrorCode } from '../../src/errors.js'
import { operationsOf } from '../../src/kit/kitcontract.js'
import { Opened, type Outcome } from '../../src/kit/opened.js'
import { hexOf } from '../hex.js'
import type { Opening, TrafficItem, Vectors } from '../schema.js'

type Accepted = Vectors<'traffic'>['accepted'][number]
type Refused = Vectors<'traffic'>['refused'][number]
export type Play = (provider: Provider) => Accepted
export type Refuse = (provider: Provider) => Refused
/** What is to be let through, and what is not. */
export interface Cases {
  readonly accepted: readonly Play[]
  readonly refused: readonly Refuse[]
}

export const CORE = operationsOf(['core'])
export const WHOLE = operationsOf(['core', 'messaging'])

/** What a vector says beside its script; the rest is as usual. */
export type Over = Partial<Omit<Opening, 'script'>>

const opening = (over: Over, script: readonly TrafficItem[]): Opening => ({
  role: 'responder',
  operations: [...CORE],
  own: {},
  peer: {},
  ...over,
  script: [...script],
})

/** What is let through, and all that is learnt from it. The session is open behind it, or over and `clean`. */
export const fine =
  (rule: string, name: string, script: readonly TrafficItem[], over: Over = {}, closed?: 'clean'): Play =>
  (provider) => {
    const opened = opening(over, script)
    const outcome = Opened.play(opened, provider)
    const seen = outcome.closed === undefined ? undefined : (outcome.closed.error?.code ?? 'clean')
    if (seen !== closed)
      throw new TypeError(`${rule} ${name}: expected ${closed ?? 'an open session'}, got ${shown(outcome)}`)
    return { name, rule, ...levelOf(over), ...opened, events: [...outcome.events], says: [...outcome.says] }
  }

/** What ends the session with `code`, by the last item of the script. */
export const wrong =
  (rule: string, name: string, code: ErrorCode, script: readonly TrafficItem[], over: Over = {}): Refuse =>
  (provider) => {
    const opened = opening(over, script)
    const outcome = Opened.play(opened, provider)
    const { closed, end } = outcome
    const last = script.length - 1
    // Before a session is open nothing is said, and nothing behind an END.
    const isQuiet = over.waits === true || (end !== undefined && end.at < last)
    const said = end?.at === last ? end.code : 0
    if (closed?.error?.code !== code || closed.at !== last || said !== (isQuiet ? 0 : ERRORS[code].wire))
      throw new TypeError(`${rule} ${name}: expected ${code} at the end, got ${shown(outcome)}`)
    return { name, code, rule, ...levelOf(over), ...opened }
  }

const levelOf = ({ policy }: Over): { readonly level?: 'policy' } => (policy === undefined ? {} : { level: 'policy' })

const shown = ({ closed, end, events, says }: Outcome): string => JSON.stringify({ at: closed?.at, end, events, says })

/** The record of these frames. */
export const record = (...frames: readonly Uint8Array[]): TrafficItem => ({ record: hexOf(...frames) })

export const hexOfWire = (value: Wire): string => toHex(encode(value))

/** The same with as much as may be, and with one more. */
export interface Edge {
  readonly rule: string
  readonly name: string
  readonly over?: Over
  readonly at: readonly TrafficItem[]
  readonly beyond: readonly TrafficItem[]
  /** What one more is called; what goes over a limit unless given. */
  readonly more?: string
}

export const edgesOf = (edges: readonly Edge[]): Cases => ({
  accepted: edges.map(({ rule, name, over, at }) => fine(rule, name, at, over)),
  refused: edges.map(({ rule, name, over, beyond, more = `${name}, and one more` }) =>
    wrong(rule, more, 'session/limit', beyond, over),
  ),
})
