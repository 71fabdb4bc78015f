import { expect, test } from 'vitest'
import { contract } from '../../src/contract/define.js'
import { requestResponse } from '../../src/contract/operation.js'
import { pairOf, settle } from './pair.js'

const Slow = contract('slow.v1', { wait: requestResponse({}) })

test.each([
  ['a close hurries a drain', 30_000, 100],
  ['a later drain does not put a close off', 100, 30_000],
])('SE-42 %s', (_, first, second) => {
  const pair = settle(pairOf({ use: Slow }))
  const { initiator, initiatorEvents } = pair
  const act = { contract: 'slow.v1', operation: 'wait', value: undefined, ttlMs: 0, labels: {} }
  const admitted = initiator.admit(act, 0)
  if ('effect' in admitted) expect.fail('the call is admitted')
  initiator.begin(admitted, 0)
  settle(pair)
  initiator.close(0, first)
  initiator.close(0, second)
  settle(pair)
  expect(initiator.wakeAt()).toBe(100)
  initiator.wake(99)
  settle(pair, 99)
  expect(initiatorEvents.some(({ is }) => is === 'closed')).toBe(false)
  initiator.wake(100)
  settle(pair, 100)
  expect(initiatorEvents.flatMap((event) => (event.is === 'fault' ? [event.error.code] : []))).toEqual(['session/lost'])
  expect(initiatorEvents.at(-1)).toEqual({ is: 'closed', error: undefined })
})
