import { concat, EMPTY, lengthPrefixed, utf8 } from '../bytes.js'
import { type Control, encode, encodeControl } from '../cbor.js'
import { defaultProvider } from '../crypto/default.js'
import { offerOf } from '../session/agreement.js'
import { encodeLimits, limitsOf } from '../session/limits.js'
import { kitContract } from './kitcontract.js'

/** What is said in a handshake: honest, unless something is laid over it. */

/** Members of an Initiation or Acceptance by their keys; one that is undefined is left out. */
export type Members = Readonly<Record<number, Control | undefined>>

export const packet = (neg: Uint8Array, noise: Uint8Array): Uint8Array =>
  concat(lengthPrefixed(neg), lengthPrefixed(noise))

/** The negotiation part of packet 1. */
export const helloOf = (suites: readonly number[], tried = 0, pskId: Uint8Array = EMPTY): Uint8Array =>
  concat(
    utf8('SOTTO\x01'),
    Uint8Array.of(suites.length, ...suites.flatMap((id) => [id >>> 8, id & 0xff]), tried, pskId.length),
    pskId,
  )

/** The ids that a Hello lists, and the one it tries; 0 where there is none. */
export const suitesIn = (hello: Uint8Array): { readonly listed: readonly number[]; readonly tried: number } => {
  const at = (index: number): number => hello[index] ?? 0
  const listed = Array.from({ length: at(6) }, (_, index) => at(7 + 2 * index) * 0x100 + at(8 + 2 * index))
  return { listed, tried: listed[at(7 + 2 * listed.length)] ?? 0 }
}

/** The negotiation part of a Retry. */
export const retryOf = (id: number): Uint8Array => Uint8Array.of(1, id >>> 8, id & 0xff)

export const prologueOf = (negs: readonly Uint8Array[]): Uint8Array =>
  concat(utf8('Sotto/1'), Uint8Array.of(negs.length), ...negs.map(lengthPrefixed), Uint8Array.of(0, 0))

/** A field of a payload. */
export const field = (type: number, value: Uint8Array): Uint8Array => concat(Uint8Array.of(type), lengthPrefixed(value))

/** Of `kit.v1`: its name, and name and digest of each of the operations. */
export const kitOffer = (
  operations: readonly string[],
): readonly [string, readonly (readonly [string, Uint8Array])[]] => {
  const { contract, operations: rows } = offerOf(defaultProvider.hash.SHA256, kitContract(operations))
  return [contract, rows.map(({ name, digest }) => [name, digest] as const)]
}

/** Uses and serves `operations` of `kit.v1`, with no context and no service. */
export const initiationOf = (
  operations: readonly string[],
  limits: Readonly<Record<string, number>>,
  over: Members,
): Uint8Array => {
  const offers = [kitOffer(operations)]
  return structure({ 1: offers, 2: offers, 3: encode(null), 4: limitsItem(limits), 5: '', 6: new Map(), ...over })
}

/** Takes all that `initiationOf` offers. */
export const acceptanceOf = (limits: Readonly<Record<string, number>>, over: Members): Uint8Array =>
  structure({ 1: [0], 2: [0], 3: encode(null), 4: limitsItem(limits), 6: new Map(), ...over })

/** The six limits by their keys, with `over` laid over them; one that is undefined is left out. */
export const limitsItem = (limits: Readonly<Record<string, number>> = {}, over: Members = {}): Control =>
  mapOf({ ...Object.fromEntries(encodeLimits(limitsOf(limits))), ...over })

const structure = (members: Members): Uint8Array => encodeControl(mapOf(members))

const mapOf = (members: Members): ReadonlyMap<number, Control> => {
  const map = new Map<number, Control>()
  for (const [key, value] of Object.entries(members)) if (value !== undefined) map.set(Number(key), value)
  return map
}
