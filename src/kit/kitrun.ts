import { SottoError } from '../errors.js'
import { type Case, Finding, Late, type Shim, Skipped } from './case.js'
import type { ShimDriver } from './shimdriver.js'

/** A shim that has said hello. */
export interface Connection {
  readonly driver: ShimDriver
  /** Ends it, whatever it does. */
  close(): Promise<void>
}

export const PHASES = ['vectors', 'live', 'hostile'] as const

export type Phase = (typeof PHASES)[number]

export interface Planned extends Case {
  readonly phase: Phase
}

export interface Result {
  readonly planned: Planned
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** What was expected and what came, or why it is not for this shim; empty if it passed. */
  readonly message: string
  readonly ms: number
}

export interface RunOptions {
  /** A new shim, for the first time or when the last one is gone. @throws Finding */
  readonly connect: () => Promise<Connection>
  /** Cases at a time. */
  readonly atOnce: number
  /** Hears of each result. */
  readonly done: (result: Result) => void
}

/** No more, for what waits behind a slow answer is not to be given up. */
const ASKS_AT_ONCE = 4
/** A case takes a few seconds at most, if nothing else goes on. */
const CASE_MS = 60_000
/** CF-14: a shim that ends more often is given up, and one that so many cases have waited for in vain. */
const STARTS = 16
const LATE = 100
/** Characters of what is told of a case: a shim may have said a lot. */
const MOST_TOLD = 4_096

/** Runs all cases, several at a time; in the order given, results. */
export const runCases = async (cases: readonly Planned[], options: RunOptions): Promise<readonly Result[]> => {
  const run = new Run(options)
  const results = await run.all(cases)
  return cases.flatMap((each) => results.get(each) ?? [])
}

class Run {
  readonly #options: RunOptions
  readonly #results = new Map<Planned, Result>()
  /** Under way when the shim ended: each is tried again alone, for one of them did it. */
  readonly #again: Planned[] = []
  #connecting: Promise<Connection> | undefined
  #starts = 0
  #late = 0

  constructor(options: RunOptions) {
    this.#options = options
  }

  async all(cases: readonly Planned[]): Promise<ReadonlyMap<Planned, Result>> {
    try {
      await this.#phases(cases)
    } finally {
      const last = this.#connecting === undefined ? undefined : await this.#connecting.catch(asNothing)
      await last?.close()
    }
    return this.#results
  }

  async #phases(cases: readonly Planned[]): Promise<void> {
    const { atOnce } = this.#options
    const isVector = ({ phase }: Planned): boolean => phase === 'vectors'
    await this.#work(cases.filter(isVector), Math.min(atOnce, ASKS_AT_ONCE))
    await this.#work(
      cases.filter((each) => !isVector(each)),
      atOnce,
    )
    await this.#work(this.#again.splice(0), 1)
  }

  async #work(cases: readonly Planned[], atOnce: number): Promise<void> {
    const rest = [...cases]
    const worker = async (): Promise<void> => {
      for (let next = rest.shift(); next !== undefined; next = rest.shift()) await this.#one(next, atOnce === 1)
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
  }

  async #one(planned: Planned, isAlone: boolean): Promise<void> {
    const fromMs = performance.now()
    const over = (outcome: Result['outcome'], message = ''): void => {
      const result = { planned, outcome, message: told(message), ms: Math.round(performance.now() - fromMs) }
      this.#results.set(planned, result)
      this.#options.done(result)
    }
    let driver: ShimDriver | undefined
    try {
      driver = await this.#driver()
      const skipped = notFor(driver, planned)
      if (skipped !== undefined) return over('skipped', skipped)
      await inTime(planned.run(driver))
      over('passed')
    } catch (error) {
      if (error instanceof Skipped) return over('skipped', error.message)
      // What refuses what a shim has said is a SottoError; all else is a defect of the kit.
      if (!(error instanceof Finding || error instanceof SottoError)) throw error
      if (error instanceof Late) this.#late++
      // CF-8
      if (driver !== undefined && !driver.isOver) await driver.settle().catch(() => driver?.over('it does not answer'))
      if (driver?.isOver === true && !isAlone) this.#again.push(planned)
      else over('failed', error.message)
    }
  }

  /** CF-8: the shim, started again if it has ended. */
  async #driver(): Promise<ShimDriver> {
    // CF-14
    if (this.#late >= LATE) throw new Finding(`expected a shim that answers, but ${LATE} cases waited in vain`)
    const before = this.#connecting
    const last = before === undefined ? undefined : await before
    if (last !== undefined && !last.driver.isOver) return last.driver
    // Of all that see it gone, the first starts another.
    if (this.#connecting === before || this.#connecting === undefined) this.#connecting = this.#start(last)
    return (await this.#connecting).driver
  }

  async #start(last: Connection | undefined): Promise<Connection> {
    await last?.close()
    if (this.#starts++ >= STARTS) throw new Finding(`expected a shim that stays, but it ended ${STARTS} times`)
    return await this.#options.connect()
  }
}

/** CF-9: whatever a shim goes on saying, a case is over some time. @throws (rejects) Finding */
const inTime = (ran: Promise<void>): Promise<void> =>
  new Promise((resolve, reject) => {
    const late = (): void => reject(new Late(`expected an end of the case, got none in ${CASE_MS} ms`))
    const timer = setTimeout(late, CASE_MS)
    void ran.then(resolve, reject).finally(() => clearTimeout(timer))
  })

/** A text of its own, which does not keep alive what it was cut from. */
const told = (message: string): string =>
  message.length > MOST_TOLD ? `${Array.from(message.slice(0, MOST_TOLD)).join('')}...` : message

/** A shim that could not be started has been told of in the results. */
const asNothing = (error: unknown): undefined => {
  if (!(error instanceof Finding)) throw error
}

/** CF-12: why a case is not for a shim. */
const notFor = (shim: Shim, { level, suites }: Case): string | undefined => {
  if (!shim.levels.includes(level)) return `level ${level} is not claimed`
  if (suites !== undefined && !suites.some((id) => shim.suites.includes(id))) return 'none of its suites is claimed'
  return undefined
}
