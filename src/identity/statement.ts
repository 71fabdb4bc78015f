import { type Control, decodeControl, encodeControl } from '../cbor.js'
import { SottoError } from '../errors.js'
import { type IssuerId, isCanonicalX25519, issuerId, type PeerId, parsePeerId, peerIdOf } from './id.js'
import { isName } from './name.js'
import type { Claims } from './peer.js'

/** What a credential says of a key. It is worth what its issuer's signature is. */
export interface Statement {
  readonly issuer: IssuerId
  /** The key it speaks of. */
  readonly id: PeerId
  /** A SPIFFE ID with a path. */
  readonly name?: string
  /** Rising, each once. */
  readonly roles: readonly string[]
  readonly claims: Claims
  /** Unix time in ms, whole seconds. */
  readonly notBeforeMs: number
  /** Unix time in ms, whole seconds: it ends then. */
  readonly expiresMs: number
  /** 16 bytes in hex; names this credential. */
  readonly serial: string
}

/** ID-22: what is scanned before anything is made of it. */
export const BOUNDS = { depth: 8, items: 256 } as const
export const MAX_ROLES = 64
export const MAX_CLAIMS = 64
/** ID-26: 400 days. */
export const LONGEST_MS = 400 * 86_400_000
/** The last second of the year 9999. */
const LAST_MS = 253_402_300_799_000

/** Claim keys of RFC 8392 and RFC 8747; the negative ones are for private use (RFC 8392 section 9.1). */
const KEY = { iss: 1, sub: 2, exp: 4, nbf: 5, cti: 7, cnf: 8, roles: -65_537, claims: -65_538 } as const
const KEYS: ReadonlySet<number> = new Set(Object.values(KEY))
/** RFC 8747 section 3.2 and RFC 9053 section 7.2: `cnf` holds a COSE_Key of type OKP on X25519. */
const COSE = { key: 1, kty: 1, okp: 1, crv: -1, x25519: 4, x: -2 } as const

const WORD = /^[A-Za-z0-9_-]{1,64}$/
const SERIAL = /^[0-9a-f]{32}$/

/** Whether `text` may be a role, or the name of a claim (ID-25). */
const isWord = (text: string): boolean => WORD.test(text)

export const isSerial = (text: unknown): text is string => typeof text === 'string' && SERIAL.test(text)

/** @throws SottoError identity/credential if it says what no credential may */
export const encodeStatement = (statement: Statement): Uint8Array => {
  check(statement)
  const { issuer, id, name, roles, claims, notBeforeMs, expiresMs, serial } = statement
  const map = new Map<number, Control>([
    [KEY.iss, issuer],
    [KEY.exp, expiresMs / 1000],
    [KEY.nbf, notBeforeMs / 1000],
    [KEY.cti, Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(serial.slice(2 * i, 2 * i + 2), 16))],
    [KEY.cnf, confirmationOf(id)],
  ])
  if (name !== undefined) map.set(KEY.sub, name)
  // ID-23: nothing is left out rather than written as empty, so that it has one spelling.
  if (roles.length > 0) map.set(KEY.roles, roles)
  if (Object.keys(claims).length > 0) map.set(KEY.claims, claims)
  // A claim may have a name, or hold a text, that no CBOR of the profile can.
  return strict('claims', () => encodeControl(map))
}

/** ID-23: what `encodeStatement` wrote, frozen. @throws SottoError identity/credential on any other bytes */
export const decodeStatement = (bytes: Uint8Array): Statement => {
  const map = numbered(strict('claims', () => decodeControl(bytes, BOUNDS)))
  for (const key of map.keys()) if (!KEYS.has(key)) throw refused(`expected no claim ${key}`)
  const name = map.get(KEY.sub)
  const statement: Statement = {
    issuer: strict('an issuer', () => issuerId(text(map.get(KEY.iss), 'an issuer'))),
    id: keyOf(map.get(KEY.cnf)),
    ...(name === undefined ? {} : { name: text(name, 'a name') }),
    roles: rolesOf(map.get(KEY.roles)),
    claims: claimsOf(map.get(KEY.claims)),
    notBeforeMs: milliseconds(map.get(KEY.nbf)),
    expiresMs: milliseconds(map.get(KEY.exp)),
    serial: serialOf(map.get(KEY.cti)),
  }
  check(statement)
  return Object.freeze(statement)
}

/** Refuses what the grammar has no place for, whether it was written here or came from elsewhere. */
const check = ({ name, roles, claims, notBeforeMs, expiresMs }: Statement): void => {
  if (name !== undefined && !isName(name)) throw refused('expected a SPIFFE ID with a path, of at most 255 characters')
  if (roles.length > MAX_ROLES) throw refused(`expected at most ${MAX_ROLES} roles, got ${roles.length}`)
  if (!roles.every(isWord)) throw refused('expected roles of 1 to 64 letters, digits, - or _')
  if (roles.some((role, i) => i > 0 && role <= (roles[i - 1] ?? '')))
    throw refused('expected roles in order, each once')
  const names = Object.keys(claims)
  if (names.length > MAX_CLAIMS) throw refused(`expected at most ${MAX_CLAIMS} claims, got ${names.length}`)
  if (!names.every(isWord)) throw refused('expected claims named by 1 to 64 letters, digits, - or _')
  if (!Object.values(claims).every(isScalar)) throw refused('expected claims that are texts, integers or booleans')
  if (!(notBeforeMs >= 0 && notBeforeMs < expiresMs && expiresMs <= LAST_MS))
    throw refused('expected an end behind the beginning, and before the year 10000')
  // ID-26
  if (expiresMs - notBeforeMs > LONGEST_MS) throw refused('expected a life of at most 400 days')
}

const confirmationOf = (id: PeerId): Control => {
  const key = new Map<number, Control>([
    [COSE.kty, COSE.okp],
    [COSE.crv, COSE.x25519],
    [COSE.x, parsePeerId(id)],
  ])
  return new Map([[COSE.key, key]])
}

const keyOf = (confirmation: Control | undefined): PeerId => {
  const outer = numbered(confirmation)
  const key = numbered(outer.get(COSE.key))
  const x = key.get(COSE.x)
  const alone = outer.size === 1 && key.size === 3
  if (!alone || key.get(COSE.kty) !== COSE.okp || key.get(COSE.crv) !== COSE.x25519 || !(x instanceof Uint8Array))
    throw refused('expected cnf to hold an X25519 key and nothing else')
  if (!isCanonicalX25519(x)) throw refused('expected cnf to hold a canonical key of 32 bytes')
  return peerIdOf(x)
}

const rolesOf = (value: Control | undefined): readonly string[] => {
  if (value === undefined) return Object.freeze([])
  if (!Array.isArray(value) || value.length === 0) throw refused('expected a list of roles that is not empty')
  return Object.freeze(value.map((role) => text(role, 'a role')))
}

const claimsOf = (value: Control | undefined): Claims => {
  const claims: Record<string, string | number | boolean> = Object.create(null)
  if (value === undefined) return Object.freeze(claims)
  if (!isRecord(value)) throw refused('expected a map of claims that is not empty')
  for (const [name, claim] of Object.entries(value)) {
    if (!isScalar(claim)) throw refused('expected claims that are texts, integers or booleans')
    claims[name] = claim
  }
  return Object.freeze(claims)
}

/** An empty map is decoded as a Map, so it is none. */
const isRecord = (value: Control): value is { readonly [key: string]: Control | undefined } =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Map) &&
  !(value instanceof Uint8Array)

/** ID-25: what policies compare. */
const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value)

const serialOf = (value: Control | undefined): string => {
  if (!(value instanceof Uint8Array) || value.length !== 16) throw refused('expected a serial of 16 bytes')
  return [...value].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** NumericDate of RFC 8392 as an integer. */
const milliseconds = (value: Control | undefined): number => {
  if (typeof value !== 'number') throw refused('expected a time in seconds')
  return value * 1000
}

const text = (value: Control | undefined, what: string): string => {
  if (typeof value !== 'string') throw refused(`expected ${what} as text`)
  return value
}

const numbered = (value: Control | undefined): ReadonlyMap<number, Control> => {
  if (!(value instanceof Map)) throw refused('expected a map with integer keys')
  return value
}

/** @internal What `run` gives; a refusal of another room is told as one of a credential, with its cause. */
export const strict = <T>(what: string, run: () => T): T => {
  try {
    return run()
  } catch (cause) {
    throw cause instanceof SottoError ? refused(`expected ${what} in the one form they have`, cause) : cause
  }
}

/** @internal The message never holds what came. */
export const refused = (what: string, cause?: unknown): SottoError<'identity/credential'> =>
  SottoError.of('identity/credential', what, { cause })
