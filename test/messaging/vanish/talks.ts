import { converse } from '../../../src/messaging/converse.js'
import { type Act, aside, LEFT, times } from './acts.js'
import { ENDED, type Ends, Ward } from './ends.js'

const key = 'k'

/** A step by its name, without what this end knows of the conversation. */
const step = (ends: Ends, name: 'enter' | 'walk' | 'stay' | 'leave', of = key): Promise<unknown> => {
  const id = ends.next()
  const taken = ends.out[name]({ id, key: of }, { timeoutMs: 0 })
  return ends.watch.settles(`a step, ${name}`, taken, [...LEFT, 'flow/refused'], id)
}

/** The conversation is wherever it was left: it takes its next step, and another conversation begins. */
const after = async (ends: Ends): Promise<void> => {
  await step(ends, 'enter').catch(() => undefined)
  await ends.watch.settles('a step of a conversation that is inside', ends.out.walk({ id: ends.next(), key }))
  const fresh = ends.out.enter({ id: ends.next(), key: 'another' })
  await ends.watch.settles('the first step of another', fresh)
}

export const TALKS: Readonly<Record<string, Act>> = {
  'a conversation, step by step': {
    after,
    run: async (ends) => {
      const start = converse(ends.near, Ward)
      const take = <T>(what: string, id: number, taken: Promise<T>): Promise<T> =>
        ends.watch.settles(what, taken, [...ENDED, 'flow/refused'], id)
      const ids = times(3).map(() => ends.next())
      const [first = 0, second = 0, third = 0] = ids
      const inside = (await take('a first step', first, start.enter({ id: first, key }))).next
      const still = (await take('a step', second, inside.walk({ id: second, key }))).next
      await take('a last step', third, still.leave({ id: third, key }))
    },
  },
  'steps that wait for the one before, and one that hangs': {
    after,
    run: async (ends) => {
      aside(step(ends, 'enter'), step(ends, 'walk'), step(ends, 'stay'), step(ends, 'walk'), step(ends, 'leave'))
      aside(step(ends, 'enter', 'other'))
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
    },
  },
  'one-way steps': {
    after,
    run: async (ends) => {
      await step(ends, 'enter')
      for (const _ of times(2)) {
        const id = ends.next()
        await ends.watch.settles('a one-way step', ends.out.shout({ id, key }), ENDED)
      }
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
    },
  },
  'steps that wait for a handler of a service with few': {
    concurrency: 1,
    after,
    run: async (ends) => {
      aside(step(ends, 'enter'), step(ends, 'stay'), step(ends, 'walk'), step(ends, 'enter', 'other'))
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
    },
  },
}
