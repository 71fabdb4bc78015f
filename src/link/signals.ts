const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/** Of what a signal belongs to, in monotonic ms. */
const deadlines = new WeakMap<AbortSignal, number>()

const NOTHING = (): void => undefined

/**
 * Calls `act` when `signal` aborts, until the returned function is called. A signal that is aborted already does nothing.
 * Each signal has one listener, however many wait for it: Node takes more than ten for a leak and prints a warning.
 */
export const onAbort = (signal: AbortSignal | undefined, act: () => void): (() => void) => {
  if (signal === undefined) return NOTHING
  const acts = waiting.get(signal) ?? listenTo(signal)
  acts.add(act)
  return () => {
    acts.delete(act)
  }
}

/** What is asked with `signal` has until then (ME-38). */
export const setDeadline = (signal: AbortSignal, atMs: number): void => {
  deadlines.set(signal, atMs)
}

/** Monotonic ms; Infinity for none. */
export const deadlineOf = (signal: AbortSignal | undefined): number =>
  (signal && deadlines.get(signal)) ?? Number.POSITIVE_INFINITY

const listenTo = (signal: AbortSignal): Set<() => void> => {
  const acts = new Set<() => void>()
  waiting.set(signal, acts)
  const run = (): void => {
    for (const act of acts) act()
  }
  signal.addEventListener('abort', run, { once: true })
  return acts
}
