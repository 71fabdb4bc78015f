import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { concat, utf8 } from '../../src/bytes.js'
import { run } from '../../src/cli/commands.js'
import {
  type Auditor,
  auditLog,
  client,
  contract,
  generateAuditor,
  generateIdentity,
  host,
  initiate,
  memoryPair,
  oneWay,
  type Policy,
  policyStore,
  requestResponse,
  SottoError,
  serve,
} from '../../src/index.js'
import { AuditChain } from '../../src/policy/auditchain.js'

const TOP = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sotto-log-'))
afterAll(() => rmSync(folder, { recursive: true }))

const sotto = async (...args: string[]) => {
  const out: string[] = []
  const error: string[] = []
  const terminal = {
    out: (text: string) => out.push(text),
    error: (text: string) => error.push(text),
    progress: () => {},
  }
  return { exit: await run(args, terminal), out: out.join('\n'), error: error.join('\n') }
}

let made = 0
const fileOf = (...parts: readonly Uint8Array[]): string => {
  const path = join(folder, `log-${++made}`)
  writeFileSync(path, concat(...parts))
  return path
}

const auditor = generateAuditor()
const SESSION = '0f0e0d0c0b0a09080706050403020100'
const PEER = generateIdentity().id
const DECISION = '0f0e0d0c0b0a0908.ir.3.0'

const decided = (decision: string, more: object = {}): Uint8Array =>
  utf8(
    JSON.stringify({
      kind: 'decided',
      session: SESSION,
      peer: PEER,
      decision,
      direction: 'in',
      verb: 'call',
      address: 'thermostat.v1.read',
      bytes: 14,
      effect: 'allow',
      rules: ['all'],
      ...more,
    }),
  )
const denied = {
  effect: 'deny',
  why: 'rule',
  rules: ['night'],
  read: { 'body.room': null, bytes: 14 },
  unmet: ['all bytes less'],
}

/** 11 lines: the first 7 signed by the 8th. */
const lines = ((): Uint8Array[] => {
  const chain = new AuditChain(auditor, { log: new Uint8Array(16).fill(7) })
  const log = [chain.first(1_767_225_600_000)]
  for (let i = 1; i <= 6; i++)
    log.push(chain.line(decided(`${DECISION.slice(0, -3)}${i}.0`, i === 3 ? denied : {}), 1_767_225_600_000 + i))
  log.push(chain.checkpoint(1_767_225_600_010), chain.lost(4, 'drop-newest', 1_767_225_600_009))
  log.push(chain.resumed(12, 1_767_225_600_020), chain.line(utf8('{"kind":"policy","epoch":2}'), 1_767_225_600_030))
  return log
})()

const verify = (...args: string[]) => sotto('log', 'verify', ...args)

describe('sotto log verify', () => {
  test('CL-26 AU-19 says what is signed, what is not, and what is lost', async () => {
    const { exit, out, error } = await verify(fileOf(...lines), '--key', auditor.id)
    expect([exit, error]).toEqual([0, ''])
    expect(out.split('\n')).toEqual([
      'log      07070707070707070707070707070707',
      `key      ${auditor.id}`,
      'lines    1 to 11',
      'signed   to 7',
      'note     3 lines behind the last checkpoint, which anyone may have written who can write the file',
      'note     1 lines lay behind the last checkpoint when a process took the log up again',
      'note     4 records lost, as the log says',
      'note     1 torn lines cut off, as the log says',
      'note     1 steps back of the clock',
    ])
  })

  test('CL-26 CL-25 --json says the same', async () => {
    const { out } = await verify(fileOf(...lines.slice(0, 8)), '--key', auditor.id, '--json')
    expect(out).not.toContain('\n')
    expect(JSON.parse(out)).toEqual({
      log: '07'.repeat(16),
      key: auditor.id,
      first: 1,
      last: 8,
      signed: 7,
      behind: 0,
      exposed: 0,
      lost: 0,
      torn: 0,
      tail: 0,
      stepsBack: 0,
    })
  })

  test('AU-9 files are read in their order, and a torn line is none at the very end alone', async () => {
    const [one, two] = [fileOf(...lines.slice(0, 4)), fileOf(...lines.slice(4))]
    expect((await verify(one, two, '--key', auditor.id)).exit).toBe(0)
    expect((await verify(two, one, '--key', auditor.id)).error).toContain(`${two}: line 1: expected line 1, got line 5`)
    const torn = await verify(one, fileOf(...lines.slice(4), utf8('{"seq":12')), '--key', auditor.id)
    expect(torn.exit).toBe(0)
    expect(torn.out).toContain('note     9 bytes of a torn line at the end')
    const inside = await verify(fileOf(...lines.slice(0, 4), utf8('{')), two, '--key', auditor.id)
    expect(inside).toMatchObject({ exit: 1, out: '' })
    expect(inside.error).toContain(`${two}: line 5: expected a newline before another file`)
    // The empty file of a process that was killed when it had made it.
    expect((await verify(one, two, fileOf(), '--key', auditor.id)).exit).toBe(0)
  })

  test('AU-18 CL-26 --from begins with a later line, and says so', async () => {
    const later = fileOf(...lines.slice(3))
    expect((await verify(later, '--key', auditor.id)).error).toContain('line 1: expected line 1, got line 4')
    const { exit, out } = await verify(later, '--key', auditor.id, '--from', '4')
    expect(exit).toBe(0)
    expect(out).toContain('lines    4 to 11\nsigned   to 7\nnote     3 older lines that were not read')
    expect((await verify(later, '--key', auditor.id, '--from', '3')).exit).toBe(1)
  })

  test('CL-26 what is broken is exit 1, with the file, the line and why', async () => {
    const changed = utf8(new TextDecoder().decode(lines[2]).replace('allow', 'deny!'))
    const path = fileOf(...lines.with(2, changed))
    expect(await verify(path, '--key', auditor.id)).toEqual({
      exit: 1,
      out: '',
      error: `sotto log verify: audit/broken: ${path}: line 4: expected the hash of the line before`,
    })
  })

  test('CL-26 another key, no line and no file are told apart', async () => {
    const other = generateAuditor().id
    expect((await verify(fileOf(...lines), '--key', other)).error).toContain(
      `line 1: expected the log of ${other}, got that of another`,
    )
    expect((await verify(fileOf(), '--key', other)).error).toContain('line 1: expected a line, got none')
    expect((await verify(join(folder, 'none'), '--key', other)).error).toContain(
      'audit/file: expected a file to read (ENOENT)',
    )
    expect((await verify(folder, '--key', other)).error).toContain('audit/file: expected a file to read (EISDIR)')
    expect((await verify(fileOf(...lines), '--key', PEER)).error).toContain('expected an auditor id')
  })

  test('CL-26 a log of which nothing is signed does not hold', async () => {
    const { exit, out, error } = await verify(fileOf(...lines.slice(0, 7)), '--key', auditor.id)
    expect(exit).toBe(1)
    expect(out).toContain('signed   none')
    expect(error).toBe('sotto log verify: nothing is signed, so nothing shows that its auditor wrote it')
  })

  test.each([
    [[]],
    [['file']],
    [['--key', auditor.id]],
    [['file', '--key', auditor.id, '--from', '0']],
    [['file', '--key', auditor.id, '--from', 'x']],
  ])('CL-1 sotto log verify %j is a wrong call: exit 2', async (args) => {
    expect(await verify(...args)).toMatchObject({ exit: 2, out: '' })
  })
})

describe('sotto log show', () => {
  const show = (...args: string[]) => sotto('log', 'show', ...args)

  test('CL-27 --decision tells why one decision was made', async () => {
    const { exit, out } = await show(fileOf(...lines), '--decision', DECISION)
    expect(exit).toBe(0)
    expect(out.split('\n')).toEqual([
      'line       4',
      'time       2026-01-01T00:00:00.003Z',
      'kind       decided',
      `session    ${SESSION}`,
      `peer       ${PEER}`,
      `decision   ${DECISION}`,
      'direction  in',
      'verb       call',
      'address    thermostat.v1.read',
      'bytes      14',
      'effect     deny',
      'rules      ["night"]',
      'why        rule',
      'read       {"body.room":null,"bytes":14}',
      'unmet      ["all bytes less"]',
    ])
    expect(await show(fileOf(...lines), '--decision', 'x')).toEqual({
      exit: 1,
      out: '',
      error: 'sotto log show: no line tells of this decision',
    })
  })

  test('CL-27 all lines, the denials alone, and --json', async () => {
    const path = fileOf(...lines)
    const all = (await show(path)).out.split('\n')
    expect(all).toHaveLength(11)
    expect(all[9]).toBe('10 2026-01-01T00:00:00.020Z resumed torn=12')
    const { out } = await show(path, '--denied')
    expect(out).toMatch(/^4 2026-01-01T00:00:00\.003Z decided session=0f.* effect=deny rules=\["night"\] why=rule/)
    expect(out).not.toContain('\n')
    expect(JSON.parse((await show(path, '--denied', '--json')).out)).toMatchObject({
      seq: 4,
      record: { decision: DECISION },
    })
    expect((await show(fileOf(...lines.slice(0, 2)), fileOf(...lines.slice(2)))).out.split('\n')).toEqual(all)
  })

  test('CL-29 what a terminal obeys is shown as what it is, in names, kinds and values', async () => {
    const chain = new AuditChain(auditor, { log: new Uint8Array(16) })
    const evil = JSON.stringify({
      kind: '\u001b[2J',
      '\u202e': '\u0007é "',
      a: ['\u009b31m'],
      time: 1,
      decision: 'd',
      effect: 'deny',
    })
    const path = fileOf(chain.first(0), chain.line(utf8(evil), 2 ** 53 - 1))
    for (const args of [[], ['--json'], ['--decision', 'd'], ['--denied']]) {
      const { exit, out } = await show(path, ...args)
      expect(exit).toBe(0)
      expect(out).toMatch(/^[\x20-\x7e\n]*$/)
      expect(out).toContain('\\u001b[2J')
    }
    expect((await show(path, '--decision', 'd')).out).toContain('time       9007199254740991\n')
  })

  test('CL-27 a line that is none is exit 1, with its number', async () => {
    const { exit, error } = await show(fileOf(...lines.slice(0, 2), utf8('not a line\n')))
    expect(exit).toBe(1)
    expect(error).toContain('line 3: expected seq, time, prev and record')
    expect(await show()).toMatchObject({ exit: 2, out: '' })
  })
})

describe('sotto log reconcile', () => {
  const reconcile = (...args: string[]) => sotto('log', 'reconcile', ...args)
  const OTHER = generateIdentity().id

  const log = (
    peer: string,
    ...records: (readonly [direction: 'in' | 'out', decision: string, more?: object])[]
  ): string => {
    const chain = new AuditChain(generateAuditor(), { log: new Uint8Array(16) })
    const all = [
      utf8(JSON.stringify({ kind: 'opened', session: SESSION, peer })),
      ...records.map(([direction, decision, more = {}]) => decided(decision, { peer, direction, ...more })),
      utf8(JSON.stringify({ kind: 'closed', session: SESSION, peer, code: null })),
    ]
    return fileOf(chain.first(0), ...all.map((record) => chain.line(record, 0)))
  }

  test('CL-28 two logs that agree are exit 0', async () => {
    const result = await reconcile(log(PEER, ['out', '1'], ['in', '2']), log(OTHER, ['in', '1'], ['out', '2']))
    expect(result).toEqual({
      exit: 0,
      out: '1 sessions and 2 messages are in both; A has 0 sessions with others, B 0',
      error: '',
    })
  })

  test('CL-28 names what one sent and the other never admitted, both ways', async () => {
    const a = log(PEER, ['out', '1'], ['out', '2'], ['out', '3'], ['in', '4'])
    const b = log(OTHER, ['in', '1', denied], ['in', '3', { address: 'x y' }], ['out', '5'])
    const { exit, out } = await reconcile(a, b)
    expect(exit).toBe(1)
    expect(out.split('\n').sort()).toEqual([
      '1 sessions and 2 messages are in both; A has 0 sessions with others, B 0',
      'different  A sent 3 call thermostat.v1.read of 14 bytes; B has 3 call "x y" of 14 bytes, allow',
      'missing    A sent 2 call thermostat.v1.read of 14 bytes; B has no decision, and its session ended cleanly',
      'missing    B sent 5 call thermostat.v1.read of 14 bytes; A has no decision, and its session ended cleanly',
      'refused    A sent 1 call thermostat.v1.read of 14 bytes; B denied it: rule night',
      'unsent     A has 4 call thermostat.v1.read of 14 bytes, allow; B never sent it',
    ])
    const json = (await reconcile(a, b, '--json')).out.split('\n').map((line): unknown => JSON.parse(line))
    expect(json).toHaveLength(6)
    expect(json).toContainEqual(expect.objectContaining({ kind: 'refused', by: 'a' }))
    expect(json.at(-1)).toEqual({ kind: 'common', sessions: 1, paired: 2, elsewhere: { a: 0, b: 0 } })
  })

  test('CL-28 logs without a common session are compared in vain: exit 1', async () => {
    const chain = new AuditChain(auditor, { log: new Uint8Array(16) })
    const { exit, out } = await reconcile(fileOf(chain.first(0)), log(OTHER))
    expect(exit).toBe(1)
    expect(out).toContain(`alone      B tells of session ${SESSION} with ${OTHER}, 0 decisions; A does not`)
    expect(out).toContain('0 sessions and 0 messages are in both')
  })

  test('CL-1 a file that is none, and a wrong call', async () => {
    expect((await reconcile(join(folder, 'none'), log(PEER))).error).toContain('audit/file')
    expect(await reconcile('one')).toMatchObject({ exit: 2, out: '' })
    expect(await reconcile('one', 'two', 'three')).toMatchObject({ exit: 2, out: '' })
  })
})

describe('the logs of two ends of a session', () => {
  const Room = z.object({ room: z.string() })
  const Thermostat = contract('thermostat.v1', {
    read: requestResponse({ request: Room, response: z.number(), visible: ['room'] }),
    note: oneWay(z.string()),
  })
  const [alice, bob] = [generateIdentity(), generateIdentity()]
  const auditors: { readonly [name: string]: Auditor } = { alice: generateAuditor(), bob: generateAuditor() }
  const files: Record<string, string> = {}
  let decision = ''

  /** A log, and what stands in it when it has closed. */
  const logOf = (name: 'alice' | 'bob') => {
    const taken: Uint8Array[] = []
    const own = auditors[name] ?? auditor
    const log = auditLog(own, (written) => void taken.push(written))
    return { log, save: () => (files[name] = fileOf(...taken)) }
  }

  const bobs: Policy = {
    version: 1,
    reveal: ['body.room'],
    rules: [
      {
        id: 'kitchen',
        effect: 'allow',
        by: [alice.id],
        verbs: ['call'],
        on: ['thermostat.v1.read'],
        when: [{ attribute: 'body.room', is: 'eq', value: 'kitchen' }],
      },
      { id: 'notes', effect: 'allow', by: [alice.id], verbs: ['send'], on: ['thermostat.v1.note'] },
    ],
  }
  const alices: Policy = {
    version: 1,
    rules: [
      {
        id: 'no-secrets',
        effect: 'deny',
        to: [bob.id],
        verbs: ['send'],
        on: ['thermostat.v1.note'],
        when: [{ attribute: 'bytes', is: 'gt', value: 10 }],
      },
    ],
  }

  beforeAll(async () => {
    const [a, b] = [logOf('alice'), logOf('bob')]
    const [left, right] = memoryPair()
    const service = serve(Thermostat, { read: ({ room }) => room.length, note: () => undefined })
    const home = host({
      identity: bob,
      trust: [alice.id],
      policy: policyStore(bobs, { audit: b.log.audit }),
      serve: [service],
    })
    const accepted = home.accept(right)
    const policy = policyStore(alices, { audit: a.log.audit })
    const session = await initiate(left, { identity: alice, peer: bob.id, use: [Thermostat], policy })
    const thermostat = client(session, Thermostat)
    for (let i = 0; i < 5; i++) expect(await thermostat.read({ room: 'kitchen' })).toBe(7)
    await thermostat.note('hi')
    await expect(thermostat.note('a long secret')).rejects.toMatchObject({ code: 'policy/denied' })
    const refused = await thermostat.read({ room: 'attic' }).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(refused).toMatchObject({ code: 'policy/denied', details: { decision: expect.any(String) } })
    decision = SottoError.is(refused, 'policy/denied') ? refused.details.decision : ''
    await session.close()
    await (await accepted)?.closed
    for (const { log } of [a, b]) await log.close()
    a.save()
    b.save()
  })

  test('CL-26 verify, each with the key of its end', async () => {
    for (const name of ['alice', 'bob']) {
      const { exit, out, error } = await verify(files[name] ?? '', '--key', auditors[name]?.id ?? '')
      expect({ exit, error }).toEqual({ exit: 0, error: '' })
      expect(out).not.toContain('note')
    }
    expect((await verify(files.alice ?? '', '--key', auditors.bob?.id ?? '')).exit).toBe(1)
  })

  test('CL-28 AU-10 AU-11 name the one message that was refused, and nothing else', async () => {
    const { exit, out } = await sotto('log', 'reconcile', files.alice ?? '', files.bob ?? '')
    expect(out.split('\n')).toEqual([
      expect.stringMatching(
        new RegExp(
          `^refused {4}A sent ${decision.replaceAll('.', '[.]')} call thermostat[.]v1[.]read of \\d+ bytes; B denied it: default$`,
        ),
      ),
      '1 sessions and 7 messages are in both; A has 0 sessions with others, B 0',
    ])
    expect(exit).toBe(1)
  })

  test('CL-27 what the peer was told by an id, the operator of the other end finds with its reason', async () => {
    const { exit, out } = await sotto('log', 'show', files.bob ?? '', '--decision', decision)
    expect(exit).toBe(0)
    expect(out).toContain('effect     deny\nwhy        default')
    expect(out).toContain('"body.room":"attic"')
    expect(out).toMatch(/unmet {6}\["kitchen body\.room eq/)
  })

  test('CL-28 a record that one end takes out of its log is found by the other’s', async () => {
    const text = readFileSync(files.bob ?? '', 'utf8').split('\n')
    const without = text.filter((line) => !line.includes('"verb":"send"')).join('\n')
    const { exit, out } = await sotto('log', 'reconcile', files.alice ?? '', fileOf(utf8(without)))
    expect(exit).toBe(1)
    expect(out).toMatch(/^missing {4}A sent \S+ send thermostat\.v1\.note/m)
    const other = readFileSync(files.alice ?? '', 'utf8').split('\n')
    const silent = other.filter((line) => !line.includes('"verb":"send"')).join('\n')
    expect((await sotto('log', 'reconcile', fileOf(utf8(silent)), files.bob ?? '')).out).toMatch(
      /^unsent {5}B has \S+ send thermostat\.v1\.note of \d+ bytes, allow; A never sent it/m,
    )
  })
})

describe('a big log', () => {
  test('AU-2 CL-26 CL-27 CL-28 is read in little memory, as a process of its own', async () => {
    const main = join(folder, 'main.mjs')
    await build({
      entryPoints: [join(TOP, 'src/cli/main.ts')],
      outfile: main,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      alias: { '#native': join(TOP, 'src/crypto/native.ts') },
      logLevel: 'error',
    })
    // Two logs of 23 MiB, or of 1 GiB, of records of 8 KiB that agree, beside a heap of 16 MiB.
    const count = process.env.AUDIT_FULL === undefined ? 3_000 : 131_072
    const [a, b] = [join(folder, 'big-a'), join(folder, 'big-b')]
    for (const [path, direction] of [
      [a, 'out'],
      [b, 'in'],
    ] as const) {
      const chain = new AuditChain(auditor, { log: new Uint8Array(16) })
      const tell = (record: object) => chain.line(utf8(JSON.stringify({ session: SESSION, peer: PEER, ...record })), 0)
      writeFileSync(path, concat(chain.first(0), tell({ kind: 'opened' })))
      for (let at = 0; at < count; at += 1_000) {
        const some = Array.from({ length: Math.min(1_000, count - at) }, (_, i) =>
          chain.line(decided(`${at + i}`, { direction, read: { 'body.text': 'x'.repeat(7_700) } }), 0),
        )
        writeFileSync(path, concat(...some, chain.checkpoint(0)), { flag: 'a' })
      }
      writeFileSync(path, concat(tell({ kind: 'closed', code: null }), chain.checkpoint(0)), { flag: 'a' })
    }
    const sottoProcess = (...args: string[]) =>
      spawnSync(process.execPath, ['--max-old-space-size=16', '--max-semi-space-size=2', main, 'log', ...args], {
        encoding: 'utf8',
        maxBuffer: 2 ** 24,
      })
    const verified = sottoProcess('verify', a, '--key', auditor.id, '--json')
    expect([verified.stderr, verified.status]).toEqual(['', 0])
    expect(JSON.parse(verified.stdout)).toMatchObject({ behind: 0, lost: 0 })
    const shown = sottoProcess('show', b, '--decision', `${count - 1}`, '--json')
    expect([shown.stderr, shown.status]).toEqual(['', 0])
    expect(JSON.parse(shown.stdout)).toMatchObject({ record: { decision: `${count - 1}` } })
    const reconciled = sottoProcess('reconcile', a, b)
    expect([reconciled.stderr, reconciled.status]).toEqual(['', 0])
    expect(reconciled.stdout).toContain(`1 sessions and ${count} messages are in both`)
  })
})
