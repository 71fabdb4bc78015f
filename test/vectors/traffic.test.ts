/** Open sessions of which one end is written out, played on every provider. */
import { describe, expect, test } from 'vitest'
import { Opened } from '../../src/kit/opened.js'
import { traffic as schema } from '../../test-vectors/trafficschema.js'
import { providers } from '../crypto/providers.js'
import { declareFixedKeys } from '../setup/nonces.js'
import { readVectors } from './file.js'

declareFixedKeys('vectors fix every key, and sessions are opened anew for each')

const { accepted, refused } = readVectors(schema, 'traffic')

describe.each(providers)('traffic.json with $name', (provider) => {
  test.each(accepted)('$rule $name', ({ events, says, ...opening }) => {
    const outcome = Opened.play(opening, provider)
    expect({ events: outcome.events, says: outcome.says }).toEqual({ events, says })
  })

  test.each(refused)('$rule $name ends the session with $code', ({ code, ...opening }) => {
    expect(Opened.play(opening, provider).closed).toMatchObject({ error: { code }, at: opening.script.length - 1 })
  })
})
