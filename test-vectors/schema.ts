import { z } from 'zod'
import { audit } from './auditschema.js'
import {
  about,
  answer,
  asked,
  contract,
  count,
  fault,
  hex,
  hint,
  key32,
  keys,
  name,
  repeat,
  role,
  row,
  rule,
  step,
} from './form.js'
import { contracts, messaging } from './messagingschema.js'
import { noise, noiseRefused, noiseSuites, noiseSuitesRefused } from './noiseschema.js'
import { type opening, traffic, type trafficItem } from './trafficschema.js'
import {
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

const encoded = { as: z.enum(['body', 'control']), hex, repeat: repeat.optional() }

export const cbor = z.strictObject({
  $schema: z.string(),
  about,
  accepted: asked('cbor', z.array(z.strictObject({ name, ...encoded, diagnostic: answer(z.string()) }))),
  refused: asked('cbor', z.array(z.strictObject({ ...fault, ...encoded }))),
})

const coreText = { as: z.enum(['peer', 'secret', 'sealed']), text: z.string() }
const otherText = {
  as: z.enum([
    'issuer',
    'issuerSecret',
    'issuerSealed',
    'auditor',
    'auditorSecret',
    'auditorSealed',
    'challenge',
    'proof',
  ]),
  text: z.string(),
}
/** The bytes behind the type, and of a secret the public key that it makes. */
const told = { bytes: answer(hex), publicKey: answer(key32).optional() }
const locked = { passphrase: z.string(), text: z.string() }

export const ids = z.strictObject({
  $schema: z.string(),
  about,
  accepted: asked('id', z.array(z.strictObject({ name, ...coreText, ...told }))),
  refused: asked('id', z.array(z.strictObject({ ...fault, ...coreText }))),
  texts: asked('text', z.array(z.strictObject({ name, ...otherText, ...told }))),
  textsRefused: asked('text', z.array(z.strictObject({ ...fault, ...otherText }))),
  sealed: asked(
    'sealed',
    z.array(
      z.strictObject({
        name,
        ...locked,
        secretKey: answer(key32),
        cost: hint(count),
        salt: hint(hex),
        key: hint(key32),
        ad: hint(hex),
        bytes: hint(hex),
      }),
    ),
  ),
  sealedRefused: asked('sealed', z.array(z.strictObject({ ...fault, ...locked }))),
})

/** A credential shown for `id`, where the issuer `trusts` is trusted and no other. */
const shown = { id: z.string(), unixMs: count, trusts: z.string(), credential: hex }
const asking = { secretKey: key32, challenge: z.string(), issuer: z.string() }
const proving = { seed: key32, unixMs: count, proof: z.string() }

export const credential = z.strictObject({
  $schema: z.string(),
  about,
  issuers: z.array(z.strictObject({ seed: key32, publicKey: key32, issuer: z.string(), secret: z.string() })),
  accepted: asked(
    'credential',
    z.array(
      z.strictObject({
        name,
        ...shown,
        peer: answer(
          z.strictObject({
            name: z.string().nullable(),
            roles: z.array(z.string()),
            claims: z.record(z.string(), z.union([z.string(), z.int(), z.boolean()])),
            serial: hex,
            expiresMs: count,
          }),
        ),
        payload: hint(hex),
        toBeSigned: hint(hex),
      }),
    ),
  ),
  refused: asked('credential', z.array(z.strictObject({ ...fault, ...shown }))),
  names: asked('name', z.array(z.strictObject({ name, rule, text: z.string(), valid: answer(z.boolean()) }))),
  possession: asked(
    'possession',
    z.array(z.strictObject({ name, ...asking, proof: answer(z.string()), c: hint(key32), shared: hint(key32) })),
  ),
  possessionRefused: asked('possession', z.array(z.strictObject({ ...fault, ...asking }))),
  proofs: asked('proof', z.array(z.strictObject({ name, ...proving, id: answer(z.string()) }))),
  proofsRefused: asked('proof', z.array(z.strictObject({ ...fault, ...proving }))),
})

export const rows = z.strictObject({
  $schema: z.string(),
  about,
  rows: asked('row', z.array(z.strictObject({ name, row, cbor: answer(hex), digest: answer(key32) }))),
  numbering: asked(
    'numbering',
    z.array(z.strictObject({ name, given: z.array(z.string()), numbered: answer(z.array(z.string())) })),
  ),
  names: asked(
    'grammar',
    z.array(
      z.strictObject({
        name,
        as: z.enum(['contract', 'operation', 'token', 'address', 'template']),
        text: z.string(),
        valid: answer(z.boolean()),
        rule,
      }),
    ),
  ),
  subjects: asked(
    'subject',
    z.array(
      z.strictObject({
        name,
        template: z.string(),
        text: z.string(),
        subject: answer(z.boolean()),
        filter: answer(z.boolean()),
      }),
    ),
  ),
})

export const exporter = z.strictObject({
  $schema: z.string(),
  about,
  schedules: asked(
    'schedule',
    z.array(
      z.strictObject({
        name,
        ck: key32,
        h: key32,
        keys: answer(keys.extend({ root: key32 })),
        sessionId: answer(hex),
      }),
    ),
  ),
  exports: asked(
    'exporter',
    z.array(
      z.strictObject({ name, ck: key32, h: key32, label: z.string(), context: hex, length: count, bytes: answer(hex) }),
    ),
  ),
  labels: asked(
    'label',
    z.array(z.strictObject({ name, rule, label: z.string(), length: count, valid: answer(z.boolean()) })),
  ),
})

const cipher = z.enum(['ChaChaPoly', 'AESGCM'])
const sealedRecord = { cipher, key: key32, n: count, record: hex }
const sealedRecords = { cipher, key: key32, n: count, records: z.array(hex) }

export const channel = z.strictObject({
  $schema: z.string(),
  about,
  records: asked(
    'record',
    z.array(z.strictObject({ name, ...sealedRecord, plaintext: answer(hex), nonce: hint(hex) })),
  ),
  refused: asked('record', z.array(z.strictObject({ ...fault, ...sealedRecord }))),
  rekeys: asked(
    'rekey',
    z.array(
      z.strictObject({
        name,
        ...sealedRecords,
        plaintexts: answer(z.array(hex)),
        keys: hint(z.array(key32)),
        nonces: hint(z.array(hex)),
      }),
    ),
  ),
  rekeysRefused: asked('rekey', z.array(z.strictObject({ ...fault, ...sealedRecords }))),
})

const refreshed = {
  protocol_name: z.string(),
  init_static: key32,
  resp_static: key32,
  /** Of the handshake or refresh before. */
  root: key32,
  h: key32,
  run: count,
  init_ephemeral: key32,
  init_e1: hex,
  resp_ephemeral: key32,
  resp_ekem1: key32,
  /** As they come to their reader. */
  messages: z.array(hex),
}

export const refresh = z.strictObject({
  $schema: z.string(),
  about,
  accepted: asked(
    'refresh',
    z.array(
      z.strictObject({
        name,
        ...refreshed,
        prologue: answer(hex),
        keys: answer(
          z.strictObject({ ck: key32, h: key32, t: key32, k_ir: key32, k_ri: key32, x: key32, root: key32 }),
        ),
        frames: hint(z.array(hex)),
        steps: hint(z.array(step)),
        records: hint(
          z.array(z.strictObject({ from: role, key: key32, n: count, nonce: hex, plaintext: hex, record: hex })),
        ),
      }),
    ),
  ),
  refused: asked('refresh', z.array(z.strictObject({ ...fault, ...refreshed }))),
})

const scalar = z.union([z.string(), z.number(), z.boolean()])
const peer = z.strictObject({
  id: z.string(),
  name: z.string().optional(),
  roles: z.array(z.string()),
  claims: z.record(z.string(), scalar),
})
const verb = z.enum(['initiate', 'call', 'send', 'stream', 'publish', 'subscribe', 'enqueue', 'consume'])
const question = z.strictObject({
  /** Which questions behind it name in `ended`. */
  name,
  rule,
  /** Of `peers`. */
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
})
const verdict = z.strictObject({
  effect: z.enum(['allow', 'deny']),
  why: z.enum(['rule', 'default', 'limit', 'error']).nullable(),
  rules: z.array(z.string()),
})

/** A document, and what is asked of one store of it, in this order. */
const posed = {
  policy: z.json(),
  /** What the document is held against, where it is. */
  contracts: z.array(contract).optional(),
  peers: z.record(z.string(), peer),
  questions: z.array(question),
}

export const policy = z.strictObject({
  $schema: z.string(),
  about,
  /** Of each question, in their order. */
  policies: asked('policy', z.array(z.strictObject({ name, ...posed, verdicts: answer(z.array(verdict)) }))),
  patterns: asked(
    'pattern',
    z.array(
      z.strictObject({
        pattern: z.string(),
        peer,
        address: z.string(),
        matches: answer(z.enum(['yes', 'no', 'error'])),
      }),
    ),
  ),
  refused: asked('policy', z.array(z.strictObject({ ...fault, ...posed, path: hint(z.string()) }))),
  texts: asked('json', z.array(z.strictObject({ name, text: z.string(), value: answer(z.json()) }))),
  /** The place that a reader names, from 1. */
  textsRefused: asked(
    'json',
    z.array(z.strictObject({ ...fault, text: z.string(), line: hint(count), column: hint(count) })),
  ),
})

export const decision = z.strictObject({
  $schema: z.string(),
  about,
  vectors: asked(
    'decision',
    z.array(
      z.strictObject({
        sessionId: hex,
        way: z.enum(['ir', 'ri']),
        exchange: count,
        index: count,
        decision: answer(z.string()),
      }),
    ),
  ),
})

/** The files, by name. */
export const FILES = {
  cbor,
  ids,
  credential,
  rows,
  noise,
  'noise-suites': noiseSuites,
  'noise-refused': noiseRefused,
  'noise-suites-refused': noiseSuitesRefused,
  exporter,
  channel,
  refresh,
  negotiation,
  initiation,
  frames,
  session,
  traffic,
  messaging,
  contracts,
  policy,
  decision,
  audit,
} as const

export type FileName = keyof typeof FILES
export type Layer = 'encoding' | 'handshake' | 'channel' | 'session' | 'messaging' | 'policy'

/** Which layer the vectors of each file are counted for. */
export const LAYERS: { readonly [F in FileName]: Layer } = {
  cbor: 'encoding',
  ids: 'encoding',
  rows: 'encoding',
  credential: 'handshake',
  noise: 'handshake',
  'noise-suites': 'handshake',
  'noise-refused': 'handshake',
  'noise-suites-refused': 'handshake',
  exporter: 'handshake',
  negotiation: 'handshake',
  initiation: 'handshake',
  channel: 'channel',
  refresh: 'channel',
  frames: 'session',
  session: 'session',
  traffic: 'session',
  messaging: 'messaging',
  contracts: 'messaging',
  policy: 'policy',
  decision: 'policy',
  audit: 'policy',
}
/** Without the reference to the schema, which is written in front. */
export type Vectors<F extends FileName> = Omit<z.infer<(typeof FILES)[F]>, '$schema'>
export type SessionVector = Vectors<'session'>['sessions'][number]
export type Flight = z.infer<typeof flight>
export type Seen = z.infer<typeof seen>
export type SideForm = z.infer<typeof side>
export type TrafficItem = z.infer<typeof trafficItem>
export type Opening = z.infer<typeof opening>
export type FrameForm = z.infer<typeof frame>
export type Step = z.infer<typeof step>
