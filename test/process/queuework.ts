import * as z from 'zod'
import { contract, type Policy, queue } from '../../src/index.js'

/** What workers in processes of their own do. */
export const Work = contract('work.v1', {
  jobs: queue(z.number(), { leaseMs: 600_000, backoffMs: 10, maxDeliveries: 5 }),
})

export const open: Policy = {
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['enqueue', 'consume'], on: ['work.v1.jobs'] }],
}
