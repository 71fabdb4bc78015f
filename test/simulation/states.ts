import { STATE_NAMES, STATES, type StateName } from '../../src/session/states.js'

/** Beside the events of the peer: an own END, and faults and limits of time, which lead from every live state to `dead`. */
const nextOf = (state: StateName): readonly StateName[] => {
  const next = Object.values(STATES[state]).flat()
  return next.length === 0 ? [] : [...next, 'dead', ...(state === 'open' ? (['ending'] as const) : [])]
}

const reachable = (from: StateName): ReadonlySet<StateName> => {
  const reached = new Set<StateName>([from])
  for (const state of reached) for (const next of nextOf(state)) reached.add(next)
  return reached
}

const REACHABLE = new Map(STATE_NAMES.map((name) => [name, reachable(name)]))

/** True if events of the table lead from one state to the other. */
export const canFollow = (from: StateName, to: StateName): boolean => REACHABLE.get(from)?.has(to) === true
