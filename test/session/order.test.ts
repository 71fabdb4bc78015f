import { describe, expect, test } from 'vitest'
import { contract } from '../../src/contract/define.js'
import { oneWay, requestResponse } from '../../src/contract/operation.js'
import { bytes } from '../../src/contract/shape.js'
import { limitsOf } from '../../src/session/limits.js'
import { pairOf, settle } from './pair.js'

const Order = contract('order.v1', { push: oneWay(bytes), ask: requestResponse({ request: bytes, response: bytes }) })

/** What came of `sizes` pushed at once and calls between them, in the order it came. */
const arrivals = (sizes: readonly number[], limits: Readonly<Record<string, number>>): readonly string[] => {
  const sides = { initiator: { limits: limitsOf(limits) }, responder: { limits: limitsOf(limits) } }
  const pair = settle(pairOf({ use: Order, ...sides }))
  const begin = (operation: string, size: number): void => {
    const act = { contract: 'order.v1', operation, value: new Uint8Array(size), ttlMs: 0, labels: {} }
    const admitted = pair.initiator.admit(act, 0)
    if ('effect' in admitted) throw new Error('expected the act to be admitted')
    pair.initiator.begin(admitted, 0)
  }
  for (const size of sizes) {
    begin('push', size)
    begin('ask', 10)
  }
  const seen: string[] = []
  for (let read = 0; read < pair.responderEvents.length || seen.length < 2 * sizes.length; ) {
    const event = pair.responderEvents[read++]
    if (event === undefined) {
      const before = pair.responderEvents.length
      settle(pair)
      if (pair.responderEvents.length === before) break
      read--
      continue
    }
    if (event.is !== 'message') continue
    pair.responder.consumed(event)
    if (event.admitted.verb === 'call') pair.responder.reply(event.exchange, event.value)
    seen.push(`${event.admitted.verb} ${event.value instanceof Uint8Array ? event.value.length : -1}`)
  }
  return seen
}

describe('SE-71 one-way messages come in the order they were sent', () => {
  test.each([
    ['large before small', [300_000, 1, 17_000, 2, 900_000, 3], {}],
    ['every size about the limits', [16_384, 16_385, 1, 65_500, 65_519, 1, 131_072, 1, 262_144, 1], {}],
    ['with small windows', [3_000, 1, 2_000, 1, 4_000, 1, 900, 1], { sessionWindow: 4_096, exchangeWindow: 4_096 }],
  ] as const)('%s', (_, sizes, limits) => {
    const seen = arrivals(sizes, limits)
    expect(seen.filter((entry) => entry.startsWith('send'))).toEqual(sizes.map((size) => `send ${size}`))
    expect(seen.filter((entry) => entry.startsWith('call'))).toHaveLength(sizes.length)
  })
})
