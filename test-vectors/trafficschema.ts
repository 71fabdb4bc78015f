import { z } from 'zod'
import { about, answer, asked, code, count, fault, hex, LEARNT, level, name, role, rule } from './form.js'

/** What happens in an open session, at one end of it. */

/** Limits that are not the defaults. */
const limits = z.strictObject({
  plaintext: count.optional(),
  message: count.optional(),
  exchanges: count.optional(),
  exchangeWindow: count.optional(),
  sessionWindow: count.optional(),
  idleMs: count.optional(),
})

/** Of an own exchange or the peer's, as it is on the wire. */
const exchange = count
const message = { operation: z.string(), body: hex }
const subject = z.string().optional()

export const trafficItem = z.union([
  /** The plaintext of a record of the peer. */
  z.strictObject({ record: hex }),
  /** The transport ends. */
  z.strictObject({ eof: z.literal(true) }),
  /** So many ms pass. */
  z.strictObject({ ms: count }),
  /** `standing`: a subscription or a consumer. */
  z.strictObject({
    act: z.literal('begin'),
    ...message,
    subject,
    standing: z.boolean().optional(),
    ttlMs: count.optional(),
  }),
  z.strictObject({ act: z.literal('reply'), exchange, body: hex }),
  /** `body`: the data of a declared fault. */
  z.strictObject({ act: z.literal('fault'), exchange, name, body: hex }),
  /** The handler of a one-way message has taken it. */
  z.strictObject({ act: z.literal('take'), exchange }),
  z.strictObject({ act: z.literal('item'), exchange, body: hex }),
  z.strictObject({ act: z.enum(['end', 'stop', 'cancel']), exchange }),
  z.strictObject({ act: z.enum(['ping', 'close']) }),
])

/** What the application learns. */
const learnt = z.strictObject({
  event: z.enum([...LEARNT]),
  exchange: exchange.optional(),
  /** Of the message in its exchange, where a decision is named. */
  index: count.optional(),
  operation: z.string().optional(),
  subject,
  /** CBOR, or the bytes of a chunk; empty for no value. */
  body: hex.optional(),
  ttlMs: count.optional(),
  labels: z.record(z.string(), z.string()).optional(),
  /** Null for a clean end. */
  code: code.nullable().optional(),
  ran: z.enum(['no', 'maybe', 'yes']).optional(),
})

/** What it says of exchanges, beside messages and credit. */
const said = z.strictObject({ is: z.enum(['FAULT', 'RESET', 'STOP']), exchange, code })

const opened = {
  role,
  /** It has written message 3 and waits for a verdict. */
  waits: z.literal(true).optional(),
  operations: z.array(z.string()),
  own: limits,
  peer: limits,
  policy: z.json().optional(),
  script: z.array(trafficItem),
}

export const opening = z.strictObject(opened)

/** The lists of `ask`. */
export const played = (ask: string) => ({
  accepted: asked(
    ask,
    z.array(
      z.strictObject({ name, rule, level, ...opened, events: answer(z.array(learnt)), says: answer(z.array(said)) }),
    ),
  ),
  refused: asked(ask, z.array(z.strictObject({ ...fault, level, ...opened }))),
})

export const traffic = z.strictObject({ $schema: z.string(), about, ...played('traffic') })
