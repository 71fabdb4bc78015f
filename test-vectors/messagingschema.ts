import { z } from 'zod'
import { STANDS } from '../src/kit/standingitems.js'
import { about, answer, asked, count, fault, hex, hint, name, rule } from './form.js'
import { played } from './trafficschema.js'

/** What the chapters on contracts, conversations, topics and queues have beside the frames of a session. */

const steps = z.record(z.string(), z.string())
const flow = z.strictObject({ key: z.string(), states: z.record(z.string(), steps) })

/** One after another; each ends before the next comes. */
const walk = {
  flow,
  steps: z.array(z.strictObject({ operation: z.string(), key: z.string(), ends: z.enum(['response', 'failure']) })),
}

/** Where an item stands, as far as it matters. */
const item = {
  as: z.enum(STANDS),
  hex,
  /** Of what stands; the template is `{room}`. */
  filter: z.string().optional(),
  /** Deliveries that were sent before, and how many of them its reader said it had taken. */
  sent: count.optional(),
  taken: count.optional(),
  /** Of the delivery that the consumer has settled and waits to be answered for. */
  settled: count.optional(),
}

export const messaging = z.strictObject({
  $schema: z.string(),
  about,
  ...played('exchange'),
  walks: asked(
    'walk',
    z.array(
      z.strictObject({
        name,
        rule,
        ...walk,
        /** Before each step. */
        states: answer(z.array(z.string())),
      }),
    ),
  ),
  walksRefused: asked(
    'walk',
    z.array(z.strictObject({ ...fault, ...walk, state: hint(z.string()), expected: hint(z.array(z.string())) })),
  ),
  items: asked('item', z.array(z.strictObject({ name, rule, ...item, value: answer(z.json()) }))),
  itemsRefused: asked('item', z.array(z.strictObject({ ...fault, ...item }))),
  filters: asked(
    'filter',
    z.array(z.strictObject({ name, rule, filter: z.string(), subject: z.string(), takes: answer(z.boolean()) })),
  ),
})

/** In what two contracts differ, null where one of them has nothing; `operation` is null for the contract. */
const changes = <B extends z.ZodType>(breaking: B) =>
  z.array(
    z.strictObject({ operation: z.string().nullable(), field: z.string(), mine: z.json(), theirs: z.json(), breaking }),
  )

export const contracts = z.strictObject({
  $schema: z.string(),
  about,
  accepted: asked(
    'contract',
    z.array(
      z.strictObject({
        name,
        contract: z.json(),
        numbered: answer(z.array(z.string())),
        flow: answer(flow.nullable()),
      }),
    ),
  ),
  refused: asked('contract', z.array(z.strictObject({ ...fault, contract: z.json(), path: hint(z.string()) }))),
  diffs: asked(
    'difference',
    z.array(
      z.strictObject({
        name,
        rule,
        /** What is used, and what is served. */
        mine: z.json(),
        theirs: z.json(),
        changes: answer(changes(z.enum(['no', 'yes']))),
        /** Of the schemas that both have, which are documentation. */
        schemas: hint(changes(z.literal('maybe'))),
      }),
    ),
  ),
})
