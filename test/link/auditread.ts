import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
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

/** All the files of a log, the oldest first, joined. A kill may have left a number out. */
export const filesOf = (path: string): Uint8Array => {
  const numbers = readdirSync(dirname(path)).flatMap((name) => {
    const [, number] = new RegExp(`^${basename(path)}(?:\\.(\\d+))?$`).exec(name) ?? [undefined, 'none']
    return number === 'none' ? [] : [Number(number ?? 0)]
  })
  const names = numbers.sort((a, b) => b - a).map((n) => (n === 0 ? path : `${path}.${n}`))
  return Buffer.concat(names.map((name) => readFileSync(name)))
}
