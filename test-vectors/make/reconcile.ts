import type { AuditLine, LineRecord } from '../../src/policy/auditline.js'
import { type Finding, reconcile } from '../../src/policy/reconcile.js'
import type { Vectors } from '../schema.js'

type Reconciled = Vectors<'audit'>['reconciled'][number]
type Shortly = Reconciled['findings'][number]

export const SESSION = '0f0e0d0c0b0a09080706050403020100'
const LATER = 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'
const VERBS = ['send', 'stream', 'publish', 'subscribe', 'enqueue', 'consume'] as const
const EXCHANGE = '0f0e0d0c0b0a0908.ir.3'
const FIRST = `${EXCHANGE}.0`
/** What each log calls the other end: not read but for being the same. */
const A = 'sotto1-of-a'
const B = 'sotto1-of-b'
const STRANGER = 'sotto1-of-c'

export const decided = (peer: string, direction: 'in' | 'out', decision: string, more: object = {}): LineRecord => ({
  kind: 'decided',
  session: SESSION,
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

const opened = (peer: string, session = SESSION): LineRecord => ({ kind: 'opened', session, peer })
const closed = (peer: string, session = SESSION): LineRecord => ({ kind: 'closed', session, peer, code: null })
const ofA = (...records: readonly LineRecord[]): LineRecord[] => [opened(B), ...records, closed(B)]
const ofB = (...records: readonly LineRecord[]): LineRecord[] => [opened(A), ...records, closed(A)]

export const reconciled = (): Reconciled[] => {
  const of = (rule: string, name: string, a: LineRecord[], b: LineRecord[]): Reconciled => ({
    name,
    rule,
    a,
    b,
    findings: findingsOf(a, b),
  })
  const sent = decided(B, 'out', '1')
  const taken = decided(A, 'in', '1')
  const denied = { effect: 'deny', why: 'rule', rules: ['night'], bytes: 0 }
  const narrowed: LineRecord = { ...taken, kind: 'narrowed', effect: 'deny', why: 'default', rules: [] }
  const away = { ...decided(STRANGER, 'out', '7'), session: LATER }
  const lost = { kind: 'lost', records: 2, overflow: 'drop-newest' }
  return [
    of('AU-10', 'both tell the same, both ways', ofA(sent, decided(B, 'in', '2')), ofB(decided(A, 'out', '2'), taken)),
    ...VERBS.map((verb) =>
      of(
        'AU-10',
        `both tell of ${verb}`,
        ofA(decided(B, 'out', FIRST, { verb })),
        ofB(decided(A, 'in', FIRST, { verb })),
      ),
    ),
    of('AU-10', 'told in another order', ofA(sent, decided(B, 'out', '2')), ofB(decided(A, 'in', '2'), taken)),
    of(
      'AU-10',
      'two sessions under way at a time',
      [opened(B), opened(B, LATER), { ...sent, session: LATER }, closed(B), closed(B, LATER)],
      [opened(A, LATER), opened(A), { ...taken, session: LATER }, closed(A, LATER), closed(A)],
    ),
    of('AU-10', 'an exchange that was ended later pairs as it was decided', ofA(sent), ofB(taken, narrowed)),
    of('AU-10', 'received there and received here are no pair', ofA(decided(B, 'in', '1')), ofB(taken)),
    of('AU-11', 'an own denial has no partner', ofA(decided(B, 'out', '0', denied)), ofB()),
    of(
      'AU-11',
      'an own denial that was admitted there all the same',
      ofA(decided(B, 'out', '0', denied)),
      ofB(decided(A, 'in', '0')),
    ),
    of('AU-11', 'own denials of both ends', ofA({ ...sent, ...denied }), ofB(decided(A, 'out', '2', denied))),
    of('AU-11', 'the initiation has no partner', ofA(), ofB(decided(A, 'in', 'i', { verb: 'initiate' }))),
    ...(['subscribe', 'consume'] as const).map((verb) =>
      of(
        'AU-39',
        `deliveries of ${verb}, of which the end that hands them out alone tells`,
        ofA(decided(B, 'out', FIRST, { verb })),
        ofB(...['0', '1', '10'].map((index) => decided(A, 'in', `${EXCHANGE}.${index}`, { verb }))),
      ),
    ),
    of('AU-39', 'a request to hear that was never sent', ofA(), ofB(decided(A, 'in', FIRST, { verb: 'subscribe' }))),
    of(
      'AU-39',
      'an item of a stream is no delivery',
      ofA(),
      ofB(decided(A, 'in', `${EXCHANGE}.1`, { verb: 'stream' })),
    ),
    of('AU-12', 'denied there: its size may be that of what had come', ofA(sent), ofB({ ...taken, ...denied })),
    of('AU-12', 'no decision there', ofA(sent), ofB()),
    of('AU-12', 'no decision here', ofA(), ofB(decided(A, 'out', '2'))),
    of('AU-12', 'decided there, never sent', ofA(), ofB(taken)),
    of('AU-12', 'denied there, never sent', ofA(), ofB({ ...taken, ...denied })),
    of('AU-12', 'sent once, admitted twice', ofA(sent), ofB(taken, taken)),
    of('AU-12', 'another address', ofA(sent), ofB({ ...taken, address: 'thermostat.v1.set' })),
    of('AU-12', 'another verb, and denied', ofA(sent), ofB({ ...taken, ...denied, verb: 'send' })),
    of('AU-12', 'another verb', ofA(sent), ofB({ ...taken, verb: 'send' })),
    of('AU-12', 'another address, and denied', ofA(sent), ofB({ ...taken, ...denied, address: 'thermostat.v1.set' })),
    of('AU-12', 'denied there by a limit', ofA(sent), ofB({ ...taken, ...denied, why: 'limit' })),
    of('AU-12', 'other rules on each side are no difference', ofA(sent), ofB({ ...taken, rules: ['none', 'of', 'a'] })),
    of('AU-12', 'sent twice, admitted once', ofA(sent, sent), ofB(taken)),
    of('AU-12', 'another size', ofA(sent), ofB({ ...taken, bytes: 15 })),
    of('AU-13', 'a session that one log alone tells of', [...ofA(), opened(B, LATER)], ofB()),
    of(
      'AU-13',
      'a session of each log that the other does not tell of',
      [...ofA(), opened(B, LATER)],
      [...ofB(), opened(A, 'ff'.repeat(16))],
    ),
    of('AU-13', 'a session with someone else, and its decisions', [...ofA(), opened(STRANGER, LATER), away], ofB()),
    of('AU-13', 'a session with someone else', [...ofA(), opened(STRANGER, LATER)], ofB()),
    of('AU-13', 'no session in both', [opened(B)], [opened(A, LATER)]),
    of('AU-15', 'the other log begins later', ofA(sent), [closed(A)]),
    of('AU-15', 'the other log ends earlier', ofA(sent, decided(B, 'in', '2')), [opened(A)]),
    of('AU-15', 'the other log tells of neither end of the session', ofA(sent), [decided(A, 'out', '9')]),
    of('AU-15', 'losses of its own log excuse nothing', ofA(sent, lost), ofB()),
    of('AU-15', 'a decision there, of a session that begins earlier here', ofA(), [taken, closed(A)]),
    of('AU-15', 'a decision of the log that lost records, which the whole one lacks', ofA(), ofB(taken, lost)),
    of('AU-15', 'the other log lost records in the session', ofA(sent), ofB(lost)),
    of('AU-15', 'the other log lost records before and after it', ofA(sent), [lost, ...ofB(), lost]),
  ]
}

const linesOf = (records: readonly LineRecord[]): AuditLine[] =>
  records.map((record, i) => ({ seq: i + 1, time: 0, prev: '', record }))

const findingsOf = (a: readonly LineRecord[], b: readonly LineRecord[]): Reconciled['findings'] =>
  [
    ...reconcile(
      () => linesOf(a),
      () => linesOf(b),
    ),
  ]
    .map(shortly)
    .toSorted(inOrder)

const inOrder = (one: Shortly, other: Shortly): number => (keyOf(one) < keyOf(other) ? -1 : 1)

const keyOf = ({ by, of, kind }: Shortly): string => `${by} ${of} ${kind}`

const shortly = (finding: Finding): Reconciled['findings'][number] => ({
  kind: finding.kind,
  by: finding.by,
  of: 'act' in finding ? finding.act.decision : finding.session,
})
