import { describe, expect, test } from 'vitest'
import { EMPTY } from '../../src/bytes.js'
import { SottoError } from '../../src/errors.js'
import type { Admitted } from '../../src/session/gate.js'
import { act, admitted, anyAct, begin, Flow, Places, placed, Raw, rules, Streams, stretch } from './wire.js'

const allow = { id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send', 'stream'], on: ['>'] }

const deny = { id: 'no', effect: 'deny', to: ['any'], verbs: ['call'], on: ['>'] }

describe('an own chunk', () => {
  test('SE-127 SE-60 is not sent while the bucket is empty, under a decision of its own, and the stream goes on', () => {
    const { by: _, ...out } = { ...allow, id: 'out', to: ['any'] }
    const policy = rules({ ...out, limit: { bytesPerSecond: 1_000 } })
    const raw = new Raw({ policy }, {}, [Flow, Streams])
    const { exchange } = raw.begin(stretch('tube'))
    const chunk = new Uint8Array(1_500)
    const sent = () => raw.read().flatMap((frame) => (frame.is === 'DATA' ? [frame.body.length] : []))
    expect(raw.engine.item(exchange, chunk, 0)).toBe(true)
    expect(sent()).toEqual([1_500])
    // It may leave the bucket owing, and then has to wait.
    for (const index of [2, 3])
      expect(raw.engine.item(exchange, chunk, 0)).toEqual({
        effect: 'deny',
        why: 'limit',
        rules: ['out'],
        id: expect.stringMatching(`^[0-9a-f]{16}\\.ri\\.0\\.${index}$`),
      })
    expect(sent()).toEqual([])
    expect(raw.engine.item(exchange, chunk, 5_000)).toBe(true)
    expect(sent()).toEqual([1_500])
  })
})

describe('a proof', () => {
  test('SE-55 is not what has its methods', () => {
    const raw = new Raw().send(begin({ exchange: 1 }))
    const { route } = raw.only('message').exchange
    const outgoing = { route, operation: 0, subject: EMPTY, standing: false, ttlMs: 0, labels: EMPTY, named: {} }
    const forged = { redeem: () => ({ ...outgoing, body: EMPTY, state: undefined }) }
    expect(() => raw.engine.begin(forged as unknown as Admitted, 0)).toThrow(TypeError)
    expect(raw.read()).toEqual([])
  })

  test('SE-55 SE-60 of a policy that was replaced is refused under an id of its own each time', () => {
    const policy = rules(allow)
    const raw = new Raw({ policy })
    const proofs = ['a', 'b'].map((value) => admitted(raw.engine.admit(act('call', value), 0)))
    policy.replace({ version: 1, rules: [allow, { ...allow, id: 'no', effect: 'deny', verbs: ['send'] }] })
    const decisions = proofs.map((proof) => {
      try {
        raw.engine.begin(proof, 0)
      } catch (error) {
        if (SottoError.is(error, 'policy/denied')) return error.details.decision
        throw error
      }
      return 'begun'
    })
    expect(decisions.map((decision) => decision.slice(16))).toEqual(['.ri.0.1', '.ri.0.2'])
  })
})

describe('what is sent', () => {
  test('SE-55 labels are read once: what rules read of them is what goes out', () => {
    const raw = new Raw({
      policy: rules(allow, { ...deny, when: [{ attribute: 'label.to', is: 'eq', value: 'safe' }] }),
    })
    let reads = 0
    const labels = {
      get to(): string {
        return reads++ === 0 ? 'kitchen' : 'safe'
      },
    }
    raw.begin(act('call', 'x', { labels }))
    expect(raw.read()).toMatchObject([{ is: 'BEGIN', labels: { to: 'kitchen' } }])
  })

  test('SE-33 labels take half of a record with the subject, and no byte more', () => {
    /** Labels of `length` bytes, 300 at least. */
    const labelsOf = (length: number) => ({ a: 'x'.repeat(140), b: 'x'.repeat(140), c: 'x'.repeat(length - 293) })
    const raw = new Raw({ policy: anyAct() }, { plaintext: 1_024 }, [Flow, Places])
    const isTaken = (beside: number, length: number): boolean => {
      const labels = labelsOf(length)
      const of = beside === 0 ? act('note', 'x', { labels }) : placed('jobs', {}, { subject: 'x', labels })
      try {
        return !('effect' in raw.engine.admit(of, 0))
      } catch (error) {
        if (SottoError.is(error, 'call/too-large')) return false
        throw error
      }
    }
    for (const beside of [0, 2]) expect([512, 513].map((all) => isTaken(beside, all - beside))).toEqual([true, false])
  })

  test('SE-55 a value with no form on the wire is refused here, and says where', () => {
    const raw = new Raw()
    try {
      raw.engine.admit(act('call', { n: 2n ** 64n }), 0)
      expect.unreachable()
    } catch (error) {
      if (!SottoError.is(error, 'contract/invalid')) throw error
      expect(error.details).toEqual({ path: '' })
      expect(error.cause).toBeInstanceOf(Error)
    }
  })
})
