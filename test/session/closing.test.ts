import { expect, test } from 'vitest'
import { SottoError } from '../../src/errors.js'
import { Engine } from '../../src/session/engine.js'
import { endOf, eventsOf } from './byhand.js'
import { initiatorSide } from './pair.js'
import { act, Raw } from './wire.js'

test('SE-42 SE-59 what the deadline of a close cuts is lost, and its cause is the close', () => {
  const raw = new Raw()
  raw.begin(act('call', 'x'))
  raw.read()
  raw.engine.close(0, 10)
  raw.engine.wake(10)
  const { error } = raw.only('fault')
  expect(error.code).toBe('session/lost')
  expect(SottoError.is(error.cause, 'session/closed')).toBe(true)
})

test('SE-43 a transport that fails is the cause of the loss, in the handshake and behind it', () => {
  const cause = new Error('the cable')
  const dialling = Engine.initiate(initiatorSide(), 0)
  dialling.ended(cause)
  const [closed] = eventsOf(dialling)
  expect(closed).toMatchObject({ is: 'closed', error: { code: 'session/lost' } })
  expect(closed?.is === 'closed' && closed.error?.cause).toBe(cause)
  const raw = new Raw()
  raw.engine.ended(cause)
  const events = eventsOf(raw.engine)
  const last = events.at(-1)
  expect(endOf(events)).toBe('channel/truncated')
  expect(last?.is === 'closed' && last.error?.cause).toBe(cause)
})
