import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AuditLine, LineRecord } from '../../src/policy/auditline.js'
import { type Common, type Finding, reconcile } from '../../src/policy/reconcile.js'

const seed = Date.now() % 2 ** 31
console.info(`test/policy/reconcile: seed ${seed}`)

const A = 'sotto1a'
const B = 'sotto1b'
const S = '00112233445566778899aabbccddeeff'
const T = 'ffeeddccbbaa99887766554433221100'

const opened = (peer: string, session = S): LineRecord => ({ kind: 'opened', session, peer })
const closed = (peer: string, session = S, code: string | null = null): LineRecord => ({
  kind: 'closed',
  session,
  peer,
  code,
})
const decided = (peer: string, direction: 'in' | 'out', decision: string, more: object = {}): LineRecord => ({
  kind: 'decided',
  session: S,
  peer,
  decision,
  direction,
  verb: 'call',
  address: 'thermostat.v1.read',
  bytes: 14,
  effect: 'allow',
  rules: ['all'],
  ...more,
})
const lost = (records: number): LineRecord => ({ kind: 'lost', records, overflow: 'drop-newest' })

/** The logs of A and B: what each tells of a session, between its beginning and its end. */
const ofA = (...records: LineRecord[]): LineRecord[] => [opened(B), ...records, closed(B)]
const ofB = (...records: LineRecord[]): LineRecord[] => [opened(A), ...records, closed(A)]

const lines = (records: readonly LineRecord[]): AuditLine[] =>
  [{ kind: 'log' }, ...records].map((record, i) => ({ seq: i + 1, time: 0, prev: '', record }))

interface Result {
  readonly findings: readonly Finding[]
  readonly common: Common
}

const compare = (
  a: readonly LineRecord[],
  b: readonly LineRecord[],
  limits?: { sessions: number; unpaired: number },
): Result => {
  const all = reconcile(
    () => lines(a),
    () => lines(b),
    limits,
  )
  const findings: Finding[] = []
  for (let next = all.next(); ; next = all.next()) {
    if (next.done === true) return { findings, common: next.value }
    findings.push(next.value)
  }
}

/** Findings in short: `missing a 1`. */
const short = ({ findings }: Result): string[] =>
  findings.map(
    (finding) => `${finding.kind} ${finding.by} ${'act' in finding ? finding.act.decision : finding.session}`,
  )

describe('two logs', () => {
  test('AU-10 that agree have no findings, and say how much they have in common', () => {
    const a = ofA(decided(B, 'out', '1'), decided(B, 'in', '2'), decided(B, 'out', '3', { verb: 'send' }))
    const b = ofB(decided(A, 'in', '1'), decided(A, 'out', '2'), decided(A, 'in', '3', { verb: 'send' }))
    expect(compare(a, b)).toEqual({ findings: [], common: { sessions: 1, paired: 3, elsewhere: { a: 0, b: 0 } } })
  })

  test('AU-12 what was denied is refused, with why and the rules, in both directions', () => {
    const denied = { effect: 'deny', why: 'rule', rules: ['night', 'kitchen'], bytes: 0 }
    const result = compare(
      ofA(decided(B, 'out', '1'), decided(B, 'in', '2', denied)),
      ofB(decided(A, 'in', '1', denied), decided(A, 'out', '2')),
    )
    expect(short(result)).toEqual(['refused a 1', 'refused b 2'])
    expect(result.findings[0]).toMatchObject({ other: { why: 'rule', rules: ['night', 'kitchen'] } })
  })

  test('AU-12 what has no record at the other end is missing, and how its session ended is told', () => {
    const result = compare(ofA(decided(B, 'out', '1')), [opened(A), closed(A, S, 'session/lost')])
    expect(result.findings).toEqual([
      { kind: 'missing', by: 'a', act: expect.objectContaining({ decision: '1' }), ended: 'session/lost' },
    ])
    expect(short(compare(ofA(), ofB(decided(A, 'out', '7'))))).toEqual(['missing b 7'])
  })

  test('AU-12 what was decided and never sent is unsent, allowed or not', () => {
    const result = compare(ofA(), ofB(decided(A, 'in', '1'), decided(A, 'in', '2', { effect: 'deny' })))
    expect(short(result)).toEqual(['unsent b 1', 'unsent b 2'])
    expect(short(compare(ofA(decided(B, 'in', '5')), ofB()))).toEqual(['unsent a 5'])
  })

  test.each([
    ['verb', { verb: 'send' }],
    ['address', { address: 'thermostat.v1.set' }],
    ['size', { bytes: 15 }],
    ['address, and denied', { address: 'thermostat.v1.set', effect: 'deny', why: 'default', rules: [] }],
  ])('AU-12 what was decided with another %s is different', (_, change) => {
    expect(short(compare(ofA(decided(B, 'out', '1')), ofB(decided(A, 'in', '1', change))))).toEqual(['different a 1'])
  })

  test('AU-10 a message that was received is no partner of one that was received, nor sent of sent', () => {
    expect(short(compare(ofA(decided(B, 'in', '1')), ofB(decided(A, 'in', '1'))))).toEqual(['unsent a 1', 'unsent b 1'])
    expect(short(compare(ofA(decided(B, 'out', '1')), ofB(decided(A, 'out', '1'))))).toEqual([
      'missing a 1',
      'missing b 1',
    ])
  })

  test('AU-12 what was admitted twice was sent once', () => {
    const once = ofA(decided(B, 'out', '1'))
    expect(short(compare(once, ofB(decided(A, 'in', '1'), decided(A, 'in', '1'))))).toEqual(['unsent b 1'])
    expect(short(compare(ofA(), ofB(decided(A, 'in', '1'), decided(A, 'in', '1'))))).toEqual([
      'unsent b 1',
      'unsent b 1',
    ])
  })

  test('AU-12 of what stands twice the second is left, whatever it says and whenever its partner is read', () => {
    const twice = [decided(A, 'in', '1'), decided(A, 'in', '1', { address: 'thermostat.v1.set' })]
    const others = ['2', '3', '4']
    const a = ofA(...others.map((id) => decided(B, 'out', id)), decided(B, 'out', '1'))
    const b = ofB(...twice, ...others.map((id) => decided(A, 'in', id)))
    for (const { findings } of [compare(a, b), compare(b, a)])
      expect(findings).toMatchObject([{ kind: 'unsent', act: { decision: '1', address: 'thermostat.v1.set' } }])
  })

  test('AU-11 own denials have no partner, nor has the initiation', () => {
    const a = ofA(decided(B, 'out', '0', { effect: 'deny', why: 'rule' }), decided(B, 'in', 'i', { verb: 'initiate' }))
    expect(compare(a, ofB())).toMatchObject({ findings: [], common: { paired: 0 } })
    // What was denied at home cannot have been admitted there.
    expect(short(compare(a, ofB(decided(A, 'in', '0'))))).toEqual(['unsent b 0'])
  })

  test('AU-39 nor has a delivery, which is told with its count: the request to hear it has a partner', () => {
    for (const verb of ['subscribe', 'consume']) {
      const id = '0123456789abcdef.ir.1.'
      const denied = { verb, effect: 'deny', why: 'rule' }
      const b = ofB(decided(A, 'in', `${id}0`, { verb }), decided(A, 'in', `${id}10`, denied))
      const a = ofA(decided(B, 'out', `${id}0`, { verb }))
      expect(compare(a, b)).toMatchObject({ findings: [], common: { paired: 1 } })
      expect(short(compare(ofA(), b))).toEqual([`unsent b ${id}0`])
    }
    // An item of a stream has a partner, and what is sent.
    expect(short(compare(ofA(), ofB(decided(A, 'in', 'x.ir.1.1', { verb: 'stream' }))))).toEqual(['unsent b x.ir.1.1'])
    expect(short(compare(ofA(decided(B, 'out', 'x.ir.1.1', { verb: 'consume' })), ofB()))).toEqual([
      'missing a x.ir.1.1',
    ])
  })

  test.each([
    ['unopened', [closed(A)]],
    ['unclosed', [opened(A)]],
    ['losses', [opened(A), lost(1), closed(A)]],
  ])('AU-15 what the other log cannot tell, for it is %s, is lost and not missing or unsent', (unsaid, b) => {
    const a = ofA(decided(B, 'out', '1'), decided(B, 'in', '2'))
    expect(compare(a, b).findings).toEqual(
      ['1', '2'].map((decision) => ({ kind: 'lost', by: 'a', act: expect.objectContaining({ decision }), unsaid })),
    )
  })

  test('AU-15 losses before and after a session excuse nothing', () => {
    const a = ofA(decided(B, 'out', '1'))
    expect(short(compare(a, [lost(5), opened(A), closed(A), lost(6)]))).toEqual(['missing a 1'])
  })

  test('AU-15 a log that tells of a session by its decisions alone has neither its beginning nor its end', () => {
    const a = ofA(decided(B, 'out', '1'), decided(B, 'out', '2'))
    expect(compare(a, [decided(A, 'in', '2')]).findings).toEqual([
      { kind: 'lost', by: 'a', act: expect.objectContaining({ decision: '1' }), unsaid: 'unopened' },
    ])
  })

  test('AU-13 a session with the other end that one log alone tells of is named, one with others is not', () => {
    const a = [
      ...ofA(),
      opened(B, T),
      decided(B, 'out', '1', { session: T }),
      opened('sotto1c', 'c'),
      closed('sotto1c', 'c'),
    ]
    const result = compare(a, [...ofB(), opened('sotto1d', 'd')])
    expect(result.findings).toEqual([{ kind: 'alone', by: 'a', session: T, peer: B, decisions: 1 }])
    expect(result.common).toEqual({ sessions: 1, paired: 0, elsewhere: { a: 1, b: 1 } })
  })

  test('AU-13 where no session is in both, all are named', () => {
    const result = compare([opened(B, T)], [opened(A, S), opened('sotto1d', 'd')])
    expect(short(result)).toEqual([`alone a ${T}`, `alone b ${S}`, 'alone b d'])
    expect(result.common.sessions).toBe(0)
    expect(compare([], [])).toEqual({ findings: [], common: { sessions: 0, paired: 0, elsewhere: { a: 0, b: 0 } } })
  })

  test('AU-17 records of other kinds are passed over', () => {
    const other: LineRecord[] = [{ kind: 'policy', epoch: 1 }, { kind: 'new', session: 5 }, { kind: 'checkpoint' }]
    expect(compare([...other, ...ofA(...other)], ofB()).findings).toEqual([])
  })

  test.each([
    ['session', { session: 1 }],
    ['peer', { peer: null }],
    ['decision', { decision: undefined }],
    ['direction', { direction: 'up' }],
    ['verb', { verb: 1 }],
    ['address', { address: [] }],
    ['size', { bytes: '1' }],
    ['effect', { effect: 'maybe' }],
    ['rules', { rules: 'all' }],
    ['rules that are texts', { rules: [Object.create(null)] }],
  ])('AU-12 a decision without a %s is broken', (_, change) => {
    const a = ofA(decided(B, 'out', '1', change))
    expect(() => compare(a, ofB())).toThrow(expect.objectContaining({ code: 'audit/broken', details: { line: 3 } }))
  })
})

describe('memory', () => {
  const sessions = (count: number, of: (session: string) => readonly LineRecord[]): LineRecord[] =>
    Array.from({ length: count }, (_, i) => of(`s${i}`)).flat()
  const whole = (peer: string, direction: 'in' | 'out') => (session: string) => [
    opened(peer, session),
    ...Array.from({ length: 20 }, (_, i) => decided(peer, direction, `${session}.${i}`, { session })),
    closed(peer, session),
  ]

  test('AU-14 logs that agree need room for few decisions, however long they are', () => {
    const result = compare(sessions(200, whole(B, 'out')), sessions(200, whole(A, 'in')), {
      sessions: 200,
      unpaired: 2,
    })
    expect(result).toMatchObject({ findings: [], common: { sessions: 200, paired: 4_000 } })
  })

  test('AU-14 what a log lacks of a session is told at its end and forgotten', () => {
    const b = sessions(200, (session) => [opened(A, session), closed(A, session)])
    const result = compare(sessions(200, whole(B, 'out')), b, { sessions: 200, unpaired: 64 })
    expect(result.findings).toHaveLength(4_000)
    expect(new Set(result.findings.map(({ kind }) => kind))).toEqual(new Set(['missing']))
  })

  test('AU-14 more than it keeps in mind is told, and not half compared', () => {
    const a = sessions(3, whole(B, 'out'))
    const limit = expect.objectContaining({ code: 'audit/limit' })
    expect(() => compare(a, a, { sessions: 2, unpaired: 100 })).toThrow(limit)
    expect(() =>
      compare(
        a,
        sessions(3, (session) => [opened(A, session)]),
        { sessions: 3, unpaired: 59 },
      ),
    ).toThrow(limit)
    expect(
      compare(
        a,
        sessions(3, (session) => [opened(A, session)]),
        { sessions: 3, unpaired: 60 },
      ).findings,
    ).toHaveLength(60)
  })

  test('AU-14 a reader that stops early lets go of both logs', () => {
    const open = new Set<object>()
    const watched = function* (records: LineRecord[]): Generator<AuditLine> {
      const self = {}
      open.add(self)
      try {
        yield* lines(records)
      } finally {
        open.delete(self)
      }
    }
    const all = reconcile(
      () => watched([...ofA(decided(B, 'out', '1')), ...ofA()]),
      () => watched([...ofB(), ...ofB()]),
    )
    expect(all.next().value).toMatchObject({ kind: 'missing' })
    expect(open.size).toBe(1)
    all.return({ sessions: 0, paired: 0, elsewhere: { a: 0, b: 0 } })
    expect(open.size).toBe(0)
  })
})

test('AU-10 AU-12 findings are those of a plain comparison of sets, whatever is left out and in whatever order', () => {
  const message = fc.record({
    session: fc.constantFrom('s', 't', 'u'),
    id: fc.integer({ min: 0, max: 40 }),
    from: fc.constantFrom('a', 'b'),
    sent: fc.boolean(),
    taken: fc.constantFrom('allow', 'deny', 'none'),
  })
  const messages = fc.uniqueArray(message, {
    maxLength: 60,
    selector: ({ session, id, from }) => `${session}${id}${from}`,
  })
  const shuffled = fc.tuple(messages, fc.integer(), fc.integer())
  fc.assert(
    fc.property(shuffled, ([all, seedA, seedB]) => {
      const log = (side: 'a' | 'b', order: number): LineRecord[] => {
        const peer = side === 'a' ? B : A
        const own = all.flatMap(({ session, id, from, sent, taken }): LineRecord[] => {
          const decision = `${from}${id}`
          if (from === side) return sent ? [decided(peer, 'out', decision, { session })] : []
          return taken === 'none' ? [] : [decided(peer, 'in', decision, { session, effect: taken, why: 'rule' })]
        })
        const mixed = own
          .map((record, i) => ({ record, key: Math.imul(i + 1, order | 1) }))
          .sort((x, y) => x.key - y.key)
        const ids = ['s', 't', 'u']
        return [
          ...ids.map((id) => opened(peer, id)),
          ...mixed.map(({ record }) => record),
          ...ids.map((id) => closed(peer, id)),
        ]
      }
      const expected = all.flatMap(({ id, from, sent, taken }) => {
        const other = from === 'a' ? 'b' : 'a'
        if (sent && taken === 'none') return [`missing ${from} ${from}${id}`]
        if (sent && taken === 'deny') return [`refused ${from} ${from}${id}`]
        return !sent && taken !== 'none' ? [`unsent ${other} ${from}${id}`] : []
      })
      expect(short(compare(log('a', seedA), log('b', seedB))).sort()).toEqual(expected.sort())
    }),
    { seed, numRuns: 300 },
  )
})
