import { type Control, decode, decodeControl, encode, encodeControl, type Wire } from '../cbor.js'
import { isContractName, isOperationName } from '../contract/address.js'
import { SottoError } from '../errors.js'
import { decodeLimits, encodeLimits, type Limits } from './limits.js'

/** Contracts a list offers, at most (SE-21). */
export const MAX_OFFERS = 256

/** One contract with the digests of its rows, rising by operation name: [contract, [+ [operation, digest]]]. */
export interface Offer {
  readonly contract: string
  readonly operations: readonly { readonly name: string; readonly digest: Uint8Array }[]
}

/** Map keys of both messages. A list and its answer share a key. */
const KEY = { offersUsed: 1, offersServed: 2, context: 3, limits: 4, service: 5, extensions: 6 } as const

/** What the initiator asks for in message 3 (SE-21). */
export interface Initiation {
  readonly uses: readonly Offer[]
  readonly serves: readonly Offer[]
  readonly context: Wire
  readonly limits: Limits
  readonly service: string
}

/** What the responder agrees to in ACCEPT (SE-22). */
export interface Acceptance {
  /** Indices into the initiator's `uses`: all of them, rising. */
  readonly serves: readonly number[]
  /** Indices into the initiator's `serves`, rising. */
  readonly uses: readonly number[]
  readonly context: Wire
  readonly limits: Limits
}

export const encodeInitiation = (initiation: Initiation): Uint8Array =>
  encodeControl(
    new Map<number, Control>([
      [KEY.offersUsed, initiation.uses.map(offerItem)],
      [KEY.offersServed, initiation.serves.map(offerItem)],
      [KEY.context, encode(initiation.context)],
      [KEY.limits, encodeLimits(initiation.limits)],
      [KEY.service, initiation.service],
      [KEY.extensions, new Map()],
    ]),
  )

/** @throws session/malformed, session/extension (SE-21, SE-23) */
export const decodeInitiation = (bytes: Uint8Array): Initiation => {
  const map = structure(bytes, [1, 2, 3, 4, 5, 6])
  extensions(map.get(KEY.extensions))
  const service = map.get(KEY.service)
  if (typeof service !== 'string') throw malformed('expected the service as text')
  return {
    uses: offers(map.get(KEY.offersUsed)),
    serves: offers(map.get(KEY.offersServed)),
    context: context(map.get(KEY.context)),
    limits: decodeLimits(asMap(map.get(KEY.limits))),
    service,
  }
}

export const encodeAcceptance = (acceptance: Acceptance): Uint8Array =>
  encodeControl(
    new Map<number, Control>([
      [KEY.offersUsed, [...acceptance.serves]],
      [KEY.offersServed, [...acceptance.uses]],
      [KEY.context, encode(acceptance.context)],
      [KEY.limits, encodeLimits(acceptance.limits)],
      [KEY.extensions, new Map()],
    ]),
  )

/** @throws session/malformed, session/extension (SE-22, SE-23) */
export const decodeAcceptance = (bytes: Uint8Array): Acceptance => {
  const map = structure(bytes, [1, 2, 3, 4, 6])
  extensions(map.get(KEY.extensions))
  return {
    serves: indices(map.get(KEY.offersUsed)),
    uses: indices(map.get(KEY.offersServed)),
    context: context(map.get(KEY.context)),
    limits: decodeLimits(asMap(map.get(KEY.limits))),
  }
}

const offerItem = ({ contract, operations }: Offer): Control => [
  contract,
  operations.map(({ name, digest }) => [name, digest]),
]

const structure = (bytes: Uint8Array, keys: readonly number[]): ReadonlyMap<number, Control> => {
  const map = asMap(strict(() => decodeControl(bytes)))
  if (map.size !== keys.length || !keys.every((key) => map.has(key)))
    throw malformed(`expected the keys ${keys.join()}`)
  return map
}

const strict = <T>(decoded: () => T): T => {
  try {
    return decoded()
  } catch (cause) {
    throw malformed('expected one strict CBOR item', cause)
  }
}

/** Negative keys are critical: none is known yet (SE-23). */
const extensions = (value: Control | undefined): void => {
  for (const key of asMap(value).keys())
    if (key < 0) throw SottoError.of('session/extension', `a critical extension ${key} is unknown here`)
}

const offers = (value: Control | undefined): readonly Offer[] => {
  const list = asArray(value)
  if (list.length > MAX_OFFERS) throw malformed(`expected at most ${MAX_OFFERS} contracts, got ${list.length}`)
  const parsed = list.map(offer)
  if (new Set(parsed.map(({ contract }) => contract)).size !== parsed.length)
    throw malformed('a contract offered twice')
  return parsed
}

const offer = (value: Control): Offer => {
  const [contract, rows, ...rest] = asArray(value)
  if (typeof contract !== 'string' || !isContractName(contract) || rest.length > 0) throw malformed('expected an offer')
  const operations = asArray(rows).map(operation)
  if (operations.length === 0) throw malformed('expected at least one operation in an offer')
  for (const [index, { name }] of operations.entries())
    if ((operations[index - 1]?.name ?? '') >= name) throw malformed('expected operations rising by name')
  return { contract, operations }
}

const operation = (value: Control): Offer['operations'][number] => {
  const [name, digest, ...rest] = asArray(value)
  if (typeof name !== 'string' || !isOperationName(name) || rest.length > 0) throw malformed('expected an operation')
  if (!(digest instanceof Uint8Array) || digest.length !== 32) throw malformed('expected a digest of 32 bytes')
  return { name, digest }
}

const indices = (value: Control | undefined): readonly number[] => {
  let last = -1
  return asArray(value).map((index) => {
    if (typeof index !== 'number' || index <= last) throw malformed('expected indices rising')
    last = index
    return index
  })
}

/** A context is a message of its own, by the rules for bodies (SE-21). */
const context = (value: Control | undefined): Wire => {
  if (!(value instanceof Uint8Array)) throw malformed('expected the context as a byte string')
  return strict(() => decode(value))
}

const asMap = (value: Control | undefined): ReadonlyMap<number, Control> => {
  if (!isIntegerMap(value)) throw malformed('expected a map with integer keys')
  return value
}

const asArray = (value: Control | undefined): readonly Control[] => {
  if (!isArray(value)) throw malformed('expected an array')
  return value
}

// Array.isArray and instanceof do not narrow readonly types by themselves.
const isArray = (value: Control | undefined): value is readonly Control[] => Array.isArray(value)
const isIntegerMap = (value: Control | undefined): value is ReadonlyMap<number, Control> => value instanceof Map

const malformed = (what: string, cause?: unknown): SottoError => SottoError.of('session/malformed', what, { cause })
