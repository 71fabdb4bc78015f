/** What strangers and peers may take of a host (LI-4, LI-54), unless its program says otherwise. */
export const CAPS = {
  /** Handshakes under way, in all. */
  halfOpen: 1_024,
  /** Handshakes under way, from one source. */
  halfOpenSource: 64,
  /** Sessions, in all. */
  sessions: 10_000,
  /** Sessions of one peer. */
  sessionsPeer: 64,
} as const

export type Caps = Readonly<Record<keyof typeof CAPS, number>>

/** Far above what a process bears; a number over it is a mistake. */
const MOST = 1_048_576

/** The caps with `own` laid over. @throws RangeError on an unknown name or a value outside 1..1,048,576 */
export const capsOf = (own: Partial<Caps> = {}): Caps => {
  for (const [name, value] of Object.entries(own)) {
    if (!Object.hasOwn(CAPS, name)) throw new RangeError(`expected the name of a cap, got '${name}'`)
    if (!(Number.isInteger(value) && value >= 1 && value <= MOST))
      throw new RangeError(`expected ${name} of 1..${MOST}, got ${value}`)
  }
  return { ...CAPS, ...own }
}
