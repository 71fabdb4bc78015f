import { describe, expect, test } from 'vitest'
import { encode, type Wire } from '../../src/cbor.js'
import { policyStore } from '../../src/policy/store.js'
import { type Labels, NO_LABELS } from '../../src/session/frames.js'
import { act, begin, Flow, Raw, rules, Streams, stretch } from '../session/wire.js'

/** What rules read of a message is what its receiver reads of it, whatever the program gave or the peer sent. */

const VERBS = ['call', 'send', 'stream']
const allow = { id: 'all', effect: 'allow', by: ['any'], verbs: VERBS, on: ['>'] }
const guard = (attribute: string, is: string, value: Wire) => [
  { attribute, is: 'present' },
  { attribute, is, value },
]
const inIf = (attribute: string, is: string, value: Wire) => ({
  ...allow,
  id: 'no',
  effect: 'deny',
  when: guard(attribute, is, value),
})
const outIf = (attribute: string, is: string, value: Wire) => ({
  id: 'no',
  effect: 'deny',
  to: ['any'],
  verbs: VERBS,
  on: ['>'],
  when: guard(attribute, is, value),
})

describe('what comes in', () => {
  const odd: readonly (readonly [string, Wire])[] = [
    ['an integer beyond 2^53', 2n ** 60n],
    ['a negative integer beyond 2^53', -(2n ** 60n)],
    ['a number beyond 2^53', 2 ** 60],
    ['a list', [5_000]],
    ['an empty list', []],
    ['a map', { n: 5_000 }],
    ['bytes', new Uint8Array(3)],
  ]
  test.each(odd)('PO-55 SE-56 a visible field that is %s is there: who compares it is in error', (_, n) => {
    const raw = new Raw({ policy: rules(allow, inIf('body.n', 'gt', 1_000)) })
    raw.send(begin({ exchange: 1, body: encode({ n }) }))
    expect(raw.only('denied').denial).toMatchObject({ why: 'error', rules: ['no'] })
  })

  test.each(odd)('PO-55 `present` is met by %s, `absent` is not', (_, n) => {
    const when = (is: string) => [{ attribute: 'body.n', is }]
    const present = new Raw({ policy: rules({ ...allow, when: when('present') }) })
    present.send(begin({ exchange: 1, body: encode({ n }) }))
    present.only('message')
    const absent = new Raw({ policy: rules({ ...allow, when: when('absent') }) })
    absent.send(begin({ exchange: 1, body: encode({ n }) }))
    expect(absent.only('denied').denial).toMatchObject({ why: 'default' })
  })
})

describe('what goes out', () => {
  const sent = (policy: object, value: unknown, labels: Labels = NO_LABELS, operation: 'call' | 'note' = 'call') => {
    const raw = new Raw({ policy: rules(allow, policy) })
    // Whatever a program gives: what is no Wire is what is tested here.
    return raw.engine.admit(act(operation, value as Wire, { labels }), 0)
  }
  const denied = expect.objectContaining({ effect: 'deny' })

  test.each(['call', 'note'] as const)('SE-55 a field of a getter is judged as it is sent, by %s', (operation) => {
    const value = {
      get who() {
        return 'eve'
      },
    }
    expect(sent(outIf('body.who', 'eq', 'eve'), value, NO_LABELS, operation)).toEqual(denied)
  })

  test('SE-55 a getter that says another thing each time sends nothing that was not judged', () => {
    for (let odd = 0; odd < 8; odd++) {
      let reads = 0
      const value = {
        get who() {
          return reads++ % 8 === odd ? 'eve' : 'bob'
        },
      }
      const raw = new Raw({ policy: rules(allow, outIf('body.who', 'eq', 'eve')) })
      const answer = raw.engine.admit(act('call', value), 0)
      if ('effect' in answer) continue
      raw.engine.begin(answer, 0)
      expect(raw.read()).toMatchObject([{ body: encode({ who: 'bob' }) }])
    }
  })

  test('SE-55 what a Proxy describes is not what is judged', () => {
    const lie = new Proxy(
      { who: 'eve', n: 1 },
      {
        getOwnPropertyDescriptor: (of, key) => ({
          ...Reflect.getOwnPropertyDescriptor(of, key),
          configurable: true,
          enumerable: true,
          writable: true,
          value: 'bob',
        }),
      },
    )
    expect(sent(outIf('body.who', 'eq', 'eve'), lie)).toEqual(denied)
  })

  test('SE-55 a bigint is judged as the number it is on the wire', () => {
    expect(sent(outIf('body.n', 'eq', 5), { n: 5n })).toEqual(denied)
  })

  test('SE-55 labels that say another thing the second time are read once', () => {
    let reads = 0
    const labels = {
      get team() {
        return reads++ === 0 ? 'red' : 'blue'
      },
    }
    expect(sent(outIf('label.team', 'eq', 'red'), 1, labels)).toEqual(denied)
    expect(reads).toBe(1)
  })

  test('SE-33 a label with a lone surrogate, which would be sent as another text, is refused', () => {
    expect(() => sent(outIf('label.team', 'eq', 'a\ufffd'), 1, { team: 'a\ud800' })).toThrow(RangeError)
    expect(() => sent(outIf('label.team', 'eq', 'x'), 1, { team: 'a\u{1f600}' })).not.toThrow()
  })

  test('SE-126 labels that are changed once the stream has begun change nothing of how its items are judged', () => {
    const raw = new Raw({ policy: rules(allow, outIf('label.team', 'eq', 'red')) }, {}, [Flow, Streams])
    const labels = { team: 'blue' }
    const { exchange } = raw.begin(stretch('talk', { n: 1 }, { labels }))
    labels.team = 'red'
    expect(raw.engine.item(exchange, { n: 2 }, 0)).toBe(true)
  })

  test('SE-133 an audit function that replaces the policy at a decision makes of it no decision of the policy after it', () => {
    const policy = policyStore(
      { version: 1, rules: [allow] },
      {
        audit: (record) => {
          if (/"verb":"call".*"effect":"allow"/.test(Buffer.from(record).toString()))
            policy.replace({ version: 1, rules: [] })
          return true
        },
      },
    )
    const raw = new Raw({ policy })
    raw.send(begin({ exchange: 1 }))
    expect(raw.engine.stands(raw.only('message'))).toMatchObject({ code: 'policy/denied' })
  })
})
