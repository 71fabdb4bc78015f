import { z } from 'zod'
import { about, count, fault, hex, key32, name, rule } from './form.js'

/** A line as the text it is, without its newline. */
const line = z.string()

const taken = z.strictObject({
  log: hex.nullable(),
  /** The number of the last line that is signed; 0 for none. */
  signed: count,
  behind: count,
  exposed: count,
  lost: count,
  torn: count,
  stepsBack: count,
})

/** The number of the first line, if not 1. */
const from = count.optional()

/** A record of the kind that a log of a session has, as a reconciler sees it. */
const record = z.record(z.string(), z.unknown())

const finding = z.strictObject({
  kind: z.enum(['alone', 'refused', 'different', 'missing', 'unsent', 'lost']),
  by: z.enum(['a', 'b']),
  /** The decision; of `alone`, the session. */
  of: z.string(),
  /** Of `lost`. */
  unsaid: z.enum(['unopened', 'unclosed', 'losses']).optional(),
})

export const audit = z.strictObject({
  $schema: z.string(),
  about,
  auditor: z.strictObject({ seed: key32, publicKey: key32, id: z.string(), secret: z.string() }),
  checkpoints: z.array(
    z.strictObject({ name, log: hex, seq: count, prev: key32, message: hex, signature: hex, line, hash: key32 }),
  ),
  accepted: z.array(z.strictObject({ name, from, lines: z.array(line), taken })),
  refused: z.array(z.strictObject({ ...fault, from, lines: z.array(line), line: count })),
  reconciled: z.array(
    z.strictObject({ name, rule, a: z.array(record), b: z.array(record), findings: z.array(finding) }),
  ),
})
