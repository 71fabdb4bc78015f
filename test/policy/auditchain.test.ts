import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { concat, toHex, utf8 } from '../../src/bytes.js'
import type { Provider } from '../../src/crypto/provider.js'
import { SottoError } from '../../src/errors.js'
import { type Auditor, auditorKeysOf, generateAuditor } from '../../src/identity/auditor.js'
import { generateIssuer } from '../../src/identity/issuer.js'
import { AuditChain, AuditCheck } from '../../src/policy/auditchain.js'
import { LineSplitter, MAX_AUDIT_LINE, readAuditLine } from '../../src/policy/auditline.js'
import { providers, seeded } from '../crypto/providers.js'

/** Every bit of every byte on every provider, instead of one change of each, and on noble of every 16th. */
const full = process.env.AUDIT_FULL !== undefined
const draw = seeded()

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bare = (line: Uint8Array): Uint8Array => line.subarray(0, -1)
const record = (n: number): Uint8Array => utf8(`{"kind":"decided","n":${n}}`)

const brokenBy = (run: () => unknown): SottoError<'audit/broken'> => {
  try {
    run()
  } catch (error) {
    if (SottoError.is(error, 'audit/broken')) return error
    throw error
  }
  throw new Error('expected a broken line')
}

/** 31 lines with checkpoints at 11 and 21: the lines to 20 are signed, 10 stand behind. */
const log = (auditor: Auditor, provider: Provider): Uint8Array[] => {
  const chain = new AuditChain(auditor, { log: provider.randomBytes(16) }, provider)
  return Array.from({ length: 31 }, (_, i) => {
    if (i === 0) return chain.first(1_000)
    if (i === 10 || i === 20) return chain.checkpoint(1_000 + i)
    return i === 15 ? chain.lost(3, 'drop-oldest', 1_015) : chain.line(record(i), 1_000 + i)
  })
}

/** What a reader makes of a whole file; a torn line at its end is passed over. */
const readAll = (auditor: Auditor, file: Uint8Array, provider: Provider): AuditCheck => {
  const check = new AuditCheck(auditor.id, 1, provider)
  for (const line of new LineSplitter().push(file)) check.take(line)
  return check
}

/** The lines with each chained to the one before it: what anyone can do who can write the file. */
const rechained = (lines: readonly Uint8Array[]): Uint8Array[] => {
  let prev = '0'.repeat(64)
  return lines.map((line, i) => {
    const text = decode(line)
      .replace(/"seq":\d+/, `"seq":${i + 1}`)
      .replace(/"prev":"[0-9a-f]{64}"/, `"prev":"${prev}"`)
    prev = createHash('sha256').update(text.slice(0, -1)).digest('hex')
    return utf8(text)
  })
}

describe.each(providers)('with $name', (provider) => {
  const auditor = generateAuditor(provider)
  const lines = log(auditor, provider)
  const read = (changed: readonly Uint8Array[]): AuditCheck => readAll(auditor, concat(...changed), provider)

  test('AU-3 AU-5 AU-19 a log is read as it was written, and what is signed is told', () => {
    const check = read(lines)
    expect([check.lines, check.signed, check.behind, check.lost]).toEqual([31, 20, 10, 3])
    expect([check.torn, check.exposed, check.stepsBack]).toEqual([0, 0, 0])
    expect(check.key).toBe(auditor.id)
  })

  test('AU-5 a checkpoint signs the label, the id of the log, its number and the hash before it', () => {
    const { seq, prev, record } = readAuditLine(bare(lines[10] ?? new Uint8Array()), 11)
    const { publicKey } = auditorKeysOf(auditor)
    const signed = concat(
      utf8('Sotto/1 audit checkpoint'),
      Uint8Array.from(Buffer.from(String(record.log), 'hex')),
      Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 11),
      createHash('sha256')
        .update(bare(lines[9] ?? new Uint8Array()))
        .digest(),
    )
    expect([seq, prev]).toEqual([11, toHex(signed.subarray(-32))])
    expect(provider.ed25519.verify(publicKey, signed, Buffer.from(String(record.signature), 'hex'))).toBe(true)
  })

  test('AU-1 AU-3 AU-6 AU-16 every byte that is changed is noticed, but in the last line of the tail', () => {
    const file = concat(...lines)
    const last = file.length - (lines.at(-1)?.length ?? 0)
    const step = full || provider.name === 'native' ? 1 : 16
    const random = draw(file.length)
    const masksAt = (at: number): number[] =>
      full ? Array.from({ length: 8 }, (_, bit) => 1 << bit) : [((random[at] ?? 0) % 255) + 1]
    for (let at = 0; at < file.length; at += step)
      for (const mask of masksAt(at)) {
        const changed = file.with(at, (file[at] ?? 0) ^ mask)
        if (at < last) brokenBy(() => readAll(auditor, changed, provider))
        else
          try {
            expect(readAll(auditor, changed, provider).signed).toBe(20)
          } catch (error) {
            expect(error).toMatchObject({ code: 'audit/broken', details: { line: expect.any(Number) } })
          }
      }
  })

  test('AU-3 a line that is taken out is noticed, but at the end', () => {
    for (const i of lines.keys()) {
      const rest = lines.toSpliced(i, 1)
      if (i === 30) expect(read(rest).lines).toBe(30)
      else expect(brokenBy(() => read(rest)).details.line).toBe(i + 1)
    }
  })

  test('AU-3 AU-4 a line that is put in twice, or elsewhere, is noticed', () => {
    for (const [from, line] of lines.entries())
      for (let to = 0; to <= lines.length; to++)
        expect(brokenBy(() => read(lines.toSpliced(to, 0, line))).details.line, `${from} at ${to}`).toBe(
          from === to ? to + 2 : to + 1,
        )
  })

  test('AU-3 two lines that change places are noticed', () => {
    for (const [i, one] of lines.entries())
      for (const [j, other] of lines.entries())
        if (i < j) expect(brokenBy(() => read(lines.with(i, other).with(j, one))).details.line).toBe(i + 1)
  })

  test('AU-6 what is signed cannot be written anew by who chains it anew', () => {
    for (let i = 1; i < 20; i++) {
      if (i === 10) continue
      const forged = rechained(
        lines.with(i, utf8(decode(lines[i] ?? new Uint8Array()).replace('"kind":"', '"kind":"x'))),
      )
      expect(brokenBy(() => read(forged)).message).toContain('a checkpoint that the auditor signed')
      expect(brokenBy(() => read(forged)).details.line).toBe(i < 10 ? 11 : 21)
      brokenBy(() => read(rechained(lines.toSpliced(i, 1))))
      brokenBy(() => read(rechained(lines.toSpliced(i, 0, lines[5] ?? new Uint8Array()))))
    }
  })

  test('AU-19 what anyone can do who can write the file shows in what is signed: the tail rewritten, the end cut off', () => {
    const rewritten = read(rechained(lines.toSpliced(25, 1).with(27, utf8(decode(lines[3] ?? new Uint8Array())))))
    expect([rewritten.lines, rewritten.signed, rewritten.behind]).toEqual([30, 20, 9])
    for (let end = 1; end <= lines.length; end++)
      expect(read(lines.slice(0, end)).signed).toBe(end < 11 ? 0 : end < 21 ? 10 : 20)
    const unsigned = read(rechained(lines.filter((_, i) => i !== 10 && i !== 20)))
    expect([unsigned.lines, unsigned.signed, unsigned.behind]).toEqual([29, 0, 29])
  })

  test('AU-4 AU-6 a log of another auditor, and a checkpoint from another log, are refused', () => {
    const other = generateAuditor(provider)
    expect(brokenBy(() => readAll(other, concat(...lines), provider)).message).toContain('got that of another')
    const sameKey = log(auditor, provider)
    const moved = rechained(lines.with(10, sameKey[10] ?? new Uint8Array()))
    expect(brokenBy(() => read(moved)).message).toContain('expected a checkpoint of this log')
    // Under the own id of this log, with the signature of the other.
    const relabelled = rechained(
      lines.with(
        10,
        utf8(
          decode(lines[10] ?? new Uint8Array()).replace(
            /"signature":"[0-9a-f]+"/,
            /"signature":"[0-9a-f]+"/.exec(decode(sameKey[10] ?? new Uint8Array()))?.[0] ?? '',
          ),
        ),
      ),
    )
    expect(brokenBy(() => read(relabelled)).message).toContain('a checkpoint that the auditor signed')
  })

  test('AU-4 without a key the log is held to its own, and the reader sees whose', () => {
    const check = new AuditCheck(undefined, 1, provider)
    for (const line of lines) check.take(bare(line))
    expect([check.key, check.signed]).toEqual([auditor.id, 20])
  })

  test('AU-18 a log that starts later is verified from a line that was told, and not without', () => {
    const later = lines.slice(14)
    const check = new AuditCheck(auditor.id, 15, provider)
    expect([check.log, check.place]).toEqual([undefined, undefined])
    for (const line of later) check.take(bare(line))
    expect([check.lines, check.signed, check.behind]).toEqual([17, 20, 10])
    expect(check.log).toBe(/"log":"([0-9a-f]{32})"/.exec(decode(lines[0] ?? new Uint8Array()))?.[1])
    expect(brokenBy(() => read(later)).details.line).toBe(1)
    expect(
      brokenBy(() => new AuditCheck(auditor.id, 14, provider).take(bare(later[0] ?? new Uint8Array()))).details.line,
    ).toBe(14)
    expect(() => new AuditCheck(undefined, 15, provider)).toThrow(RangeError)
    // A second first line is none, though the first was not read.
    const begin = utf8(decode(lines[0] ?? new Uint8Array()).replace('"seq":1', '"seq":15'))
    expect(brokenBy(() => new AuditCheck(auditor.id, 15, provider).take(bare(begin))).message).toContain(
      'no first line',
    )
  })

  test('AU-8 a log is gone on with where it ended, and what was unsigned there is told', () => {
    const check = read(lines)
    const { place } = check
    if (place === undefined) throw new Error('expected a place')
    const chain = new AuditChain(auditor, place, provider)
    expect([chain.seq, chain.unsigned]).toEqual([32, 0])
    const more = [chain.resumed(17, 900), chain.line(record(0), 901), chain.checkpoint(902), chain.resumed(0, 903)]
    expect(() => chain.first(904)).toThrow(TypeError)
    const again = read([...lines, ...more])
    expect([again.lines, again.signed, again.behind, again.torn]).toEqual([35, 33, 1, 1])
    expect([again.exposed, again.stepsBack]).toEqual([10, 1])
  })
})

describe('the chain', () => {
  const auditor = generateAuditor()
  const fresh = (): AuditChain => new AuditChain(auditor, { log: new Uint8Array(16) })

  test('AU-4 begins with its first line, once', () => {
    const chain = fresh()
    expect(() => chain.line(record(1), 1)).toThrow(TypeError)
    expect(() => chain.checkpoint(1)).toThrow(TypeError)
    expect([chain.seq, chain.unsigned]).toEqual([1, 0])
    expect(decode(chain.first(1))).toBe(
      `{"seq":1,"time":1,"prev":"${'0'.repeat(64)}","record":{"kind":"log","version":1,"log":"${'0'.repeat(32)}","key":"${auditor.id}"}}\n`,
    )
    expect(() => chain.first(2)).toThrow(TypeError)
    expect([chain.seq, chain.unsigned]).toEqual([2, 1])
  })

  test('AU-2 AU-16 takes no record that a reader would refuse for its length or its newline', () => {
    const chain = fresh()
    chain.first(0)
    const room = MAX_AUDIT_LINE - chain.line(utf8('{"kind":""}'), 0).length
    const most = chain.line(utf8(`{"kind":"${'x'.repeat(room)}"}`), 0)
    expect(most.length).toBe(MAX_AUDIT_LINE)
    expect(readAuditLine(bare(most), 3).record.kind).toHaveLength(room)
    const { seq } = chain
    expect(() => chain.line(utf8(`{"kind":"${'x'.repeat(room + 1)}"}`), 0)).toThrow(RangeError)
    for (const wrong of ['', '{', '[]', '{"kind":\n"a"}', '{"kind":"a"}\n', ' {"kind":"a"}'])
      expect(() => chain.line(utf8(wrong), 0)).toThrow(TypeError)
    for (const time of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => chain.line(record(1), time)).toThrow(RangeError)
    expect(chain.seq).toBe(seq)
  })

  test('AU-7 says what was lost at its place', () => {
    const chain = fresh()
    const lines = [chain.first(0), chain.lost(7, 'failed', 0), chain.lost(2, 'drop-newest', 0)]
    const check = new AuditCheck(auditor.id)
    for (const line of lines) check.take(bare(line))
    expect(check.lost).toBe(9)
    expect(readAuditLine(bare(lines[1] ?? new Uint8Array()), 2).record).toEqual({
      kind: 'lost',
      records: 7,
      overflow: 'failed',
    })
  })

  test('AU-3 keeps nothing of what it is given', () => {
    const id = new Uint8Array(16)
    const chain = new AuditChain(auditor, { log: id })
    id.fill(1)
    chain.log.fill(2)
    const line = chain.first(0)
    const hash = createHash('sha256').update(bare(line)).digest('hex')
    line.fill(0)
    expect(readAuditLine(bare(chain.line(record(1), 0)), 2).prev).toBe(hash)
    expect(toHex(chain.log)).toBe('0'.repeat(32))
  })

  test.each([
    ['an id of 15 bytes', { log: new Uint8Array(15) }],
    ['line 0', { log: new Uint8Array(16), seq: 0, prev: new Uint8Array(32) }],
    ['half a line', { log: new Uint8Array(16), seq: 1.5, prev: new Uint8Array(32) }],
    ['a hash of 31 bytes', { log: new Uint8Array(16), seq: 2, prev: new Uint8Array(31) }],
  ])('AU-3 starts at no place that cannot be: %s', (_, start) => {
    expect(() => new AuditChain(auditor, start)).toThrow(RangeError)
  })
})

describe('a line', () => {
  const zeros = '0'.repeat(64)
  const line = (text: string, number = 1) => readAuditLine(utf8(text), number)

  test('AU-1 AU-17 is read with whatever its record says', () => {
    const text = `{"seq":7,"time":0,"prev":"${zeros}","record":{"kind":"new", "nested":{"a":[1,null]},"é":"\\u00e9"}}`
    expect(line(text)).toEqual({
      seq: 7,
      time: 0,
      prev: zeros,
      record: { kind: 'new', nested: { a: [1, null] }, é: 'é' },
    })
  })

  test('AU-1 is read whatever white space its record has, and whatever its texts hold, but a newline', () => {
    const text = `{"seq":7,"time":0,"prev":"${zeros}","record":{"kind":\r"\u2028\u2029"}}`
    expect(line(text).record.kind).toBe('\u2028\u2029')
  })

  test('AU-16 a record of more levels than a reader goes down is refused', () => {
    const nested = (levels: number) =>
      line(`{"seq":7,"time":0,"prev":"${zeros}","record":{"kind":"a","b":${'['.repeat(levels)}${']'.repeat(levels)}}}`)
    expect(nested(16).seq).toBe(7)
    expect(brokenBy(() => nested(17)).message).toContain('16 levels')
  })

  test.each([
    ['nothing', ''],
    ['another order', `{"time":0,"seq":1,"prev":"${zeros}","record":{"kind":"a"}}`],
    ['white space', `{"seq": 1,"time":0,"prev":"${zeros}","record":{"kind":"a"}}`],
    ['white space at the end', `{"seq":1,"time":0,"prev":"${zeros}","record":{"kind":"a"}} `],
    ['a carriage return', `{"seq":1,"time":0,"prev":"${zeros}","record":{"kind":"a"}}\r`],
    ['a member too many', `{"seq":1,"time":0,"prev":"${zeros}","record":{"kind":"a"},"more":{}}`],
    ['a leading zero', `{"seq":01,"time":0,"prev":"${zeros}","record":{"kind":"a"}}`],
    ['line 0', `{"seq":0,"time":0,"prev":"${zeros}","record":{"kind":"a"}}`],
    ['a time before 1970', `{"seq":1,"time":-1,"prev":"${zeros}","record":{"kind":"a"}}`],
    ['an exponent', `{"seq":1,"time":1e3,"prev":"${zeros}","record":{"kind":"a"}}`],
    ['a number over 2^53-1', `{"seq":1,"time":9007199254740992,"prev":"${zeros}","record":{"kind":"a"}}`],
    ['upper-case hex', `{"seq":1,"time":0,"prev":"${'A'.repeat(64)}","record":{"kind":"a"}}`],
    ['a byte order mark', `\ufeff{"seq":1,"time":0,"prev":"${zeros}","record":{"kind":"a"}}`],
  ])('AU-1 with %s is refused', (_, text) => {
    expect(brokenBy(() => line(text, 12))).toMatchObject({
      details: { line: 12 },
      message: expect.stringContaining('line 12'),
    })
  })

  test.each([
    ['that is no JSON', '{"kind":"a",}'],
    ['without a kind', '{"king":"a"}'],
    ['whose kind is no text', '{"kind":1}'],
    ['with a name twice', '{"kind":"a","kind":"b"}'],
    ['with a name twice inside', '{"kind":"a","b":{"c":1,"c":2}}'],
    ['17 levels deep', `{"kind":"a","b":${'['.repeat(17)}${']'.repeat(17)}}`],
    ['that ends early', '{"kind":"a"}}'],
  ])('AU-16 a record %s is refused', (_, record) => {
    brokenBy(() => line(`{"seq":1,"time":0,"prev":"${zeros}","record":${record}}`))
  })

  test('AU-16 a line that is no UTF-8 is refused', () => {
    const bytes = utf8(`{"seq":1,"time":0,"prev":"${zeros}","record":{"kind":"a"}}`)
    brokenBy(() => readAuditLine(bytes.with(bytes.indexOf(0x61, 90), 0xff), 1))
  })

  test.each([
    ['another version', { version: 2 }],
    ['no version', { version: undefined }],
    ['a log id that is too short', { log: '00' }],
    ['a log id in upper case', { log: 'A'.repeat(32) }],
    ['a key that is none', { key: 'sottolog1' }],
    ['a key of another kind', { key: generateIssuer().id }],
    ['no key', { key: undefined }],
  ])('AU-4 a first line with %s is refused', (_, change) => {
    const record = { kind: 'log', version: 1, log: '0'.repeat(32), key: generateAuditor().id, ...change }
    const text = `{"seq":1,"time":0,"prev":"${zeros}","record":${JSON.stringify(record)}}`
    expect(brokenBy(() => new AuditCheck().take(utf8(text))).details.line).toBe(1)
  })

  test.each([
    ['no records', '{"kind":"lost","records":0,"overflow":"failed"}'],
    ['half a record', '{"kind":"lost","records":0.5,"overflow":"failed"}'],
    ['records in a text', '{"kind":"lost","records":"1","overflow":"failed"}'],
    ['another reason', '{"kind":"lost","records":1,"overflow":"drop"}'],
    ['bytes below none', '{"kind":"resumed","torn":-1}'],
    ['no bytes', '{"kind":"resumed"}'],
  ])('AU-7 AU-8 a loss of %s is refused', (_, record) => {
    const auditor = generateAuditor()
    const chain = new AuditChain(auditor, { log: new Uint8Array(16) })
    const check = new AuditCheck(auditor.id)
    check.take(bare(chain.first(0)))
    expect(brokenBy(() => check.take(bare(chain.line(utf8(record), 0)))).details.line).toBe(2)
    expect(() => check.take(bare(chain.line(utf8(record), 0)))).toThrow(TypeError)
  })
})

describe('lines of pieces', () => {
  const file = utf8('one\n\ntwo and more\nthree')
  const whole = ['one', '', 'two and more']

  test('AU-2 are the same however the pieces are cut', () => {
    for (let size = 1; size <= file.length; size++) {
      const splitter = new LineSplitter()
      const lines: string[] = []
      for (let at = 0; at < file.length; at += size)
        for (const line of splitter.push(file.subarray(at, at + size))) lines.push(decode(line))
      expect([lines, splitter.left]).toEqual([whole, 5])
    }
  })

  test('AU-2 of 8,192 bytes with the newline are taken, and not of one more, however it comes', () => {
    for (const size of [1, 100, 8_191, 10_000]) {
      const push = (file: Uint8Array) => {
        const splitter = new LineSplitter(5)
        let lines = 0
        for (let at = 0; at < file.length; at += size)
          for (const _ of splitter.push(file.subarray(at, at + size))) lines++
        return lines
      }
      expect(push(utf8(`\n${'x'.repeat(8_191)}\n`))).toBe(2)
      expect(brokenBy(() => push(utf8(`\n${'x'.repeat(8_192)}\n`))).details.line).toBe(6)
      expect(brokenBy(() => push(utf8(`\n${'x'.repeat(100_000)}`))).details.line).toBe(6)
    }
    brokenBy(() => readAuditLine(new Uint8Array(8_192), 1))
  })
})
