import { describe, expect, test } from 'vitest'
import { encode, type Wire } from '../../src/cbor.js'
import { type PolicyStore, policyStore } from '../../src/policy/store.js'
import { act, admitted, begin, Flow, NEWS, Places, Raw } from './wire.js'

interface Told {
  readonly kind: string
  readonly direction?: string
  readonly verb?: string
  readonly address?: string
  readonly effect?: string
  readonly [member: string]: unknown
}

const verbs = ['call', 'send', 'publish', 'subscribe', 'enqueue', 'consume']
const allow = { id: 'all', effect: 'allow', by: ['any'], verbs, on: ['>'] }

/** A store of these rules beside one that allows all, and what its audit log was told of messages. */
const watched = (...rules: readonly object[]): { readonly store: PolicyStore; readonly told: Told[] } => {
  const told: Told[] = []
  const audit = (record: Uint8Array): boolean => {
    const of: Told = JSON.parse(new TextDecoder().decode(record))
    if (of.kind === 'decided' && of.verb !== 'initiate') told.push(of)
    return true
  }
  return { store: policyStore({ version: 1, rules: [allow, ...rules] }, { audit }), told }
}

/** Whether the peer's call of this value gets to user code. */
const passes = (value: Wire, ...rules: readonly object[]): boolean => {
  const raw = new Raw({ policy: policyStore({ version: 1, rules: [allow, ...rules] }) }, {}, [Flow])
  raw.send(begin({ exchange: 1, body: encode(value) }))
  const kinds = raw.take().map(({ is }) => is)
  expect(['message', 'denied']).toContain(kinds.join())
  return kinds[0] === 'message'
}

describe('PO-55 what rules read of a body', () => {
  const deny = (when: object) => ({ id: 'no', effect: 'deny', by: ['any'], verbs, on: ['>'], when: [when] })
  const present = deny({ attribute: 'body.who', is: 'present' })
  const isTrue = deny({ attribute: 'body.who', is: 'eq', value: true })
  const isX = deny({ attribute: 'body.who', is: 'eq', value: 'x' })

  test.each<readonly [string, Wire, boolean]>([
    ['a text', { who: 'x' }, true],
    ['a number', { who: 1 }, true],
    ['a boolean', { who: false }, true],
    ['a list, which is nothing that rules compare', { who: ['x'] }, true],
    ['null', { who: null }, false],
    ['nothing', { n: 1 }, false],
    ['no map', 'who', false],
    ['nothing, where a list has it', [{ who: 'x' }], false],
  ])('is there: %s', (_, value, isThere) => {
    expect(passes(value, present)).toBe(!isThere)
  })

  test('a boolean equals itself alone, and what cannot be compared is an error, which denies', () => {
    expect([{ who: true }, { who: false }].map((value) => passes(value, isTrue))).toEqual([false, true])
    expect([{ who: 'x' }, { who: 'y' }, { who: ['y'] }, { who: {} }].map((value) => passes(value, isX))).toEqual([
      false,
      true,
      false,
      false,
    ])
  })
})

describe('where an audit log hears', () => {
  const subscribed = (raw: Raw) => {
    raw.send(begin({ exchange: 1, operation: NEWS, subject: 'of.*.*', standing: true, flags: 0, body: encode({}) }))
    return raw.only('message').exchange
  }
  const kept = { id: 'kept', effect: 'deny', to: ['any'], verbs: ['publish'], on: ['places.v1.news.of.kept.*'] }
  const delivery = (subject: string) => ({ subject, item: encode([]), bytes: 1, content: () => ({}) })

  test('SE-150 SE-152 what may be heard and not sent there is denied, and told of as the rules deny it', () => {
    const { store, told } = watched(kept)
    const raw = new Raw({ policy: store }, {}, [Places])
    const exchange = subscribed(raw)
    told.length = 0
    expect(raw.engine.deliver(exchange, delivery('of.kept.a'), 0)).toBe('denied')
    expect(raw.engine.deliver(exchange, delivery('of.open.a'), 0)).toBe(true)
    expect(told).toMatchObject([{ address: 'places.v1.news.of.kept.a', effect: 'deny', rules: ['kept'] }])
  })

  test('SE-150 SE-152 so it is where another policy beside would not even let it be heard', () => {
    const { store, told } = watched(kept)
    store.replaceShadow({ version: 1, rules: [{ ...allow, verbs: ['initiate'] }] })
    const raw = new Raw({ policy: store }, {}, [Places])
    const exchange = subscribed(raw)
    told.length = 0
    expect(raw.engine.deliver(exchange, delivery('of.kept.a'), 0)).toBe('denied')
    expect(raw.engine.deliver(exchange, delivery('of.open.a'), 0)).toBe(true)
    expect(told).toMatchObject([
      { address: 'places.v1.news.of.kept.a', effect: 'deny', rules: ['kept'] },
      { address: 'places.v1.news.of.open.a', effect: 'allow' },
    ])
  })

  test('SE-140 SE-56 a refusal by the head alone is told of as what came in', () => {
    const { store, told } = watched({ id: 'no', effect: 'deny', by: ['any'], verbs: ['call'], on: ['>'] })
    new Raw({ policy: store }, {}, [Flow]).send(begin({ exchange: 1 }))
    expect(told).toMatchObject([{ direction: 'in', verb: 'call', address: 'flow.v1.call', effect: 'deny' }])
  })
})

test('SE-60 an own message has no decision before it is framed: it may never be', () => {
  const raw = new Raw()
  expect(admitted(raw.engine.admit(act('call', {}), 0)).decision).toBe('')
  raw.send(begin({ exchange: 1 }))
  expect(raw.only('message').exchange.admitted?.decision).toMatch(/\.ir\.1\.0$/)
})
