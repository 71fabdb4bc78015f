import { expect, test } from 'vitest'
import { defaultProvider } from '../../src/crypto/default.js'
import { SUITES } from '../../src/session/suites.js'
import { endOf, eventsOf, frame } from './byhand.js'
import { Nested, REKEY_1, refreshOf } from './nested.js'

const HOUR = 3_600_000
const [, XX] = SUITES

test.each([1, 2, 3])('CH-11 CH-28 where there is a pending key, REKEY 1 opens with it; generation %i', (generation) => {
  const session = new Nested('responder', defaultProvider, XX)
  eventsOf(session.engine)
  session.answered(HOUR)
  const third = refreshOf(session.message())
  session.split()
  const rekey = generation === 1 ? REKEY_1 : frame({ is: 'REKEY', generation })
  session.send(HOUR, third, rekey)
  expect(endOf(eventsOf(session.engine))).toBe(generation === 1 ? undefined : 'session/malformed')
})

test('CH-27 CH-32 what an own END has cut off of a refresh is waited for no more', () => {
  const session = new Nested('initiator', defaultProvider, XX)
  eventsOf(session.engine)
  session.started(HOUR)
  const late = HOUR + 119_500
  session.engine.close(late, 1_000)
  expect(
    session
      .said(late)
      .flat()
      .map(({ is }) => is),
  ).toEqual(['DRAIN', 'END'])
  expect(session.engine.wakeAt()).toBe(late + 1_000)
  session.engine.wake(HOUR + 120_000)
  session.send(HOUR + 120_100, frame({ is: 'END', code: 0 }))
  expect(endOf(eventsOf(session.engine))).toBe('clean')
})
