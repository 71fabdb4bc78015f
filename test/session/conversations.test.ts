import { describe, expect, test } from 'vitest'
import { encode, type Wire } from '../../src/cbor.js'
import { contract } from '../../src/contract/define.js'
import { oneWay, requestResponse } from '../../src/contract/operation.js'
import type { Shape } from '../../src/contract/shape.js'
import { ERRORS } from '../../src/errors.js'
import { policyStore } from '../../src/policy/store.js'
import type { Conversations } from '../../src/session/conversations.js'
import { FLAG } from '../../src/session/frames.js'
import { alice } from './pair.js'
import { begin, fate, fault, Raw } from './wire.js'

const DENIED = ERRORS['policy/denied'].wire
const INVALID = ERRORS['contract/invalid'].wire
const REFUSED = ERRORS['flow/refused'].wire

const keyed: Shape<{ readonly id: string }> = {
  '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [] }) },
}

const Order = contract(
  'order.v1',
  {
    ask: requestResponse({ request: keyed }),
    begin: requestResponse({ request: keyed, visible: ['id'] }),
    drop: oneWay(keyed),
    pay: requestResponse({ request: keyed }),
  },
  { key: 'id', states: { start: { begin: 'begun' }, begun: { pay: 'end', drop: 'end' } } },
)

const ASK = 0
const BEGIN = 1
const DROP = 2

const all = { id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send'], on: ['>'] }

/** Conversations that write down what they are asked, and are where a test says. */
class Kept implements Conversations {
  readonly asked: string[] = []
  state = 'start'
  expected: readonly string[] | undefined
  dropped = 0

  peek(...[route, peer, key]: Parameters<Conversations['peek']>) {
    this.asked.push(`peek ${route.row.name} ${peer.id === alice.id} ${key}`)
    return { state: this.state, mayCome: this.expected === undefined }
  }

  enter(...[route, , key]: Parameters<Conversations['enter']>) {
    this.asked.push(`enter ${route.row.name} ${key}`)
    if (this.expected !== undefined) return { is: 'misstep', state: this.state, expected: this.expected } as const
    const drop = (): void => {
      this.dropped++
    }
    return { is: 'step', drop } as const
  }
}

const rawOf = (kept: Conversations | undefined, ...rules: readonly object[]): Raw =>
  new Raw(
    {
      policy: policyStore({ version: 1, rules: [all, ...rules] }),
      ...(kept && { conversations: new Map([['order.v1', kept]]) }),
    },
    {},
    [Order],
  )

const step = (exchange: number, operation = BEGIN, value: Wire = { id: 'a' }): Uint8Array =>
  begin({ exchange, operation, body: encode(value) })

describe('a step of the peer', () => {
  test('SE-153 SE-155 is let in behind the rules, and its handler gets it', () => {
    const kept = new Kept()
    const raw = rawOf(kept).send(step(1))
    const message = raw.only('message')
    expect(message.exchange.step?.is).toBe('step')
    expect(kept.asked).toEqual(['peek begin true a', 'enter begin a'])
    expect(kept.dropped).toBe(0)
  })

  test('SE-153 what no flow names may come at any time, and nobody is asked', () => {
    const kept = new Kept()
    const raw = rawOf(kept).send(begin({ exchange: 1, operation: ASK, body: encode('x') }))
    expect(raw.only('message').exchange.step).toBeUndefined()
    expect(kept.asked).toEqual([])
  })

  test.each<readonly [string, Wire]>([
    ['no map', 'a'],
    ['no field', {}],
    ['a number', { id: 1 }],
    ['an empty text', { id: '' }],
    ['256 bytes', { id: 'a'.repeat(256) }],
  ])('SE-153 that does not say which conversation it is of is refused: %s', (_, value) => {
    const kept = new Kept()
    for (const operation of [BEGIN, DROP]) {
      const raw = rawOf(kept).send(step(1, operation, value))
      expect(raw.take()).toEqual([])
      expect(raw.read()).toMatchObject([{ is: 'FAULT', code: INVALID, body: encode({ path: 'id' }) }])
    }
    expect(kept.asked).toEqual([])
  })

  test('SE-154 is judged with the state, and one that is denied does not learn it', () => {
    const kept = new Kept()
    const begun = [{ attribute: 'state', is: 'eq', value: 'begun' }]
    const raw = rawOf(kept, {
      id: 'once',
      effect: 'deny',
      by: ['any'],
      verbs: ['call', 'send'],
      on: ['>'],
      when: begun,
    })
    raw.send(step(1))
    raw.only('message')
    kept.state = 'begun'
    kept.expected = ['drop', 'pay']
    raw.send(step(3))
    expect(raw.only('denied').denial.rules).toEqual(['once'])
    expect(raw.read()).toMatchObject([{ is: 'FAULT', exchange: 3, code: DENIED, body: new Uint8Array(0) }])
    expect(kept.asked).toEqual(['peek begin true a', 'enter begin a', 'peek begin true a'])
  })

  test('SE-154 what its head alone decides against is refused before the state is asked', () => {
    const kept = new Kept()
    const raw = rawOf(kept, { id: 'none', effect: 'deny', by: ['any'], verbs: ['call'], on: ['>'] })
    raw.send(step(1))
    expect(raw.only('denied').denial.rules).toEqual(['none'])
    expect(kept.asked).toEqual([])
  })

  test('SE-154 the state is what an own step is judged with, and absent where there is none', () => {
    const begun = [{ attribute: 'state', is: 'eq', value: 'begun' }]
    const raw = rawOf(new Kept(), { id: 'late', effect: 'deny', to: ['any'], verbs: ['call'], on: ['>'], when: begun })
    const own = (state?: string) =>
      raw.engine.admit(
        { contract: 'order.v1', operation: 'begin', value: { id: 'a' }, ttlMs: 0, labels: {}, ...(state && { state }) },
        0,
      )
    expect(own('begun')).toMatchObject({ why: 'rule', rules: ['late'] })
    expect('effect' in own('start')).toBe(false)
    expect(own()).toMatchObject({ why: 'error' })
  })

  test('SE-134 SE-154 it is asked again with the state that it came in', () => {
    const kept = new Kept()
    const store = policyStore({ version: 1, rules: [all] })
    const raw = new Raw({ policy: store, conversations: new Map([['order.v1', kept]]) }, {}, [Order])
    raw.send(step(1))
    const message = raw.only('message')
    kept.state = 'begun'
    const when = (value: string) => [{ attribute: 'state', is: 'eq', value }]
    const rule = { id: 'no', effect: 'deny', by: ['any'], verbs: ['call'], on: ['>'] }
    store.replace({ version: 1, rules: [all, { ...rule, when: when('begun') }] })
    expect(raw.engine.stands(message)).toBe(true)
    store.replace({ version: 1, rules: [all, { ...rule, when: when('start') }] })
    raw.engine.reask(0)
    expect(raw.read()).toMatchObject([{ is: 'FAULT', code: DENIED }])
  })
})

describe('a step that may not come now', () => {
  test('SE-155 is refused before anybody sees it, with the state and what may come', () => {
    const kept = new Kept()
    kept.expected = ['drop', 'pay']
    const raw = rawOf(kept).send(step(1))
    expect(raw.take()).toEqual([])
    expect(raw.read()).toMatchObject([
      { is: 'FAULT', exchange: 1, code: REFUSED, body: encode({ state: 'start', expected: ['drop', 'pay'] }) },
    ])
  })

  test.each([{ concurrent: 1 }, { perSecond: 1 }, { bytesPerSecond: 6 }])(
    'SE-155 takes nothing of the limit %j',
    (limit) => {
      const kept = new Kept()
      kept.expected = []
      const one = { ...all, limit }
      const raw = new Raw(
        { policy: policyStore({ version: 1, rules: [one] }), conversations: new Map([['order.v1', kept]]) },
        {},
        [Order],
      )
      raw.send(step(1))
      kept.expected = undefined
      raw.send(step(3))
      raw.only('message')
    },
  )

  test('SE-155 SE-35 that is one-way, too: its sender finds it in its refusals', () => {
    const kept = new Kept()
    kept.expected = ['begin']
    const raw = rawOf(kept).send(step(1, DROP))
    expect(raw.take()).toEqual([])
    expect(raw.read()).toMatchObject([{ is: 'FAULT', exchange: 1, code: REFUSED }])
    const near = rawOf(kept)
    near.begin({ contract: 'order.v1', operation: 'drop', value: { id: 'a' }, ttlMs: 0, labels: {} })
    near.read()
    near.send(fault(2, 'flow/refused', encode({ state: 'start', expected: ['begin'] })))
    expect(near.only('refused')).toMatchObject({ verb: 'send', address: 'order.v1.drop' })
  })

  test('SE-49 the one who took it learns the state and what may come, and that it did not run', () => {
    const raw = rawOf(new Kept())
    raw.begin({ contract: 'order.v1', operation: 'pay', value: { id: 'a' }, ttlMs: 0, labels: {}, state: 'begun' })
    raw.read()
    raw.send(fault(2, 'flow/refused', encode({ state: 'over', expected: [] })))
    expect(raw.only('fault').error).toMatchObject({
      code: 'flow/refused',
      ran: 'no',
      details: { state: 'over', expected: [] },
    })
  })

  test.each<readonly [string, Wire]>([
    ['no state', { expected: [] }],
    ['no list', { state: 'a', expected: 'b' }],
    ['a list of numbers', { state: 'a', expected: [1] }],
    ['65 of them', { state: 'a', expected: Array.from({ length: 65 }, () => 'a') }],
    ['another member', { state: 'a', expected: [], more: 1 }],
  ])('SE-49 details of another form end the session: %s', (_, details) => {
    const raw = rawOf(new Kept())
    raw.begin({ contract: 'order.v1', operation: 'pay', value: { id: 'a' }, ttlMs: 0, labels: {} })
    raw.read()
    expect(fate(raw.send(fault(2, 'flow/refused', encode(details))))).toBe('session/malformed')
  })

  test('SE-49 as many of what may come are said as a record has room for', () => {
    const kept = new Kept()
    kept.expected = Array.from({ length: 64 }, (_, n) => `${n}`.padEnd(63, 'x'))
    const raw = new Raw(
      { policy: policyStore({ version: 1, rules: [all] }), conversations: new Map([['order.v1', kept]]) },
      { plaintext: 1_024 },
      [Order],
    )
    raw.send(step(1))
    const [frame] = raw.read()
    expect(frame?.is === 'FAULT' && frame.body.length).toBeGreaterThan(900)
    expect(raw.engine.over).toBe(false)
  })
})

describe('a step that no handler will see', () => {
  const waiting = (kept: Kept, store = policyStore({ version: 1, rules: [all] })) => {
    const raw = new Raw({ policy: store, conversations: new Map([['order.v1', kept]]) }, {}, [Order])
    raw.send(step(1))
    return { raw, message: raw.only('message') }
  }

  test('SE-156 for it is denied by then', () => {
    const kept = new Kept()
    const store = policyStore({ version: 1, rules: [all] })
    const { raw, message } = waiting(kept, store)
    store.replace({ version: 1, rules: [] })
    expect(raw.engine.stands(message)).not.toBe(true)
    expect(kept.dropped).toBe(1)
  })

  test('SE-156 for whoever holds it says so', () => {
    const kept = new Kept()
    const { message } = waiting(kept)
    message.exchange.handled()
    expect(kept.dropped).toBe(1)
  })

  test('SE-156 one that is still in pieces when it is given up was never let in', () => {
    const kept = new Kept()
    const raw = rawOf(kept).send(begin({ exchange: 1, operation: BEGIN, flags: FLAG.more, body: Uint8Array.of(0xa1) }))
    raw.engine.ended()
    expect(kept.asked).toEqual([])
  })

  test('SE-153 a flow that nobody keeps is a defect of this end, and nothing of it runs', () => {
    const raw = rawOf(undefined)
    expect(() => raw.send(step(1))).toThrow(RangeError)
    expect(raw.take()).toEqual([])
  })
})
