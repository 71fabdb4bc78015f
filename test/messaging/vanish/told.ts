import { vi } from 'vitest'
import { HOW, type How } from './cable.js'

/**
 * Each act is cut where a write begins and in the middle of it, in one of the ways each; in all of them with
 * SOTTO_VANISH=all, and at every byte of the first 20,000 in all of them with SOTTO_VANISH=bytes.
 */
const { SOTTO_VANISH = 'some' } = process.env
const BYTES = 20_000
/** More than anything here waits, told time, in ms: what has not settled by then waits for nothing that will come. */
export const PATIENCE_MS = 40_000
const STEP_MS = 500

export const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Lets all happen that will, in told time. */
export const settled = async (isOpen: () => boolean): Promise<void> => {
  await turns(4)
  for (let ms = 0; ms < PATIENCE_MS && isOpen(); ms += STEP_MS) {
    await vi.advanceTimersByTimeAsync(STEP_MS)
    await turns(2)
  }
}

/** A few turns: what two ends do between two writes. */
export const passed = (script: Promise<unknown>): Promise<unknown> => {
  let done = false
  const end = (): void => {
    done = true
  }
  script.then(end, end)
  return settled(() => !done)
}

/** At which bytes to cut a run, and how. */
export const cutsOf = (bounds: readonly number[]): readonly (readonly [at: number, how: How])[] =>
  pointsOf(bounds).flatMap((at, i) =>
    HOW.filter((_, way) => SOTTO_VANISH !== 'some' || way === i % HOW.length).map((how) => [at, how] as const),
  )

const pointsOf = (bounds: readonly number[]): readonly number[] => {
  const end = bounds.at(-1) ?? 0
  if (SOTTO_VANISH === 'bytes') return Array.from({ length: Math.min(end, BYTES) + 1 }, (_, at) => at)
  const points = bounds.flatMap((at, i) => [at, Math.floor((at + (bounds[i + 1] ?? at)) / 2)])
  return [...new Set(points.filter((at) => at <= end))].sort((a, b) => a - b)
}
