import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../src/errors.js'

/** What each file holds. The makers are held to it by the compiler, schema.json is written from it, readers parse with it. */

const isCode = (text: string): text is ErrorCode => Object.hasOwn(ERRORS, text)

const hex = z.string().regex(/^(?:[0-9a-f]{2})*$/)
const key32 = z.string().regex(/^[0-9a-f]{64}$/)
const code = z.enum(Object.keys(ERRORS).filter(isCode))
const rule = z.string().regex(/^[A-Z]{2}-[0-9]+$/)
const about = z.string()
const name = z.string()
const count = z.int().min(0)
const role = z.enum(['initiator', 'responder'])

/** One fault: the code, whose first half is the layer that refuses, and the requirement that asks for it. */
const fault = { name, code, rule }

const repeat = z.strictObject({ hex, times: count })

export const cbor = z.strictObject({
  $schema: z.string(),
  about,
  accepted: z.array(
    z.strictObject({
      name,
      as: z.enum(['body', 'control']),
      hex,
      repeat: repeat.optional(),
      diagnostic: z.string().optional(),
    }),
  ),
  refused: z.array(z.strictObject({ ...fault, as: z.enum(['body', 'control']), hex, repeat: repeat.optional() })),
})

const textKind = z.enum(['peer', 'secret', 'sealed'])

export const ids = z.strictObject({
  $schema: z.string(),
  about,
  identities: z.array(
    z.strictObject({ name, secretKey: key32, publicKey: key32, peer: z.string(), secret: z.string() }),
  ),
  sealed: z.array(
    z.strictObject({
      name,
      secretKey: key32,
      passphrase: z.string(),
      cost: count,
      salt: hex,
      key: key32,
      ad: hex,
      bytes: hex,
      text: z.string(),
    }),
  ),
  refused: z.array(z.strictObject({ ...fault, as: textKind, text: z.string() })),
})

const row = z.strictObject({
  name,
  kind: z.enum(['requestResponse', 'oneWay']),
  subject: z.string(),
  faults: z.array(z.string()),
  visible: z.array(z.string()),
  retain: z.boolean(),
  idempotent: z.boolean(),
})

const contract = z.strictObject({ name, operations: z.array(row) })

export const rows = z.strictObject({
  $schema: z.string(),
  about,
  rows: z.array(z.strictObject({ name, row, cbor: hex, digest: key32 })),
  numbering: z.array(z.strictObject({ name, given: z.array(z.string()), numbered: z.array(z.string()) })),
  names: z.array(
    z.strictObject({
      name,
      as: z.enum(['contract', 'operation', 'token', 'address']),
      text: z.string(),
      valid: z.boolean(),
      rule,
    }),
  ),
})

/** The symmetric state after a token: `k` is null before the first key. */
const step = z.strictObject({ message: count, token: z.string(), h: key32, ck: key32, k: key32.nullable(), n: count })

const noiseVector = z.strictObject({
  protocol_name: z.string(),
  init_prologue: hex,
  init_psks: z.array(key32),
  init_static: key32,
  init_ephemeral: key32,
  init_e1: hex,
  resp_prologue: hex,
  resp_psks: z.array(key32),
  resp_static: key32,
  resp_ephemeral: key32,
  resp_ekem1: key32,
  handshake_hash: key32,
  messages: z.array(z.strictObject({ payload: hex, ciphertext: hex })),
  steps: z.array(step),
})

export const noise = z.strictObject({ $schema: z.string(), about, vectors: z.array(noiseVector) })

const keys = z.strictObject({ t: key32, k_ir: key32, k_ri: key32, x: key32, exp: key32 })
const exported = z.strictObject({ label: z.string(), context: hex, length: count, bytes: hex })

export const exporter = z.strictObject({
  $schema: z.string(),
  about,
  vectors: z.array(z.strictObject({ name, ck: key32, h: key32, keys, sessionId: hex, exports: z.array(exported) })),
  refused: z.array(z.strictObject({ name, rule, label: z.string(), length: count })),
})

const cipher = z.enum(['ChaChaPoly', 'AESGCM'])
const record = z.strictObject({ key: key32, n: count, nonce: hex, plaintext: hex, record: hex })

export const channel = z.strictObject({
  $schema: z.string(),
  about,
  records: z.array(z.strictObject({ name, cipher, ...record.shape })),
  rekeys: z.array(z.strictObject({ name, cipher, chain: z.array(record) })),
  refused: z.array(z.strictObject({ ...fault, cipher, key: key32, n: count, record: hex })),
})

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
  payloads: z.array(z.strictObject({ name, hex, initiation: hex })),
  refused: z.array(z.strictObject({ ...fault, as: z.enum(['initiation', 'acceptance', 'payload']), hex })),
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

const side = z.strictObject({
  secretKey: key32,
  peer: z.string(),
  uses: z.array(z.string()),
  serves: z.array(z.string()),
  context: hex,
  service: z.string(),
  pq: z.enum(['require', 'prefer', 'off']),
  limits,
  /** Records of a key before this end rekeys; null for the default. */
  rekeyRecords: count.nullable(),
  policy: z.json(),
  trusts: z.boolean(),
  /** What is drawn, in this order. */
  random: z.array(z.strictObject({ name, bytes: hex })),
})

const act = z.discriminatedUnion('act', [
  z.strictObject({
    by: role,
    act: z.enum(['call', 'send']),
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
  z.strictObject({ by: role, act: z.literal('ping') }),
  z.strictObject({ by: role, act: z.literal('close') }),
])

const flight = z.discriminatedUnion('is', [
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
const seen = z.strictObject({
  at: role,
  event: z.enum([
    'established',
    'message',
    'reply',
    'fault',
    'taken',
    'cancelled',
    'denied',
    'refused',
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

const scalar = z.union([z.string(), z.number(), z.boolean()])
const peer = z.strictObject({
  id: z.string(),
  name: z.string().optional(),
  roles: z.array(z.string()),
  claims: z.record(z.string(), scalar),
})
const verb = z.enum(['initiate', 'call', 'send', 'stream', 'publish', 'subscribe', 'enqueue', 'consume'])
const verdict = {
  effect: z.enum(['allow', 'deny']),
  why: z.enum(['rule', 'default', 'limit', 'error']).nullable(),
  rules: z.array(z.string()),
}

export const policy = z.strictObject({
  $schema: z.string(),
  about,
  peers: z.record(z.string(), peer),
  policies: z.array(
    z.strictObject({
      name,
      policy: z.json(),
      questions: z.array(
        z.strictObject({
          name,
          rule,
          peer: z.string(),
          direction: z.enum(['in', 'out']),
          verb,
          address: z.string(),
          attributes: z.record(z.string(), scalar),
          /** The clock, and whether the act is done if allowed, so that limits are charged. */
          nowMs: count,
          charge: z.boolean(),
          ...verdict,
        }),
      ),
    }),
  ),
  patterns: z.array(
    z.strictObject({
      pattern: z.string(),
      peer: z.string(),
      address: z.string(),
      matches: z.enum(['yes', 'no', 'error']),
    }),
  ),
  refused: z.array(z.strictObject({ ...fault, path: z.string(), policy: z.json() })),
})

export const decision = z.strictObject({
  $schema: z.string(),
  about,
  vectors: z.array(
    z.strictObject({
      sessionId: hex,
      way: z.enum(['ir', 'ri']),
      exchange: count,
      index: count,
      decision: z.string(),
    }),
  ),
})

/** The files, by name. */
export const FILES = {
  cbor,
  ids,
  rows,
  'noise-hfs': noise,
  exporter,
  channel,
  negotiation,
  initiation,
  frames,
  session,
  policy,
  decision,
} as const

export type FileName = keyof typeof FILES
/** Without the reference to the schema, which is written in front. */
export type Vectors<F extends FileName> = Omit<z.infer<(typeof FILES)[F]>, '$schema'>
export type SessionVector = Vectors<'session'>['sessions'][number]
export type Act = z.infer<typeof act>
export type Flight = z.infer<typeof flight>
export type Seen = z.infer<typeof seen>
export type SideForm = z.infer<typeof side>
export type FrameForm = z.infer<typeof frame>
export type Step = z.infer<typeof step>
