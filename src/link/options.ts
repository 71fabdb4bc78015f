import type { Wire } from '../cbor.js'
import type { Contract } from '../contract/define.js'
import { defaultProvider } from '../crypto/default.js'
import type { PeerId } from '../identity/id.js'
import type { Identity } from '../identity/identity.js'
import type { TrustStore } from '../identity/trust.js'
import type { Policy } from '../policy/rule.js'
import { type PolicyStore, policyStore } from '../policy/store.js'
import { limitsOf } from '../session/limits.js'
import type { Side } from '../session/side.js'
import type { PostQuantum } from '../session/suites.js'
import type { Served } from './face.js'

/** What both ends say. */
export interface Both<U extends Contract> {
  readonly identity: Identity
  /** Contracts this end calls. A dialler demands them; a listener takes them where they are offered. */
  readonly use?: readonly U[]
  /** Services this end offers, made by `serve`. */
  readonly serve?: readonly Served[]
  /** What peers may do to us, and we to them. Without one, nothing is admitted from a peer. */
  readonly policy?: Policy | PolicyStore
  /** A value the peer sees in `session.context`; null unless said. */
  readonly context?: Wire
  readonly protocol?: Protocol
  /** Gives the attempt up, or aborts the sessions that came of it; a host takes nothing new from then on. */
  readonly signal?: AbortSignal
}

export interface DialOptions<U extends Contract = Contract> extends Both<U> {
  /** Whom this end expects; anyone else is refused before our identity is shown. */
  readonly peer: PeerId
}

export interface HostOptions extends Both<Contract> {
  /** Whom this end lets in. */
  readonly trust: readonly PeerId[] | TrustStore
}

/** Knobs few need. */
export interface Protocol {
  /** Asked for by a dialler, offered by a listener; they must be equal. Empty unless said. */
  readonly service?: string
  /** `require` unless said: no session without ML-KEM-768. */
  readonly pq?: PostQuantum
  /** By the names of the table in spec/initiation.md. */
  readonly limits?: Readonly<Record<string, number>>
  /** Lowers when a key is replaced. */
  readonly rekey?: { readonly records?: number; readonly bytes?: number }
  /** A record at least every `everyMs` (20,000 unless said, 200 at least); silence of `idleMs` (60,000) ends the session. */
  readonly keepalive?: { readonly everyMs?: number; readonly idleMs?: number }
  /** From start to session: 10,000 unless said. */
  readonly handshakeMs?: number
}

/** @internal From start to session, unless said (LI-1). */
export const HANDSHAKE_MS = 10_000
/** PINGs more often would be over the rate that peers take (LI-17). */
const LEAST_EVERY_MS = 200
const LONGEST_MS = 86_400_000

/** @internal What the engine wants of the options. @throws RangeError, TypeError, policy/malformed */
export const sideOf = (options: Both<Contract>, nowMs: number): Side => {
  const { identity, use = [], serve = [], context = null, protocol = {} } = options
  const { keepalive = {}, limits = {}, handshakeMs = HANDSHAKE_MS } = protocol
  const { everyMs = 20_000, idleMs } = keepalive
  const serves = serve.map(({ contract }) => contract)
  distinct(use)
  distinct(serves)
  inRange('handshakeMs', handshakeMs, 1)
  inRange('everyMs', everyMs, LEAST_EVERY_MS)
  return {
    identity,
    provider: defaultProvider,
    policy: storeOf(options.policy),
    uses: use,
    serves,
    context,
    service: protocol.service ?? '',
    pq: protocol.pq ?? 'require',
    limits: limitsOf(idleMs === undefined ? limits : { ...limits, idleMs }),
    rekey: protocol.rekey ?? {},
    handshakeMs,
    keepaliveMs: everyMs,
    epochMs: epochOf(nowMs),
  }
}

/** @internal Unix time in ms at the zero of the clock that says `nowMs`. */
export const epochOf = (nowMs: number): number => Date.now() - nowMs

/** Everything inbound is denied. */
const NOTHING: Policy = { version: 1, rules: [] }

const storeOf = (policy: Policy | PolicyStore = NOTHING): PolicyStore =>
  'decide' in policy ? policy : policyStore(policy)

const distinct = (contracts: readonly Contract[]): void => {
  if (new Set(contracts.map(({ name }) => name)).size !== contracts.length)
    throw new RangeError('expected each contract once')
}

const inRange = (name: string, value: number, least: number): void => {
  if (!(value >= least && value <= LONGEST_MS))
    throw new RangeError(`expected ${name} of ${least}..${LONGEST_MS}, got ${value}`)
}
