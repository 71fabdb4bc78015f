import { expect, test } from 'vitest'
import * as z from 'zod'
import { queue } from '../../src/contract/operation.js'
import { SottoError } from '../../src/errors.js'
import { first, queueOf } from './queues.js'

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])

test('QU-30 refuses a message that nests so deep that no delivery can hold it, and stores nothing of it', async () => {
  const { queue: jobs, stored } = queueOf(queue(z.any()))
  const refused: unknown = await jobs.enqueue(nested(31)).catch((error: unknown) => error)
  expect(SottoError.is(refused, 'contract/invalid')).toBe(true)
  expect(await stored.metrics()).toMatchObject({ ready: 0 })
  await jobs.enqueue(nested(30))
  const delivery = await first(jobs.consume()[Symbol.asyncIterator]())
  expect(delivery.value).toEqual(nested(30))
  await delivery.ack()
})
