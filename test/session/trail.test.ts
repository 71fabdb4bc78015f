import { expect, test } from 'vitest'
import { SottoError } from '../../src/errors.js'
import { pinnedPeer } from '../../src/identity/peer.js'
import { policyStore } from '../../src/policy/store.js'
import { Trail } from '../../src/session/trail.js'
import { alice } from './pair.js'

const SESSION = 'ab'.repeat(16)
const peer = pinnedPeer(alice.id)
const EMPTY_POLICY = { version: 1, rules: [] }

const judged = {
  decision: 'd.ir.1.0',
  direction: 'in',
  verb: 'call',
  address: 'flow.v1.call',
  verdict: { effect: 'deny', why: 'rule', rules: ['no'] },
} as const

/** A trail, and what was told of it but the policy itself. */
const trailed = () => {
  const told: Record<string, unknown>[] = []
  const audit = (record: Uint8Array): boolean => {
    const value = JSON.parse(new TextDecoder().decode(record))
    if (value.kind !== 'policy') told.push(value)
    return true
  }
  return { trail: new Trail(policyStore(EMPTY_POLICY, { audit }).forPeer(peer), SESSION, peer.id), told }
}

test('SE-142 a session is recorded from its start to its end, with the code of what it ended by', () => {
  const { trail, told } = trailed()
  expect(trail.heard).toBe(true)
  trail.opened({ role: 'responder', suite: { name: 'Noise' }, uses: ['a.v1'], serves: ['b.v1'] })
  trail.closed(undefined)
  trail.closed(SottoError.of('session/lost', 'it was'))
  const whose = { session: SESSION, peer: peer.id }
  expect(told).toEqual([
    { kind: 'opened', ...whose, role: 'responder', suite: 'Noise', uses: ['a.v1'], serves: ['b.v1'] },
    { kind: 'closed', ...whose, code: null },
    { kind: 'closed', ...whose, code: 'session/lost' },
  ])
})

test('SE-140 SE-141 a decision is recorded with what was seen, if anything was, and so is its end', () => {
  const { trail, told } = trailed()
  trail.decided(judged, 7)
  trail.decided(judged, 8, { read: { n: 1 }, unmet: [] })
  trail.narrowed(judged)
  const { decision, direction, verb, address } = judged
  const of = { session: SESSION, peer: peer.id, decision, direction, verb, address, effect: 'deny' }
  expect(told).toMatchObject([
    { kind: 'decided', ...of, bytes: 7 },
    { kind: 'decided', ...of, bytes: 8, read: { n: 1 } },
    { kind: 'narrowed', ...of },
  ])
  expect(told.map((record) => 'read' in record)).toEqual([false, true, false])
})

test('PO-39 where nobody hears it, nothing is told and nothing fails', () => {
  const trail = new Trail(policyStore(EMPTY_POLICY).forPeer(peer), SESSION, peer.id)
  trail.opened({ role: 'initiator', suite: { name: 'Noise' }, uses: [], serves: [] })
  trail.decided(judged, 1)
  trail.closed(undefined)
  expect(trail.heard).toBe(false)
})
