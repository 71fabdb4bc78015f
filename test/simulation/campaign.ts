import { type Script, scriptOf } from './script.js'
import { shrink } from './shrink.js'
import { addTally, emptyTally, type Tally } from './tally.js'
import { Violation } from './violation.js'
import { World } from './world.js'

/** A violation, and the smallest script that was found for it: JSON, to be replayed with `World.run`. */
export interface Finding {
  readonly seed: number
  readonly message: string
  readonly script: Script
}

/** The rest is likely to have the same reason. */
const MOST_FINDINGS = 10

export interface Result {
  readonly tally: Tally
  readonly findings: readonly Finding[]
}

/** Runs the scripts of seeds from `first` on, until `enough` says so or as many as `most` have broken something. */
export const campaign = (
  first: number,
  enough: (done: number, tally: Tally) => boolean,
  most: number = MOST_FINDINGS,
): Result => {
  const tally = emptyTally()
  const findings: Finding[] = []
  for (let seed = first; !enough(seed - first, tally) && findings.length < most; seed++) {
    const script = scriptOf(seed)
    try {
      addTally(tally, World.run(script))
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      findings.push({ seed, message: error.message, script: shrink(script) })
    }
  }
  return { tally, findings }
}
