import { utf8 } from '../bytes.js'
import { SottoError } from '../errors.js'
import type { Revoked, Trust, TrustEntry } from '../identity/trust.js'
import { trustStore } from '../identity/trust.js'
import { parseJson } from '../policy/json.js'
import { fileError, readPrivate, whileLocked, writeOver } from './privatefile.node.js'

/** Bytes of a trust file: every entry that a store can hold, on a line of its own. */
const MAX_BYTES = 16_777_216

const MEMBERS: readonly string[] = ['version', 'trusted', 'revoked']

/**
 * Whom to trust, of a JSON file that only its owner may write: `{ "version": 1, "trusted": [id, …], "revoked": [id, { "serial": … }, …] }`.
 * A listener takes a changed file with `trust.replace(await readTrust(path))`.
 *
 * @throws SottoError identity/file if it cannot be read, others may write it, or it is not such a document
 */
export const readTrust = async (path: string): Promise<Trust> => {
  const bytes = await readPrivate(path, { most: MAX_BYTES, others: 'read' })
  try {
    return checked(trustOf(parseJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))))
  } catch (cause) {
    throw fileError(path, cause instanceof Error ? cause.message : 'expected a trust file', cause)
  }
}

/**
 * Adds a revocation to a trust file, whole or not at all. False if it was there.
 *
 * @throws SottoError identity/file; identity/malformed if `what` is neither an id nor a serial
 */
export const revokeIn = (path: string, what: Revoked): Promise<boolean> =>
  whileLocked(path, async () => {
    const { trusted, revoked = [] } = await readTrust(path)
    trustStore([]).revoke(what)
    if (revoked.some((other) => nameOf(other) === nameOf(what))) return false
    const document = { version: 1, ...extended(path, { trusted, revoked: [...revoked, what] }) }
    await writeOver(path, utf8(`${JSON.stringify(document, null, 2)}\n`))
    return true
  })

/** ID-40: what does not parse, or is too much, is known here and not in a listener. */
const checked = (trust: Trust): Trust => {
  trustStore(trust)
  return trust
}

/** One revocation too many must not make a file that nobody can read. */
const extended = (path: string, trust: Trust): Trust => {
  try {
    return checked(trust)
  } catch (cause) {
    throw fileError(path, 'expected room for one more revocation', cause)
  }
}

const nameOf = (what: Revoked): string => (typeof what === 'string' ? what : what.serial)

const trustOf = (document: unknown): Trust => {
  if (!isRecord(document) || document.version !== 1) throw malformed('an object of version 1')
  if (!Object.keys(document).every((name) => MEMBERS.includes(name)))
    throw malformed(`no member but ${MEMBERS.join(', ')}`)
  return {
    trusted: listOf(document.trusted).map(entryOf),
    revoked: listOf('revoked' in document ? document.revoked : []).map(revokedOf),
  }
}

const listOf = (value: unknown): readonly unknown[] => {
  if (!Array.isArray(value)) throw malformed('lists of what is trusted and revoked')
  return value
}

const entryOf = (value: unknown): TrustEntry => {
  if (!isEntry(value)) throw malformed('trusted ids that begin with sotto1 or sottoca1')
  return value
}

const revokedOf = (value: unknown): Revoked => {
  if (isPeer(value)) return value
  if (!isRecord(value) || typeof value.serial !== 'string' || Object.keys(value).length !== 1)
    throw malformed('revoked ids that begin with sotto1, or objects with a serial')
  return { serial: value.serial }
}

/** The store parses the rest of it. */
const isPeer = (value: unknown): value is `sotto1${string}` => typeof value === 'string' && value.startsWith('sotto1')

const isEntry = (value: unknown): value is TrustEntry =>
  isPeer(value) || (typeof value === 'string' && value.startsWith('sottoca1'))

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const malformed = (what: string): SottoError<'identity/malformed'> =>
  SottoError.of('identity/malformed', `expected ${what}`)
