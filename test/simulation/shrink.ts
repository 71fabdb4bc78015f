import type { Script } from './script.js'
import { Violation } from './violation.js'
import { World } from './world.js'

/** The violation that a script ends with, if it does. */
export const violationOf = (script: Script): Violation | undefined => {
  try {
    World.run(script)
    return undefined
  } catch (error) {
    if (error instanceof Violation) return error
    throw error
  }
}

/** A script of fewer steps, and of smaller numbers in them, that breaks the same invariant; what is left is needed. */
export const shrink = (script: Script): Script => {
  const invariant = violationOf(script)?.invariant
  const breaks = (candidate: Script): boolean => violationOf(candidate)?.invariant === invariant
  if (invariant === undefined) return script
  let smallest = script
  for (let before = -1; before !== JSON.stringify(smallest).length; ) {
    before = JSON.stringify(smallest).length
    smallest = fewer(smallest, breaks)
    smallest = plainer(smallest, breaks)
  }
  return smallest
}

/** Leaves steps out: halves at first, then single ones. */
const fewer = (script: Script, breaks: (candidate: Script) => boolean): Script => {
  let { steps } = script
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < steps.length; ) {
      const without = [...steps.slice(0, from), ...steps.slice(from + size)]
      if (breaks({ ...script, steps: without })) steps = without
      else from += size
    }
  return { ...script, steps }
}

/** Halves the numbers of each step, as far as they go. */
const plainer = (script: Script, breaks: (candidate: Script) => boolean): Script => {
  let smallest = script
  for (const index of script.steps.keys())
    for (const name of ['size', 'back', 'times', 'takeMs', 'workMs', 'ttlMs', 'ms', 'length', 'at']) {
      for (;;) {
        const candidate = halved(smallest, index, name)
        if (candidate === undefined || !breaks(candidate)) break
        smallest = candidate
      }
    }
  return smallest
}

const halved = (script: Script, index: number, name: string): Script | undefined => {
  const step = script.steps[index]
  const value: unknown = step === undefined ? undefined : Reflect.get(step, name)
  const least = name === 'times' || name === 'length' ? 1 : 0
  if (step === undefined || typeof value !== 'number' || value <= least) return undefined
  const smaller = { ...step, [name]: Math.floor(value / 2) }
  return { ...script, steps: script.steps.map((each, i) => (i === index ? smaller : each)) }
}
