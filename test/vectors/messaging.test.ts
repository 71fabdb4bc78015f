/** Streams, conversations, topics and queues: sessions of which one end is written out, steps of flows, and items at either end of what stands. */
import { describe, expect, test } from 'vitest'
import { SottoError } from '../../src/errors.js'
import { ASKS } from '../../src/kit/asks.js'
import { Members } from '../../src/kit/members.js'
import { Opened } from '../../src/kit/opened.js'
import { messaging as schema } from '../../test-vectors/messagingschema.js'
import { providers } from '../crypto/providers.js'
import { declareFixedKeys } from '../setup/nonces.js'
import { readVectors } from './file.js'

declareFixedKeys('vectors fix every key, and sessions are opened anew for each')

const { accepted, refused, walks, walksRefused, items, itemsRefused, filters } = readVectors(schema, 'messaging')

describe.each(providers)('messaging.json with $name', (provider) => {
  test.each(accepted)('$rule $name', ({ events, says, ...opening }) => {
    const outcome = Opened.play(opening, provider)
    expect({ events: outcome.events, says: outcome.says }).toEqual({ events, says })
  })

  test.each(refused)('$rule $name ends the session with $code', ({ code, ...opening }) => {
    expect(Opened.play(opening, provider).closed).toMatchObject({ error: { code }, at: opening.script.length - 1 })
  })
})

/** What is made of a vector, or the code that refuses it. */
const outcomeOf = async (ask: string, vector: object): Promise<unknown> => {
  try {
    return await ASKS[ask]?.(new Members(vector))
  } catch (error) {
    if (error instanceof SottoError) return { code: error.code, ...error.details }
    throw error
  }
}

describe('messaging.json: conversations', () => {
  test.each(walks)('$rule $name', async ({ states, ...walk }) => {
    expect(await outcomeOf('walk', walk)).toEqual({ states })
  })

  test.each(walksRefused)('$rule $name is $code', async ({ code, state, expected, ...walk }) => {
    expect(await outcomeOf('walk', walk)).toEqual({ code, state, expected })
    expect(await outcomeOf('walk', { ...walk, steps: walk.steps.slice(0, -1) })).toHaveProperty('states')
  })
})

describe('messaging.json: items', () => {
  test.each(items)('$rule $name', async ({ value, ...item }) => {
    expect(await outcomeOf('item', item)).toEqual({ value })
  })

  test.each(itemsRefused)('$rule $name is $code', async ({ code, ...item }) => {
    expect(await outcomeOf('item', item)).toMatchObject({ code })
  })

  test.each(filters)('$rule $name', async ({ takes, ...filter }) => {
    expect(await outcomeOf('filter', filter)).toEqual({ takes })
  })
})
