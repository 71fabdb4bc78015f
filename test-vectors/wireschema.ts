import { z } from 'zod'
import { about, code, contract, count, fault, hex, key32, keys, name, repeat, role, step } from './form.js'

/** What the files of the session chapter hold. */

const hello = z.strictObject({ suites: z.array(count), tried: count, pskId: hex })

export const negotiation = z.strictObject({
  $schema: z.string(),
  about,
  hellos: z.array(z.strictObject({ name, hex, hello })),
  retries: z.array(z.strictObject({ name, hex, suite: count })),
  packets: z.array(z.strictObject({ name, hex, neg: hex, noise: hex })),
  prologues: z.array(z.strictObject({ name, negs: z.array(hex), prologue: hex })),
  refused: z.array(z.strictObject({ ...fault, as: z.enum(['hello', 'retry', 'packet']), hex })),
})

const limits = z.strictObject({
  plaintext: count,
  message: count,
  exchanges: count,
  exchangeWindow: count,
  sessionWindow: count,
  idleMs: count,
})
const offer = z.strictObject({
  contract: z.string(),
  operations: z.array(z.strictObject({ name, digest: key32 })),
})
const initiationForm = z.strictObject({
  uses: z.array(offer),
  serves: z.array(offer),
  context: hex,
  limits,
  service: z.string(),
})
const acceptanceForm = z.strictObject({ serves: z.array(count), uses: z.array(count), context: hex, limits })

export const initiation = z.strictObject({
  $schema: z.string(),
  about,
  initiations: z.array(z.strictObject({ name, hex, extensions: z.boolean(), initiation: initiationForm })),
  acceptances: z.array(z.strictObject({ name, hex, extensions: z.boolean(), acceptance: acceptanceForm })),
  payloads: z.array(z.strictObject({ name, hex, message: z.literal([2, 3]), credential: hex, initiation: hex })),
  refused: z.array(
    z.strictObject({ ...fault, as: z.enum(['initiation', 'acceptance', 'payload 2', 'payload 3']), hex }),
  ),
})

const exchange = { exchange: count }
const message = { ...exchange, end: z.boolean(), more: z.boolean(), body: hex }
export const frame = z.discriminatedUnion('is', [
  z.strictObject({ is: z.literal('ACCEPT'), body: hex }),
  z.strictObject({ is: z.literal('REFUSE'), code: count, detail: z.string() }),
  z.strictObject({
    is: z.literal('BEGIN'),
    ...message,
    operation: count,
    ttlMs: count,
    labels: z.record(z.string(), z.string()),
  }),
  z.strictObject({ is: z.literal('DATA'), ...message }),
  z.strictObject({ is: z.literal('FAULT'), ...exchange, code: count, body: hex }),
  z.strictObject({ is: z.literal('RESET'), ...exchange, code: count, size: count }),
  z.strictObject({ is: z.literal('STOP'), ...exchange, code: count }),
  z.strictObject({ is: z.literal('CREDIT'), ...exchange, limit: count }),
  z.strictObject({ is: z.literal('PING'), count }),
  z.strictObject({ is: z.literal('PONG'), count }),
  z.strictObject({ is: z.literal('REKEY'), generation: count }),
  z.strictObject({ is: z.literal('REFRESH'), body: hex }),
  z.strictObject({ is: z.literal('CREDENTIAL'), body: hex }),
  z.strictObject({ is: z.literal('DRAIN'), last: count }),
  z.strictObject({ is: z.literal('END'), code: count }),
])

export const frames = z.strictObject({
  $schema: z.string(),
  about,
  frames: z.array(z.strictObject({ name, hex, frame })),
  plaintexts: z.array(z.strictObject({ name, hex, repeat: repeat.optional(), frames: z.array(frame) })),
  faults: z.array(z.strictObject({ name, wire: count, body: hex, code, diagnostic: z.string() })),
  refused: z.array(
    z.strictObject({
      ...fault,
      as: z.enum(['plaintext', 'fault']),
      hex,
      wire: count.optional(),
      repeat: repeat.optional(),
    }),
  ),
})

export const side = z.strictObject({
  secretKey: key32,
  /** Unix time at which time stands still, in ms. */
  unixMs: count,
  /** Shown in the handshake; empty for none. */
  credential: hex,
  /** The other end: its id, or its name where `issuer` vouches for it. */
  peer: z.string(),
  issuer: z.string().nullable(),
  uses: z.array(z.string()),
  serves: z.array(z.string()),
  context: hex,
  service: z.string(),
  pq: z.enum(['require', 'prefer', 'off']),
  /** Whether it has native code for AES. */
  aes: z.boolean(),
  psk: z.strictObject({ id: hex, key: key32 }).nullable(),
  limits,
  /** Records of a key before this end rekeys; null for the default. */
  rekeyRecords: count.nullable(),
  policy: z.json(),
  trusts: z.boolean(),
  /** What is drawn, in this order. */
  random: z.array(z.strictObject({ name, bytes: hex })),
})

export const act = z.discriminatedUnion('act', [
  z.strictObject({
    by: role,
    act: z.enum(['call', 'send', 'stream']),
    contract: z.string(),
    operation: z.string(),
    body: hex,
    ttlMs: count,
    labels: z.record(z.string(), z.string()),
  }),
  /** Of the message that came first and has no answer yet. */
  z.strictObject({ by: role, act: z.literal('reply'), body: hex }),
  z.strictObject({ by: role, act: z.literal('fault'), name, body: hex }),
  z.strictObject({ by: role, act: z.literal('consume') }),
  z.strictObject({ by: role, act: z.literal('cancel') }),
  /** Of the stream that this end began last, or of the one that came first and is not done; `body` is CBOR, or bytes as they are. */
  z.strictObject({ by: role, act: z.literal('item'), body: hex }),
  z.strictObject({ by: role, act: z.literal('end') }),
  z.strictObject({ by: role, act: z.literal('stop') }),
  z.strictObject({ by: role, act: z.literal('ping') }),
  z.strictObject({ by: role, act: z.literal('close') }),
])

export const flight = z.discriminatedUnion('is', [
  z.strictObject({ is: z.literal('packet'), from: role, bytes: hex, neg: hex, noise: hex, payload: hex.nullable() }),
  z.strictObject({
    is: z.literal('record'),
    from: role,
    bytes: hex,
    key: key32,
    n: count,
    plaintext: hex,
    frames: z.array(frame),
  }),
])

/** What an end learns after the bytes before it, in order. */
export const seen = z.strictObject({
  at: role,
  event: z.enum([
    'established',
    'message',
    'reply',
    'item',
    'ended',
    'stopped',
    'over',
    'fault',
    'taken',
    'cancelled',
    'denied',
    'refused',
    'renewed',
    'pong',
    'draining',
    'closed',
  ]),
  exchange: count.optional(),
  /** CBOR; empty for no value. */
  body: hex.optional(),
  decision: z.string().optional(),
  /** Null for a clean end. */
  code: code.nullable().optional(),
})

export const session = z.strictObject({
  $schema: z.string(),
  about,
  contracts: z.record(z.string(), contract),
  sessions: z.array(
    z.strictObject({
      name,
      suite: z.string(),
      initiator: side,
      responder: side,
      prologue: hex,
      steps: z.array(step),
      keys,
      sessionId: hex,
      script: z.array(z.union([act, flight, seen])),
    }),
  ),
})
