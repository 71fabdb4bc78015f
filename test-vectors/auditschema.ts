import { z } from 'zod'
import { about, answer, asked, count, fault, hex, hint, key32, name, rule } from './form.js'

/** A line as the text it is, without its newline. */
const line = z.string()

/** What a verifier tells of a log. */
const told = {
  /** The number of the last line that is signed; 0 for none. */
  signed: answer(count),
  behind: answer(count),
  lost: answer(count),
  log: hint(hex.nullable()),
  exposed: hint(count),
  torn: hint(count),
  stepsBack: hint(count),
}

/** What is read as a log of `auditor`; `from` is the number of the first line. */
const log = { auditor: z.string(), from: count, lines: z.array(line) }

/** The same of files, which are whole texts: a line that ends without a newline is torn. */
const inFiles = { auditor: z.string(), from: count, files: z.array(z.string()) }

/** A record of the kind that a log of a session has, as a reconciler sees it. */
const record = z.record(z.string(), z.unknown())

const finding = z.strictObject({
  kind: z.enum(['alone', 'refused', 'different', 'missing', 'unsent', 'lost']),
  by: z.enum(['a', 'b']),
  /** The decision; of `alone`, the session. */
  of: z.string(),
})

export const audit = z.strictObject({
  $schema: z.string(),
  about,
  auditor: z.strictObject({ seed: key32, publicKey: key32, id: z.string(), secret: z.string() }),
  /** What an auditor writes as line `seq` of a log; `hash` is that of its line. */
  checkpoints: asked(
    'checkpoint',
    z.array(
      z.strictObject({
        name,
        seed: key32,
        log: hex,
        seq: count,
        time: count,
        prev: key32,
        line: answer(line),
        hash: answer(key32),
        message: hint(hex),
        signature: hint(hex),
      }),
    ),
  ),
  accepted: asked('audit', z.array(z.strictObject({ name, ...log, ...told }))),
  refused: asked('audit', z.array(z.strictObject({ ...fault, ...log, line: hint(count) }))),
  /** Also the bytes of a torn line at the very end. */
  files: asked('files', z.array(z.strictObject({ name, ...inFiles, ...told, tail: answer(count) }))),
  filesRefused: asked('files', z.array(z.strictObject({ ...fault, ...inFiles, line: hint(count) }))),
  /** The findings by their text as `by of kind`. */
  reconciled: asked(
    'reconcile',
    z.array(z.strictObject({ name, rule, a: z.array(record), b: z.array(record), findings: answer(z.array(finding)) })),
  ),
})
