import { SottoError } from '../errors.js'

interface LimitRow {
  /** Key in the `limits` map of Initiation and Acceptance. */
  readonly key: number
  readonly default: number
  readonly floor: number
  readonly ceiling: number
  readonly unit: string
}

/** What each receiver declares; a sender obeys the declared value or its own, whichever is less (SE-20). */
export const LIMITS = {
  plaintext: { key: 1, default: 65_519, floor: 1_024, ceiling: 65_519, unit: 'bytes of a record plaintext' },
  message: { key: 2, default: 2 ** 20, floor: 1_024, ceiling: 2 ** 26, unit: 'bytes of a reassembled message' },
  exchanges: { key: 3, default: 256, floor: 1, ceiling: 65_535, unit: 'open exchanges of a side' },
  exchangeWindow: { key: 4, default: 2 ** 18, floor: 4_096, ceiling: 2 ** 24, unit: 'bytes' },
  sessionWindow: { key: 5, default: 2 ** 20, floor: 4_096, ceiling: 2 ** 26, unit: 'bytes' },
  idleMs: { key: 6, default: 60_000, floor: 1_000, ceiling: 86_400_000, unit: 'ms without a record' },
} as const satisfies Record<string, LimitRow>

export type LimitName = keyof typeof LIMITS
export type Limits = Readonly<Record<LimitName, number>>

const NAMES = Object.keys(LIMITS).filter((name): name is LimitName => Object.hasOwn(LIMITS, name))

/** The defaults with `own` laid over. @throws RangeError on an unknown name or a value outside floor..ceiling */
export const limitsOf = (own: Readonly<Record<string, number>> = {}): Limits => {
  for (const name of Object.keys(own))
    if (!Object.hasOwn(LIMITS, name)) throw new RangeError(`expected a limit name, got '${name}'`)
  return collect((name) => {
    const value = own[name] ?? LIMITS[name].default
    if (!within(name, value))
      throw new RangeError(`expected ${name} of ${LIMITS[name].floor}..${LIMITS[name].ceiling}, got ${value}`)
    return value
  })
}

/** As a map of exactly the six keys (SE-20). */
export const encodeLimits = (limits: Limits): ReadonlyMap<number, number> =>
  new Map(NAMES.map((name) => [LIMITS[name].key, limits[name]]))

/** @throws session/malformed unless all six keys, no other, each within floor..ceiling */
export const decodeLimits = (map: ReadonlyMap<number, unknown>): Limits => {
  if (map.size !== NAMES.length)
    throw SottoError.of('session/malformed', `expected ${NAMES.length} limits, got ${map.size}`)
  return collect((name) => {
    const value = map.get(LIMITS[name].key)
    if (typeof value !== 'number' || !within(name, value))
      throw SottoError.of('session/malformed', `the declared limit ${name} is out of range`)
    return value
  })
}

/** What this side may send: the peer's word or our own, whichever is less. */
export const lesser = (own: Limits, declared: Limits): Limits => collect((name) => Math.min(own[name], declared[name]))

const within = (name: LimitName, value: number): boolean =>
  Number.isInteger(value) && value >= LIMITS[name].floor && value <= LIMITS[name].ceiling

const collect = (of: (name: LimitName) => number): Limits => ({
  plaintext: of('plaintext'),
  message: of('message'),
  exchanges: of('exchanges'),
  exchangeWindow: of('exchangeWindow'),
  sessionWindow: of('sessionWindow'),
  idleMs: of('idleMs'),
})
