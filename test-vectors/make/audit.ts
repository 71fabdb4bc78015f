import { concat, toHex, utf8 } from '../../src/bytes.js'
import type { Provider } from '../../src/crypto/provider.js'
import { SottoError } from '../../src/errors.js'
import { Auditor, auditorKeysOf, auditorSecretTextOf } from '../../src/identity/auditor.js'
import { AuditChain, AuditCheck } from '../../src/policy/auditchain.js'
import { readAuditLine } from '../../src/policy/auditline.js'
import { counting, fromHex } from '../hex.js'
import type { Vectors } from '../schema.js'
import { auditFiles } from './auditfiles.js'
import { auditLogs } from './auditlogs.js'
import { decided, reconciled, SESSION } from './reconcile.js'

type Audit = Vectors<'audit'>

const TIME = 1_767_225_600_000
const PEER = 'sotto1qz85p3ddk68j2cj2ukepf6nk0fhvjnvzn57hkhs66xax703p8q59758trnn'

export const auditVectors = (provider: Provider): Audit => {
  const auditor = Auditor.of(counting(0x60, 32), provider)
  const { secretKey, publicKey } = auditorKeysOf(auditor)
  const logs = logsOf(auditor, provider)
  return {
    about:
      'Audit logs (spec/audit.md), a line as text without its newline. auditor: the key all are checked with. checkpoints: the line that the auditor of seed writes as line seq of a log at a time, what it signs, and the hash ' +
      'of the line. accepted: logs, read as those of auditor from line from, and what a verifier tells of them. refused: logs of which line does not fit. ' +
      'files: the texts of the files of a log, read in their order, of which the last may end within a line; filesRefused: files of which line does not fit. ' +
      'reconciled: records of two logs and their findings, sorted by the texts of by, of and kind.',
    auditor: {
      seed: toHex(secretKey),
      publicKey: toHex(publicKey),
      id: auditor.id,
      secret: auditorSecretTextOf(auditor),
    },
    checkpoints: checkpoints(logs.whole, auditor, provider),
    accepted: accepted(logs, auditor, provider),
    refused: refused(logs, auditor, provider),
    ...auditFiles(logs.whole, auditor, provider),
    reconciled: reconciled(),
  }
}

interface Logs {
  readonly whole: readonly string[]
  readonly resumed: readonly string[]
  readonly foreign: readonly string[]
  readonly otherLog: readonly string[]
}

const text = (line: Uint8Array): string => new TextDecoder().decode(line.subarray(0, -1))
const json = (record: object): Uint8Array => utf8(JSON.stringify(record))

const logsOf = (auditor: Auditor, provider: Provider): Logs => {
  const make = (by: Auditor, log: Uint8Array): string[] => {
    const chain = new AuditChain(by, { log }, provider)
    return [
      chain.first(TIME),
      chain.line(json({ kind: 'opened', session: SESSION, peer: PEER }), TIME + 1),
      chain.line(json(decided(PEER, 'in', '0f0e0d0c0b0a0908.ir.1.0')), TIME + 2),
      chain.checkpoint(TIME + 3),
      chain.lost(3, 'drop-oldest', TIME + 2),
      chain.line(utf8('{"kind":"of tomorrow", "nested":{"a":[1,2.5e0,null]},"\\u00e9":"é"}'), TIME + 4),
      chain.checkpoint(TIME + 5),
      chain.line(json({ kind: 'closed', session: SESSION, peer: PEER, code: null }), TIME + 6),
    ].map(text)
  }
  const whole = make(auditor, counting(0x10, 16))
  const check = new AuditCheck(auditor.id, 1, provider)
  for (const line of whole) check.take(utf8(line))
  const chain = new AuditChain(auditor, check.place ?? { log: counting(0x10, 16) }, provider)
  const resumed = [...whole, text(chain.resumed(17, TIME + 9)), text(chain.checkpoint(TIME + 9))]
  const stranger = Auditor.of(counting(0x80, 32), provider)
  return { whole, resumed, foreign: make(stranger, counting(0x10, 16)), otherLog: make(auditor, counting(0x30, 16)) }
}

/** Checkpoints of a log, and in places that no log of these vectors comes to. */
const checkpoints = (lines: readonly string[], auditor: Auditor, provider: Provider): Audit['checkpoints'] => {
  const { secretKey } = auditorKeysOf(auditor)
  const of = (name: string, log: string, seq: number, time: number, prev: string): Audit['checkpoints'][number] => {
    const chain = new AuditChain(auditor, { log: fromHex(log), seq, prev: fromHex(prev) }, provider)
    const line = text(chain.checkpoint(time))
    const hash = toHex(provider.hash.SHA256.digest(utf8(line)))
    const signature = String(readAuditLine(utf8(line), seq).record.signature)
    const message = toHex(concat(utf8('Sotto/1 audit checkpoint'), fromHex(log), u64(seq), fromHex(prev)))
    return { name, seed: toHex(secretKey), log, seq, time, prev, line, hash, message, signature }
  }
  const LOG = toHex(counting(0x10, 16))
  const PREV = toHex(counting(0xa0, 32))
  return [
    ...lines.flatMap((line) => {
      const { seq, time, prev, record } = readAuditLine(utf8(line), 1)
      return record.kind === 'checkpoint' ? [of(`line ${seq}`, String(record.log), seq, time, prev)] : []
    }),
    of('line 2, right behind the first', LOG, 2, TIME, PREV),
    of('at time 0', LOG, 3, 0, PREV),
    of('at the last time', LOG, 3, Number.MAX_SAFE_INTEGER, PREV),
    of('line 2^32 of a log', LOG, 2 ** 32, TIME, PREV),
    of('the last line but one that a log can have', LOG, Number.MAX_SAFE_INTEGER - 1, TIME, PREV),
    of('of a log of another id', '00'.repeat(16), 3, TIME, PREV),
    of('behind a line of another hash', LOG, 3, TIME, 'ff'.repeat(32)),
  ]
}

const u64 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

const accepted = ({ whole, resumed }: Logs, auditor: Auditor, provider: Provider): Audit['accepted'] => {
  const log = (name: string, lines: readonly string[], from = 1): Audit['accepted'][number] => {
    const check = new AuditCheck(auditor.id, from, provider)
    for (const line of lines) check.take(utf8(line))
    const { signed, behind, exposed, lost, torn, stepsBack } = check
    const told = { signed, behind, lost, log: check.log ?? null, exposed, torn, stepsBack }
    return { name, auditor: auditor.id, from, lines: [...lines], ...told }
  }
  return [
    log('a log with a kind that is not known, and a step back of the clock', whole),
    log('its end cut off at a checkpoint', whole.slice(0, 4)),
    log(
      'a value 16 levels below the record, and a line of 8,192 bytes with its newline',
      rechained(
        [
          whole[0] ?? '',
          lineOf({ kind: 'x', a: nested(16) }),
          lineOf({ kind: 'x', a: 'x'.repeat(8_191 - lineOf({ kind: 'x', a: '' }).length) }),
        ],
        provider,
      ),
    ),
    ...auditLogs(auditor, provider).map(({ name, lines }) => log(name, lines)),
    log('its first line alone: nothing is signed', whole.slice(0, 1)),
    log('taken up again with a line unsigned, of which a torn one was cut off', resumed),
    log('a log whose older lines are gone', whole.slice(2), 3),
    log('the same from a checkpoint on, which signs what is gone', whole.slice(3), 4),
    log('the same without a line that names it', whole.slice(4, 6), 5),
    log(
      'what anyone can write: the tail anew',
      rechained([...whole.slice(0, 7), lineOf({ kind: 'closed', session: 'x', peer: 'y' })], provider),
    ),
    log(
      'what anyone can write: all anew, and nothing signed',
      rechained([...whole.slice(0, 3), lineOf({ kind: 'x' })], provider),
    ),
  ]
}

/** A line that `rechained` gives its place. */
const lineOf = (record: object): string =>
  `{"seq":1,"time":${TIME},"prev":"${'0'.repeat(64)}","record":${JSON.stringify(record)}}`

/** A number, with lists around it, so many levels below what holds it. */
const nested = (levels: number): unknown => (levels === 1 ? 1 : [nested(levels - 1)])

/** The lines with numbers and hashes that fit, as anyone can make them. */
const rechained = (lines: readonly string[], { hash }: Provider): string[] => {
  const made: string[] = []
  for (const line of lines) {
    const last = made.at(-1)
    const prev = last === undefined ? '0'.repeat(64) : toHex(hash.SHA256.digest(utf8(last)))
    made.push(line.replace(/"seq":\d+/, `"seq":${made.length + 1}`).replace(/"prev":"[0-9a-f]+"/, `"prev":"${prev}"`))
  }
  return made
}

type Refused = Audit['refused'][number]

const refused = ({ whole, foreign, otherLog }: Logs, auditor: Auditor, provider: Provider): Refused[] => {
  /** What stands behind the line that is refused is left out. */
  const no = (rule: string, name: string, lines: readonly string[], from = 1): Refused => {
    const line = brokenAt(lines, auditor, from, provider)
    const given = lines.slice(0, line - from + 1)
    return { name, code: 'audit/broken', rule, auditor: auditor.id, from, lines: given, line }
  }
  const [first = '', second = '', third = '', fourth = '', fifth = ''] = whole
  const at = (i: number, line: string): string[] => whole.with(i, line)
  const anew = (i: number, record: object): string[] => rechained(at(i, lineOf(record)), provider)
  return [
    no('AU-1', 'a space behind a colon', at(1, second.replace('"seq":', '"seq": '))),
    no('AU-1', 'a space at the end', at(1, `${second} `)),
    no('AU-1', 'a carriage return', at(1, `${second}\r`)),
    no('AU-1', 'a leading zero', at(1, second.replace('"seq":2', '"seq":02'))),
    no('AU-1', 'another order', at(1, second.replace(/("seq":2),("time":\d+)/, '$2,$1'))),
    no(
      'AU-1',
      'upper-case hex',
      at(
        1,
        second.replace(/"prev":"[0-9a-f]+"/, (prev) => `"prev":"${prev.slice(8, -1).toUpperCase()}"`),
      ),
    ),
    no('AU-1', 'a member behind the record', at(1, second.replace(/\}$/, ',"more":1}'))),
    no('AU-1', 'an empty line', at(1, '')),
    no('AU-2', 'a line of 8,193 bytes with its newline', [
      first,
      `${second.slice(0, -2)},"x":"${'x'.repeat(8_185 - second.length)}"}}`,
    ]),
    no('AU-3', 'a line that was changed', at(2, third.replace('"allow"', '"deny"'))),
    no('AU-3', 'a line that was taken out', whole.toSpliced(2, 1)),
    no('AU-3', 'a line that stands twice', whole.toSpliced(2, 0, second)),
    no('AU-3', 'two lines that changed places', whole.with(1, third).with(2, second)),
    no('AU-3', 'a first line with a hash', [first.replace(/"prev":"0/, '"prev":"1')]),
    no(
      'AU-3',
      'a line that was put in with the number and the hash that fit',
      whole.toSpliced(2, 0, rechained(at(2, lineOf({ kind: 'x' })), provider)[2] ?? ''),
    ),
    no('AU-4', 'a first line of another kind', [lineOf({ kind: 'opened', session: SESSION, peer: PEER })]),
    no('AU-4', 'the first line of another auditor', foreign),
    no('AU-4', 'another version', [first.replace('"version":1', '"version":2')]),
    no('AU-4', 'a second first line', rechained([first, first], provider)),
    no('AU-4', 'a first line in the middle, of which the older are gone', [first.replace('"seq":1', '"seq":3')], 3),
    no(
      'AU-6',
      'what is signed, changed and chained anew',
      rechained(at(2, third.replace('"allow"', '"deny"')), provider),
    ),
    no('AU-6', 'the checkpoint of another log of the same auditor', rechained(at(3, otherLog[3] ?? ''), provider)),
    no('AU-6', 'the checkpoint of another auditor for the same log', rechained(at(3, foreign[3] ?? ''), provider)),
    no(
      'AU-6',
      'a signature in upper case',
      at(
        3,
        fourth.replace(
          /"signature":"[0-9a-f]+"/,
          (signature) => `"signature":"${signature.slice(13, -1).toUpperCase()}"`,
        ),
      ),
    ),
    no('AU-6', 'a checkpoint in another place', rechained(whole.toSpliced(2, 0, fourth), provider)),
    no('AU-7', 'a loss of nothing', anew(4, { kind: 'lost', records: 0, overflow: 'failed' })),
    no('AU-7', 'a loss for no known reason', rechained(at(4, fifth.replace('drop-oldest', 'drop-all')), provider)),
    no('AU-8', 'a torn line of fewer than no bytes', anew(4, { kind: 'resumed', torn: -1 })),
    no('AU-16', 'a record without a kind', anew(1, { king: 'opened' })),
    no(
      'AU-16',
      'a record with a name twice',
      rechained(at(1, second.replace('"session"', '"kind":"closed","session"')), provider),
    ),
    no('AU-16', 'a value 17 levels below the record', anew(1, { kind: 'x', a: nested(17) })),
    no('AU-16', 'a record that is a list', at(1, second.replace(/"record":.*\}$/, '"record":[]}'))),
    no('AU-18', 'a log whose older lines are gone, unsaid', whole.slice(2)),
    no('AU-18', 'a log whose older lines are gone, and more of them than said', whole.slice(2), 2),
  ]
}

/** The number of the line that does not fit. */
const brokenAt = (lines: readonly string[], auditor: Auditor, from: number, provider: Provider): number => {
  const check = new AuditCheck(auditor.id, from, provider)
  try {
    for (const line of lines) check.take(utf8(line))
  } catch (error) {
    if (SottoError.is(error, 'audit/broken')) return error.details.line
    throw error
  }
  throw new TypeError('expected a log to be refused')
}
