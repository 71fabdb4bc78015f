import { existsSync, readFileSync } from 'node:fs'
import { utf8 } from '../../src/bytes.js'
import { type Auditor, generateAuditor } from '../../src/identity/auditor.js'
import { AuditCheck } from '../../src/policy/auditchain.js'
import type { AuditLine } from '../../src/policy/auditline.js'

/** The auditor of these tests. */
export const auditor: Auditor = generateAuditor()

/** A record with a number, as the policy would tell one. */
export const record = (n: number, filling = ''): Uint8Array =>
  utf8(`{"kind":"decided","n":${n}${filling === '' ? '' : `,"filling":"${filling}"`}}`)

export interface Read {
  readonly check: AuditCheck
  readonly lines: readonly AuditLine[]
  /** The numbers of the records that have lines, in order. */
  readonly numbers: readonly number[]
  /** The other lines, by kind. */
  readonly kinds: readonly string[]
}

/** A whole log, verified; throws audit/broken. `from` is the number of the first line where the files before are gone. */
export const verified = (bytes: Uint8Array, of: Auditor = auditor): Read => {
  const lines: AuditLine[] = []
  const all: Uint8Array[] = []
  let from = 0
  for (let to = bytes.indexOf(0x0a); to >= 0; to = bytes.indexOf(0x0a, from)) {
    all.push(bytes.subarray(from, to))
    from = to + 1
  }
  if (from !== bytes.length) throw new Error(`${bytes.length - from} bytes behind the last line`)
  const first = /^\{"seq":(\d+),/.exec(new TextDecoder().decode(all[0]))?.[1]
  const check = new AuditCheck(of.id, first === undefined ? 1 : Number(first))
  for (const line of all) lines.push(check.take(line))
  const numbers = lines.flatMap(({ record: { n } }) => (typeof n === 'number' ? [n] : []))
  const kinds = lines.flatMap(({ record: { kind } }) => (kind === 'decided' ? [] : [kind]))
  return { check, lines, numbers, kinds }
}

/** The `lost` lines: how many, and why. */
export const losses = ({ lines }: Read): readonly (readonly [unknown, unknown])[] =>
  lines.flatMap(({ record: { kind, records, overflow } }) => (kind === 'lost' ? [[records, overflow] as const] : []))

/** All the files of a log, the oldest first, joined. */
export const filesOf = (path: string): Uint8Array => {
  const names = [path]
  for (let n = 1; existsSync(`${path}.${n}`); n++) names.unshift(`${path}.${n}`)
  return Buffer.concat(names.filter((name) => existsSync(name)).map((name) => readFileSync(name)))
}
