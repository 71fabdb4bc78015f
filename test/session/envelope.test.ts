import { expect, test } from 'vitest'
import type { Wire } from '../../src/cbor.js'
import { contentOf, isBodyOf } from '../../src/session/envelope.js'
import { routeOf } from './routes.js'

const [queue, note] = [routeOf('work'), routeOf('note')]

test('SE-147 what is enqueued has a value, a key and a delay, each if it has one, and nothing else', () => {
  const good: readonly Wire[] = [
    {},
    { value: null },
    { value: [1], key: 'k', delayMs: 1 },
    { key: '' },
    { key: 'k'.repeat(256) },
    { key: 'é'.repeat(128) },
    { delayMs: 0 },
    { delayMs: 2 ** 31 - 1 },
  ]
  const bad: readonly (Wire | undefined)[] = [
    undefined,
    null,
    'x',
    [],
    new Uint8Array(1),
    { other: 1 },
    { value: 1, Key: 'k' },
    { key: 'k'.repeat(257) },
    { key: 'é'.repeat(129) },
    { key: null },
    { key: 7 },
    { key: [] },
    { delayMs: -1 },
    { delayMs: 2 ** 31 },
    { delayMs: 0.5 },
    { delayMs: '5' },
    { delayMs: null },
    { delayMs: 2n ** 60n },
  ]
  for (const body of good) expect(isBodyOf(queue, body)).toBe(true)
  for (const body of bad) expect(isBodyOf(queue, body)).toBe(false)
  for (const body of [...good, ...bad]) expect(isBodyOf(note, body)).toBe(true)
})

test('SE-147 PO-60 the message of a queue is its value, that of all else the body; what asks to stand has none', () => {
  const body = { value: { n: 1 }, key: 'k' }
  expect(contentOf(queue, body)).toEqual({ n: 1 })
  expect(contentOf(queue, {})).toBeUndefined()
  expect(contentOf(note, body)).toBe(body)
  for (const route of [queue, note]) expect(contentOf({ ...route, standing: true }, body)).toBeUndefined()
})
