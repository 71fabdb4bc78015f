import { z } from 'zod'
import { audit } from './auditschema.js'
import { about, count, fault, hex, key32, keys, name, repeat, row, rule, step } from './form.js'
import {
  type act,
  type flight,
  type frame,
  frames,
  initiation,
  negotiation,
  type seen,
  session,
  type side,
} from './wireschema.js'

/** What each file holds. The makers are held to it by the compiler, schema/ is written from it, readers parse with it. */

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

const judged = { name, id: z.string(), unixMs: count }

export const credential = z.strictObject({
  $schema: z.string(),
  about,
  issuers: z.array(z.strictObject({ seed: key32, publicKey: key32, issuer: z.string(), secret: z.string() })),
  accepted: z.array(
    z.strictObject({
      ...judged,
      peer: z.strictObject({
        name: z.string().nullable(),
        roles: z.array(z.string()),
        claims: z.record(z.string(), z.union([z.string(), z.int(), z.boolean()])),
        serial: hex,
        expiresMs: count,
      }),
      payload: hex,
      toBeSigned: hex,
      credential: hex,
    }),
  ),
  refused: z.array(z.strictObject({ ...fault, ...judged, credential: hex })),
  names: z.array(z.strictObject({ text: z.string(), taken: z.boolean() })),
  possession: z.array(
    z.strictObject({
      name,
      seed: key32,
      unixMs: count,
      nonce: hex,
      c: key32,
      challenge: z.string(),
      secretKey: key32,
      shared: key32,
      proof: z.string(),
    }),
  ),
})

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

const exported = z.strictObject({ label: z.string(), context: hex, length: count, bytes: hex })

export const exporter = z.strictObject({
  $schema: z.string(),
  about,
  vectors: z.array(
    z.strictObject({
      name,
      ck: key32,
      h: key32,
      keys: keys.extend({ root: key32 }),
      sessionId: hex,
      exports: z.array(exported),
    }),
  ),
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

const refreshRun = z.strictObject({
  run: count,
  prologue: hex,
  psk: key32,
  init_ephemeral: key32,
  init_e1: hex,
  resp_ephemeral: key32,
  resp_ekem1: key32,
  messages: z.array(hex),
  frames: z.array(hex),
  steps: z.array(step),
  keys: z.strictObject({ ck: key32, h: key32, t: key32, k_ir: key32, k_ri: key32, x: key32, root: key32 }),
  records: z.array(z.strictObject({ from: z.enum(['initiator', 'responder']), ...record.shape })),
})

export const refresh = z.strictObject({
  $schema: z.string(),
  about,
  vectors: z.array(
    z.strictObject({
      name,
      cipher,
      protocol_name: z.string(),
      init_static: key32,
      resp_static: key32,
      ck: key32,
      h: key32,
      before: z.strictObject({ k_ir: key32, k_ri: key32, root: key32 }),
      runs: z.array(refreshRun),
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
          /** Questions before it whose exchanges end first. */
          ended: z.array(z.string()).optional(),
          /** One more item of an exchange that is open. */
          item: z.boolean().optional(),
          /** A document put in force first. */
          replace: z.json().optional(),
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
  credential,
  rows,
  'noise-hfs': noise,
  exporter,
  channel,
  refresh,
  negotiation,
  initiation,
  frames,
  session,
  policy,
  decision,
  audit,
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
