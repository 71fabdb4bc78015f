/** Time as a broker takes it, which a test can make pass. */
export interface Clock {
  /** In ms; it never goes back while the broker lives. */
  now(): number
  /** Runs `act` in `ms`, at most 2^31-1, or a little later, unless what it returns is called before. Keeps no process alive. */
  after(ms: number, act: () => void): () => void
}

/** Time since the process began. */
export const monotonic: Clock = {
  now: () => performance.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms)
    // A browser's timer is a number, and a page lives as long as it is open.
    if (typeof timer === 'object') timer.unref()
    return () => clearTimeout(timer)
  },
}
