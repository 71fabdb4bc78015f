import type { Wire } from '../cbor.js'
import type { Contract } from '../contract/define.js'
import { defaultProvider } from '../crypto/default.js'
import { checkExpected, type Expected } from '../identity/expected.js'
import type { Identity } from '../identity/identity.js'
import type { TrustEntry, TrustStore } from '../identity/trust.js'
import type { Policy } from '../policy/rule.js'
import { type PolicyStore, policyStore } from '../policy/store.js'
import { LIMITS, limitsOf } from '../session/limits.js'
import { REFRESH_MS } from '../session/refresh.js'
import type { InitiatorSide, Psk, ResponderSide, Side } from '../session/side.js'
import { POST_QUANTUM, type PostQuantum } from '../session/suites.js'
import type { Served } from './face.js'
import type { KnownPeers } from './knownpeers.js'
import { checkMemory } from './knownpeers.js'
import { pskOfDialler, pskOfListener } from './psk.js'

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

/** What dialling an endpoint takes. */
export interface EndpointOptions<U extends Contract = Contract> extends Both<U> {
  /**
   * Whom this end expects; anyone else is refused before our identity is shown. Known peers alone stand for the key they have of
   * the endpoint.
   */
  readonly peer: Expected | KnownPeers
  readonly protocol?: Protocol & { readonly psk?: Psk }
}

export interface DialOptions<U extends Contract = Contract> extends EndpointOptions<U> {
  /** Whom this end expects; anyone else is refused before our identity is shown. */
  readonly peer: Expected
}

/** @internal The same options for `endpoint` and no other (ID-36). */
export const optionsFor = <U extends Contract>(endpoint: string, options: EndpointOptions<U>): DialOptions<U> => {
  const { peer } = options
  return { ...options, peer: typeof peer === 'object' && 'remember' in peer ? { endpoint, known: peer } : peer }
}

export interface HostOptions extends Both<Contract> {
  /** Whom this end lets in. */
  readonly trust: readonly TrustEntry[] | TrustStore
}

/** Knobs few need. */
export interface Protocol {
  /** Asked for by a dialler, offered by a listener; they must be equal. Empty unless said. */
  readonly service?: string
  /** `require` unless said: no session without ML-KEM-768. */
  readonly pq?: PostQuantum
  /**
   * A secret that both ends have beside their keys: 32 bytes from a random generator, copied, under an id of 1 to 32 bytes that
   * travels in clear. A dialler has one. A listener may have several, to replace one by another, and lets in nobody who has
   * none of them. An end whose psk is wrong or unknown hears nothing: the other closes.
   */
  readonly psk?: Psk | readonly Psk[]
  /** By the names of the table in spec/session.md. */
  readonly limits?: Readonly<Record<string, number>>
  /** When keys are replaced, and who else is told of them. */
  readonly rekey?: Rekey
  /** A record at least every `everyMs` (20,000 unless said, 200 at least); silence of `idleMs` (60,000) ends the session. */
  readonly keepalive?: { readonly everyMs?: number; readonly idleMs?: number }
  /** How long records are made, so that less is seen of what is in them: `none` unless said. It costs the bytes added. */
  readonly padding?: 'none' | 'buckets' | { readonly multiple: number }
  /** From start to session: 10,000 unless said. */
  readonly handshakeMs?: number
}

/** Of the keys of a session. */
export interface Rekey {
  /** Records sealed with a key at most: 2^20 unless less is said. */
  readonly records?: number
  /** Bytes sealed with a key at most: 2^36 unless less is said. */
  readonly bytes?: number
  /** Fresh ephemerals replace all keys so often, in ms: 2,000 to 3,600,000, which it is unless said. */
  readonly refreshMs?: number
  /**
   * For debugging alone: is told every key of every session, a line each. Whoever sees a line reads and forges what that
   * session sends. A warning is printed whenever it is set.
   */
  readonly unsafeKeyLog?: (line: string) => void
}

/** @internal From start to session, unless said (LI-1). */
export const HANDSHAKE_MS = 10_000
/** PINGs more often would be over the rate that peers take (LI-17). */
const LEAST_EVERY_MS = 200
const LONGEST_MS = 86_400_000
/** Twice what must lie between two refreshes (CH-27): a start is never too soon by the peer's clock. */
const LEAST_REFRESH_MS = 2_000
const KEY_LOG_WARNING = 'sotto: unsafeKeyLog is set: the keys of every session are written down. For debugging only.'

/** @internal What a dialling engine wants of the options. @throws RangeError, TypeError, policy/malformed, identity/malformed */
export const initiatorSideOf = (options: DialOptions, nowMs: number): InitiatorSide => {
  // A misspelt id is the caller's mistake, and is known before a byte is sent.
  checkExpected(options.peer)
  checkMemory(options.peer)
  const psk = pskOfDialler(options.protocol?.psk)
  return { ...sideOf(options, nowMs), expected: options.peer, ...(psk && { psk }) }
}

/** @internal What an answering engine wants of the options, but for whom it trusts. @throws RangeError, TypeError, policy/malformed */
export const responderSideOf = (options: Both<Contract>, nowMs: number): Omit<ResponderSide, 'trust'> => {
  const pskOf = pskOfListener(options.protocol?.psk)
  return { ...sideOf(options, nowMs), ...(pskOf && { pskOf }) }
}

const sideOf = (options: Both<Contract>, nowMs: number): Side => {
  const { identity, use = [], serve = [], context = null, protocol = {} } = options
  const { keepalive = {}, limits = {}, handshakeMs = HANDSHAKE_MS, pq = 'require', padding = 'none' } = protocol
  const { unsafeKeyLog, ...rekey } = protocol.rekey ?? {}
  const { everyMs = 20_000, idleMs } = keepalive
  const serves = serve.map(({ contract }) => contract)
  distinct(use)
  distinct(serves)
  inRange('handshakeMs', handshakeMs, 1)
  inRange('everyMs', everyMs, LEAST_EVERY_MS)
  inRange('rekey.records', rekey.records ?? 1, 1, Number.MAX_SAFE_INTEGER)
  inRange('rekey.bytes', rekey.bytes ?? 1, 1, Number.MAX_SAFE_INTEGER)
  inRange('rekey.refreshMs', rekey.refreshMs ?? REFRESH_MS, LEAST_REFRESH_MS, REFRESH_MS)
  if (!Object.hasOwn(POST_QUANTUM, pq)) throw new RangeError(`expected pq of ${Object.keys(POST_QUANTUM).join()}`)
  if (typeof padding === 'object') inRange('padding.multiple', whole(padding.multiple), 1, LIMITS.plaintext.ceiling)
  else if (padding !== 'none' && padding !== 'buckets')
    throw new RangeError('expected padding of none, buckets or a multiple')
  if (unsafeKeyLog !== undefined) console.warn(KEY_LOG_WARNING)
  return {
    identity,
    provider: defaultProvider,
    policy: storeOf(options.policy),
    uses: use,
    serves,
    conversations: new Map(
      serve.flatMap(({ contract, conversations }) => (conversations ? [[contract.name, conversations]] : [])),
    ),
    context,
    service: protocol.service ?? '',
    pq,
    limits: limitsOf(idleMs === undefined ? limits : { ...limits, idleMs }),
    rekey,
    padding,
    ...(unsafeKeyLog && { keyLog: unsafeKeyLog }),
    handshakeMs,
    keepaliveMs: everyMs,
    epochMs: epochOf(nowMs),
  }
}

/** @internal Unix time in ms at the zero of the clock that says `nowMs`. */
export const epochOf = (nowMs: number): number => Date.now() - nowMs

/** Everything inbound is denied. */
const NOTHING: Policy = { version: 1, rules: [] }

// A field of that name in a document makes no store of it.
const storeOf = (policy: Policy | PolicyStore = NOTHING): PolicyStore =>
  'decide' in policy && typeof policy.decide === 'function' ? policy : policyStore(policy)

const distinct = (contracts: readonly Contract[]): void => {
  if (new Set(contracts.map(({ name }) => name)).size !== contracts.length)
    throw new RangeError('expected each contract once')
}

/** NaN, which is in no range, for what is no number of bytes. */
const whole = (value: number): number => (Number.isInteger(value) ? value : Number.NaN)

const inRange = (name: string, value: number, least: number, most = LONGEST_MS): void => {
  if (!(value >= least && value <= most)) throw new RangeError(`expected ${name} of ${least}..${most}, got ${value}`)
}
