import { expect, test } from 'vitest'
import { encode } from '../../src/cbor.js'
import type { Delivery } from '../../src/session/delivery.js'
import { begin, NEWS, PLAIN, Places, Raw, rules } from './wire.js'

const hear = { id: 'all', effect: 'allow', by: ['any'], verbs: ['subscribe'], on: ['places.v1.>'] }
const send = { id: 'send', effect: 'allow', to: ['any'], verbs: ['publish'], on: ['places.v1.>'] }

/** The answer to handing a message about `subject` to a subscription, where the peer may not hear `denied`. */
const handed = (denied: string, subject: string, operation: number): boolean | 'denied' => {
  const no = { ...hear, id: 'no', effect: 'deny', on: [denied], when: [{ attribute: 'ageMs', is: 'ge', value: 1 }] }
  const raw = new Raw({ policy: rules(hear, send, no) }, {}, [Places])
  const asked = operation === NEWS ? 'of.*.*' : ''
  raw.send(begin({ exchange: 1, operation, subject: asked, standing: true, flags: 0 }))
  const { exchange } = raw.only('message')
  const delivery: Delivery = { subject, item: encode([subject, null]), bytes: 1, content: () => null }
  return raw.engine.deliver(exchange, delivery, 1)
}

test('SE-150 PO-58 a delivery is asked for at the address of its message, one that its operation has no more among them', () => {
  expect(handed('places.v1.plain', '', PLAIN)).toBe('denied')
  expect(handed('places.v1.news.of.a.b', 'of.a.b', NEWS)).toBe('denied')
  expect(handed('places.v1.news.of.a.b', 'of.a.c', NEWS)).toBe(true)
  // Kept from when the operation had such subjects.
  expect(handed('places.v1.news.before', 'before', NEWS)).toBe('denied')
  expect(handed('places.v1.news.before', 'after', NEWS)).toBe(true)
})
