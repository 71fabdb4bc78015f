import { toHex, utf8 } from '../bytes.js'
import { parseContract } from '../contract/exported.js'
import { VERBS } from '../contract/kinds.js'
import { defaultProvider } from '../crypto/default.js'
import { Auditor } from '../identity/auditor.js'
import { auditorId, peerId } from '../identity/id.js'
import type { Claims, Peer } from '../identity/peer.js'
import { AuditChain, AuditCheck } from '../policy/auditchain.js'
import type { AuditLine } from '../policy/auditline.js'
import type { Question, Verdict } from '../policy/decide.js'
import { parseJson } from '../policy/json.js'
import { type Finding, reconcile } from '../policy/reconcile.js'
import { type PolicyStore, policyStore } from '../policy/store.js'
import { verifyLog } from './auditfiles.js'
import { Members } from './members.js'

/** Asks of policies and of audit logs. */
export const POLICIES = {
  policy: (vector: Members) => {
    const contracts = vector.has('contracts') ? vector.list('contracts').map((each) => parseContract(each)) : []
    const store = policyStore(vector.any('policy'), { contracts })
    const peers = vector.of('peers')
    const open = new Map<string, () => void>()
    const verdicts = vector.list('questions').map((each) => {
      const question = new Members(each, 'a question')
      return verdictOf(answered(store, open, question, peerOf(peers.of(question.text('peer')))))
    })
    return { verdicts }
  },
  json: (vector: Members) => ({ value: parseJson(vector.text('text')) }),
  pattern: (vector: Members) => {
    const rule = { id: 'it', effect: 'allow', by: ['any'], verbs: ['call'], on: [vector.text('pattern')] }
    const store = policyStore({ version: 1, rules: [rule] })
    const peer = peerOf(vector.of('peer'))
    const question = { peer, direction: 'in', verb: 'call', address: vector.text('address'), attributes: {} } as const
    const verdict = store.decide(question, 0)
    if (verdict.effect === 'allow') return { matches: 'yes' }
    return { matches: verdict.why === 'error' ? 'error' : 'no' }
  },
  audit: (vector: Members) => {
    const check = new AuditCheck(auditorId(vector.text('auditor')), vector.count('from'))
    for (const line of vector.texts('lines')) check.take(utf8(line))
    const { signed, behind, lost, log = null, exposed, torn, stepsBack } = check
    return { signed, behind, lost, log, exposed, torn, stepsBack }
  },
  files: (vector: Members) => {
    const files = vector.texts('files').map((text, at) => ({ name: `file ${at}`, chunks: () => [utf8(text)] }))
    const read = verifyLog(files, auditorId(vector.text('auditor')), vector.count('from'))
    const { signed, behind, lost, log, exposed, torn, stepsBack, tail } = read
    return { signed, behind, lost, log, exposed, torn, stepsBack, tail }
  },
  checkpoint: (vector: Members) => {
    const place = { log: vector.bytes('log'), seq: vector.count('seq'), prev: vector.bytes('prev') }
    const auditor = Auditor.of(vector.bytes('seed'), defaultProvider)
    const line = new AuditChain(auditor, place).checkpoint(vector.count('time')).subarray(0, -1)
    return { line: new TextDecoder().decode(line), hash: toHex(defaultProvider.hash.SHA256.digest(line)) }
  },
  reconcile: (vector: Members) => {
    const [a, b] = [linesOf(vector, 'a'), linesOf(vector, 'b')]
    const findings = [
      ...reconcile(
        () => a,
        () => b,
      ),
    ].map(shortly)
    return { findings: findings.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1)) }
  },
}

/** One question of a store; `open` holds how to end the exchanges of those before it, by their names. */
const answered = (store: PolicyStore, open: Map<string, () => void>, question: Members, peer: Peer): Verdict => {
  if (question.has('replace')) store.replace(question.any('replace'))
  if (question.has('ended')) for (const name of question.texts('ended')) open.get(name)?.()
  const { direction, verb, address, attributes } = actOf(question)
  const nowMs = question.count('nowMs')
  if (question.any('charge') !== true) return store.decide({ peer, direction, verb, address, attributes }, nowMs)
  const how = question.any('item') === true ? 'item' : 'act'
  const admission = store.forPeer(peer).admit(direction, verb, address, attributes, nowMs, how)
  if (admission.release !== undefined) open.set(question.text('name'), admission.release)
  return admission
}

const actOf = (question: Members): Omit<Question, 'peer'> => ({
  direction: question.one('direction', ['in', 'out']),
  verb: question.one('verb', VERBS),
  address: question.text('address'),
  attributes: scalarsOf(question.of('attributes')),
})

const verdictOf = (verdict: Verdict) => ({
  effect: verdict.effect,
  why: verdict.effect === 'deny' ? verdict.why : null,
  rules: verdict.rules,
})

const peerOf = (peer: Members): Peer => ({
  id: peerId(peer.text('id')),
  roles: peer.texts('roles'),
  claims: scalarsOf(peer.of('claims')),
  ...(peer.has('name') && { name: peer.text('name') }),
})

const scalarsOf = (members: Members): Claims =>
  Object.fromEntries(
    Object.entries(members.all).map(([name, value]) => {
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return [name, value]
      throw new SyntaxError(`expected a text, a number or a boolean in ${name}, got ${typeof value}`)
    }),
  )

const linesOf = (vector: Members, name: string): readonly AuditLine[] =>
  vector.list(name).map((each, at) => {
    const record = new Members(each, 'a record')
    return { seq: at + 1, time: 0, prev: '', record: { ...record.all, kind: record.text('kind') } }
  })

const shortly = (finding: Finding) => ({
  kind: finding.kind,
  by: finding.by,
  of: 'act' in finding ? finding.act.decision : finding.session,
})

const keyOf = ({ by, of, kind }: ReturnType<typeof shortly>): string => `${by} ${of} ${kind}`
