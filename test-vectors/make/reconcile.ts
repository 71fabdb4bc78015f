import type { AuditLine, LineRecord } from '../../src/policy/auditline.js'
import { type Finding, reconcile } from '../../src/policy/reconcile.js'
import type { Vectors } from '../schema.js'

type Reconciled = Vectors<'audit'>['reconciled'][number]

export const SESSION = '0f0e0d0c0b0a09080706050403020100'
const LATER = 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'
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
  const lost = { kind: 'lost', records: 2, overflow: 'drop-newest' }
  return [
    of('AU-10', 'both tell the same, both ways', ofA(sent, decided(B, 'in', '2')), ofB(decided(A, 'out', '2'), taken)),
    of('AU-10', 'received there and received here are no pair', ofA(decided(B, 'in', '1')), ofB(taken)),
    of('AU-11', 'an own denial has no partner', ofA(decided(B, 'out', '0', denied)), ofB()),
    of(
      'AU-11',
      'an own denial that was admitted there all the same',
      ofA(decided(B, 'out', '0', denied)),
      ofB(decided(A, 'in', '0')),
    ),
    of('AU-11', 'the initiation has no partner', ofA(), ofB(decided(A, 'in', 'i', { verb: 'initiate' }))),
    of('AU-12', 'denied there: its size may be that of what had come', ofA(sent), ofB({ ...taken, ...denied })),
    of('AU-12', 'no decision there', ofA(sent), ofB()),
    of('AU-12', 'no decision here', ofA(), ofB(decided(A, 'out', '2'))),
    of('AU-12', 'decided there, never sent', ofA(), ofB(taken)),
    of('AU-12', 'denied there, never sent', ofA(), ofB({ ...taken, ...denied })),
    of('AU-12', 'sent once, admitted twice', ofA(sent), ofB(taken, taken)),
    of('AU-12', 'another address', ofA(sent), ofB({ ...taken, address: 'thermostat.v1.set' })),
    of('AU-12', 'another verb, and denied', ofA(sent), ofB({ ...taken, ...denied, verb: 'send' })),
    of('AU-12', 'another size', ofA(sent), ofB({ ...taken, bytes: 15 })),
    of('AU-13', 'a session that one log alone tells of', [...ofA(), opened(B, LATER)], ofB()),
    of('AU-13', 'a session with someone else', [...ofA(), opened(STRANGER, LATER)], ofB()),
    of('AU-13', 'no session in both', [opened(B)], [opened(A, LATER)]),
    of('AU-15', 'the other log begins later', ofA(sent), [closed(A)]),
    of('AU-15', 'the other log ends earlier', ofA(sent, decided(B, 'in', '2')), [opened(A)]),
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
  ].map(shortly)

const shortly = (finding: Finding): Reconciled['findings'][number] => ({
  kind: finding.kind,
  by: finding.by,
  of: 'act' in finding ? finding.act.decision : finding.session,
  ...(finding.kind === 'lost' && { unsaid: finding.unsaid }),
})
