import { z } from 'zod'
import { about, answer, asked, code, count, hex, hint, key32, rule } from './form.js'

/** What the files of the Noise framework hold: the members that cacophony, snow and noise-c share, and some more. */

const state = z.string().regex(/^(?:[0-9a-f]{64}|[0-9a-f]{128})$/)

/** As `step`, of any hash. */
const noiseStep = z.strictObject({
  message: count,
  token: z.string(),
  h: state,
  ck: state,
  k: key32.nullable(),
  n: count,
})

const givenOf = <R extends 'init' | 'resp'>(role: R) =>
  ({
    [`${role}_prologue`]: hex,
    [`${role}_psks`]: z.array(hex).optional(),
    [`${role}_static`]: hex.optional(),
    [`${role}_ephemeral`]: hex.optional(),
    [`${role}_remote_static`]: hex.optional(),
    // A cast, for a computed key is of any name.
  }) as Record<`${R}_prologue`, typeof hex> &
    Record<`${R}_psks`, z.ZodOptional<z.ZodArray<typeof hex>>> &
    Record<`${R}_static` | `${R}_ephemeral` | `${R}_remote_static`, z.ZodOptional<typeof hex>>

const given = {
  protocol_name: z.string(),
  ...givenOf('init'),
  init_e1: hex.optional(),
  ...givenOf('resp'),
  resp_ekem1: hex.optional(),
}

const accepted = z.strictObject({
  ...given,
  messages: z.array(z.strictObject({ payload: hex, ciphertext: hex })),
  handshake_hash: answer(state),
  steps: hint(z.array(noiseStep)),
})

const refused = z.strictObject({
  comment: hint(z.string()),
  ...given,
  messages: z.array(z.strictObject({ payload: hex, ciphertext: hex, written: hex.optional() })),
  code,
  rule,
  fails: hint(z.strictObject({ message: count.nullable(), on: z.enum(['start', 'write', 'read']) })),
})

/** Of the protocols of suites. */
export const noiseSuites = z.strictObject({ $schema: z.string(), about, vectors: asked('noise', z.array(accepted)) })
export const noiseSuitesRefused = z.strictObject({
  $schema: z.string(),
  about,
  vectors: asked('noise', z.array(refused)),
})

/** Of every pattern. */
export const noise = z.strictObject({ $schema: z.string(), about, vectors: asked('framework', z.array(accepted)) })
export const noiseRefused = z.strictObject({
  $schema: z.string(),
  about,
  vectors: asked('framework', z.array(refused)),
})

export type NoiseAccepted = z.infer<typeof accepted>
export type NoiseRefused = z.infer<typeof refused>
