import { z } from 'zod'
import {
  about,
  answer,
  asked,
  code,
  contract,
  count,
  fault,
  hex,
  hint,
  key32,
  keys,
  LEARNT,
  level,
  name,
  repeat,
  role,
  step,
} from './form.js'

/** What the files of the session chapter hold. */

const hello = z.strictObject({ suites: z.array(count), tried: count, pskId: hex })

export const negotiation = z.strictObject({
  $schema: z.string(),
  about,
  hellos: asked('negotiation', z.array(z.strictObject({ name, as: z.literal('hello'), hex, hello: answer(hello) }))),
  retries: asked('negotiation', z.array(z.strictObject({ name, as: z.literal('retry'), hex, suite: answer(count) }))),
  packets: asked(
    'negotiation',
    z.array(z.strictObject({ name, as: z.literal('packet'), hex, neg: answer(hex), noise: answer(hex) })),
  ),
  prologues: asked('prologue', z.array(z.strictObject({ name, negs: z.array(hex), prologue: answer(hex) }))),
  refused: asked('negotiation', z.array(z.strictObject({ ...fault, as: z.enum(['hello', 'retry', 'packet']), hex }))),
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
  initiations: asked(
    'initiation',
    z.array(
      z.strictObject({
        name,
        as: z.literal('initiation'),
        hex,
        initiation: answer(initiationForm),
        /** Whether the map of extensions is not empty. */
        extensions: hint(z.boolean()),
      }),
    ),
  ),
  acceptances: asked(
    'initiation',
    z.array(
      z.strictObject({
        name,
        as: z.literal('acceptance'),
        hex,
        acceptance: answer(acceptanceForm),
        extensions: hint(z.boolean()),
      }),
    ),
  ),
  payloads: asked(
    'initiation',
    z.array(
      z.strictObject({
        name,
        as: z.enum(['payload 2', 'payload 3']),
        hex,
        credential: answer(hex),
        initiation: answer(hex),
      }),
    ),
  ),
  refused: asked(
    'initiation',
    z.array(z.strictObject({ ...fault, as: z.enum(['initiation', 'acceptance', 'payload 2', 'payload 3']), hex })),
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
    subject: z.string(),
    standing: z.boolean(),
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
  frames: asked('frame', z.array(z.strictObject({ name, as: z.literal('frame'), hex, frame: answer(frame) }))),
  plaintexts: asked(
    'frame',
    z.array(
      z.strictObject({
        name,
        as: z.literal('plaintext'),
        hex,
        repeat: repeat.optional(),
        frames: answer(z.array(frame)),
      }),
    ),
  ),
  faults: asked(
    'frame',
    z.array(
      z.strictObject({
        name,
        as: z.literal('fault'),
        hex,
        wire: count,
        error: answer(code),
        diagnostic: answer(z.string()),
      }),
    ),
  ),
  refused: asked(
    'frame',
    z.array(
      z.strictObject({
        ...fault,
        as: z.enum(['plaintext', 'fault']),
        hex,
        wire: count.optional(),
        repeat: repeat.optional(),
      }),
    ),
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
  /** All is allowed if it is absent. */
  policy: z.json().optional(),
  trusts: z.boolean(),
  /** What is drawn, in this order. */
  random: z.array(z.strictObject({ name, bytes: hex })),
})

const act = z.discriminatedUnion('act', [
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

/** What an end writes at the item of the script, taken apart. */
export const flight = z.discriminatedUnion('is', [
  z.strictObject({ is: z.literal('packet'), item: count, neg: hex, noise: hex, payload: hex.nullable() }),
  z.strictObject({
    is: z.literal('record'),
    item: count,
    key: key32,
    n: count,
    plaintext: hex,
    frames: z.array(frame),
  }),
])

/** What an end learns, in order. */
export const seen = z.strictObject({
  event: z.enum(['established', ...LEARNT]),
  exchange: count.optional(),
  /** CBOR, or the bytes of a chunk; empty for no value. */
  body: hex.optional(),
  decision: z.string().optional(),
  /** Null for a clean end. */
  code: code.nullable().optional(),
})

const sessions = z.array(
  z.strictObject({
    name,
    level,
    /** By the names that `uses` and `serves` have. */
    contracts: z.record(z.string(), contract),
    initiator: side,
    responder: side,
    script: z.array(z.union([act, z.strictObject({ from: role, bytes: hex })])),
    /** Of one that opens. */
    sessionId: answer(hex).optional(),
    events: answer(z.strictObject({ initiator: z.array(seen), responder: z.array(seen) })),
    suite: hint(z.string()),
    prologue: hint(hex),
    steps: hint(z.array(step)),
    keys: hint(keys),
    flights: hint(z.array(flight)),
  }),
)

export const session = z.strictObject({
  $schema: z.string(),
  about,
  sessions: asked('session', sessions),
})
