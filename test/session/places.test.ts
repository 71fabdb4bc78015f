import { expect, test } from 'vitest'
import type { Exchange } from '../../src/session/exchange.js'
import { Places } from '../../src/session/places.js'
import { theirs } from './routes.js'

/** Two places, for which two may wait. */
const places = () => {
  const begun: Exchange[] = []
  return { begun, places: new Places(2, 2, (exchange) => begun.push(exchange)) }
}

const [a, b, c, d] = [theirs('call'), theirs('call'), theirs('call'), theirs('call')] as const

test('SE-46 what has a place begins at once, what has none waits, up to so many', () => {
  const { begun, places: of } = places()
  for (const exchange of [a, b, c]) of.take(exchange)
  expect([begun, [...of.waiting], of.full]).toEqual([[a, b], [c], false])
  of.take(d)
  expect([begun, [...of.waiting], of.full]).toEqual([[a, b], [c, d], true])
})

test('SE-46 a place that is free goes to who waits first, and else to who comes next', () => {
  const { begun, places: of } = places()
  for (const exchange of [a, b, c, d]) of.take(exchange)
  of.give()
  expect([begun, of.full]).toEqual([[a, b, c], false])
  for (let count = 0; count < 3; count++) of.give()
  expect([begun, of.waiting.size]).toEqual([[a, b, c, d], 0])
  for (const exchange of [a, b, c]) of.take(exchange)
  expect([begun, [...of.waiting]]).toEqual([[a, b, c, d, a, b], [c]])
})

test('SE-46 who waits no more is passed over, and who has begun does not wait', () => {
  const { begun, places: of } = places()
  for (const exchange of [a, b, c, d]) of.take(exchange)
  expect([of.leave(c), of.leave(c), of.leave(a)]).toEqual([true, false, false])
  of.give()
  expect(begun).toEqual([a, b, d])
})
