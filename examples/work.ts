import { contract, oneWay, queue } from 'sotto'
import { z } from 'zod'

/** Shared by the job runner and its workers. */
export const Work = contract('work.v1', {
  jobs: queue(z.object({ n: z.number() }), { maxDeliveries: 3 }),
  done: oneWay(z.object({ n: z.number(), attempt: z.number() })),
})
