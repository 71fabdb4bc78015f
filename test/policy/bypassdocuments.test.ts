import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SottoError } from '../../src/errors.js'
import type { Peer } from '../../src/identity/peer.js'
import { parseJson } from '../../src/policy/json.js'
import { type PolicyStore, policyStore } from '../../src/policy/store.js'
import { idOf } from './arbitrary.js'

const seed = Date.now() % 2 ** 31
console.info(`test/policy/bypassdocuments: seed ${seed}`)
/** Random documents: `SOTTO_BYPASS=100000` is the full size. */
const RUNS = Number(process.env.SOTTO_BYPASS ?? 2_000)

const peer: Peer = { id: idOf(1), roles: [], claims: {} }
const rule = (more: object = {}) => ({
  id: 'r',
  effect: 'allow',
  by: ['any'],
  verbs: ['call'],
  on: ['a.v1.o'],
  ...more,
})
const document = (...rules: object[]) => ({ version: 1, rules })
const effect = (store: PolicyStore, address = 'a.v1.o') =>
  store.decide({ peer, direction: 'in', verb: 'call', address, attributes: {} }, 0).effect

/** The error of a document that must not load, which must be the one that documents have. */
const refusal = (load: () => unknown): SottoError<'policy/malformed'> => {
  try {
    load()
  } catch (error) {
    if (SottoError.is(error, 'policy/malformed')) return error
    throw error
  }
  throw new Error('it loaded')
}

/** Anything that is no policy, and policies with anything put in somewhere. */
const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
  maxDepth: 4,
})

/** Whole policies, with anything in the place of one field of a rule, or of the document. */
const spoilt = fc
  .record({
    rules: fc.array(fc.record({ effect: fc.constantFrom('allow', 'deny'), on: fc.constantFrom(['>'], ['a.v1.*']) }), {
      minLength: 1,
      maxLength: 4,
    }),
    at: fc.nat(),
    field: fc.constantFrom(
      'id',
      'effect',
      'verbs',
      'on',
      'when',
      'limit',
      'by',
      'to',
      'x',
      'rules',
      'groups',
      'outbound',
    ),
    value: anything,
  })
  .map(({ rules, at, field, value }) => {
    const whole = rules.map((each, index) => rule({ id: `r${index}`, ...each }))
    if (field === 'rules' || field === 'groups' || field === 'outbound')
      return { ...document(...whole), [field]: value }
    const other = at % rules.length
    return document(...whole.map((each, index) => (index === other ? { ...each, [field]: value } : each)))
  })

describe('documents of any shape', () => {
  test('PO-1 anything that is no policy is refused with its place, and nothing else is thrown', () => {
    fc.assert(
      fc.property(anything, (value) => {
        if (value === undefined) return
        expect(typeof refusal(() => policyStore(value)).details.path).toBe('string')
      }),
      { seed, numRuns: RUNS },
    )
  })

  test('PO-1 PO-24 a policy with anything put into it loads, or is refused with its place and changes nothing', () => {
    const store = policyStore(document(rule()))
    fc.assert(
      fc.property(spoilt, (value) => {
        const { epoch } = store
        try {
          store.replace(value)
        } catch (error) {
          if (!SottoError.is(error, 'policy/malformed')) throw error
          expect(store.epoch).toBe(epoch)
        }
        // Whatever is in force now, it answers.
        expect(['allow', 'deny']).toContain(effect(store))
      }),
      { seed, numRuns: RUNS },
    )
  })

  test('PO-1 a document that goes in circles, or deeper than any stack, is refused', () => {
    const circle: Record<string, unknown> = { version: 1 }
    circle.rules = [circle]
    expect(refusal(() => policyStore(circle)).details.path).toBe('rules[0].version')
    const list: unknown[] = []
    list.push(list)
    expect(refusal(() => policyStore({ version: 1, rules: list })).details.path).toBe('rules[0]')
    expect(refusal(() => policyStore(document(rule({ on: list })))).details.path).toBe('rules[0].on[0]')
    expect(refusal(() => policyStore({ version: 1, groups: { g: list }, rules: [] })).details.path).toBe('groups.g[0]')
    let deep: unknown = 'a'
    for (let depth = 0; depth < 1e5; depth++) deep = depth % 2 === 0 ? [deep] : { a: deep }
    expect(refusal(() => policyStore(deep)).details.path).toBe('a')
    expect(refusal(() => policyStore(document(rule({ when: deep })))).details.path).toBe('rules[0].when')
    expect(refusal(() => policyStore(document(rule({ id: deep })))).details.path).toBe('rules[0].id')
  })

  test('PO-30 JSON that is nested deeper than any stack is refused at its place', () => {
    for (const open of ['[', '{"a":', '[{"a":'])
      expect(refusal(() => parseJson(open.repeat(1e5))).details.path).toMatch(/^line 1, column \d{1,3}$/)
    expect(refusal(() => parseJson(`${'['.repeat(1e5)}${']'.repeat(1e5)}`)).details.path).toBe('line 1, column 18')
    expect(refusal(() => parseJson(`"${'\\'.repeat(1e6)}`)).details.path).toBe('line 1, column 1')
    expect(refusal(() => parseJson(' '.repeat(1e6))).details.path).toBe('line 1, column 1000001')
  })

  test('PO-30 PO-4 __proto__ in JSON is a field like any other, which no policy has', () => {
    const text = '{ "version": 1, "rules": [], "__proto__": { "rules": [] } }'
    expect(refusal(() => policyStore(parseJson(text))).details.path).toBe('__proto__')
    expect(refusal(() => policyStore(JSON.parse(text))).details.path).toBe('__proto__')
    // Spelt in a program, it is the prototype, and no field that a prototype has is one of the document.
    expect(refusal(() => policyStore({ __proto__: { version: 1, rules: [] } })).details.path).toBe('')
    const inherited: object = Object.create(Object.assign(Object.create(null), document(rule())))
    expect(refusal(() => policyStore(inherited)).details.path).toBe('version')
  })

  test('PO-3 lists too long are refused before an item of them is read', () => {
    let read = 0
    const long = (length: number): unknown[] => {
      const list: unknown[] = []
      list.length = length
      Object.defineProperty(list, 0, { get: () => read++ })
      return list
    }
    for (const value of [
      { version: 1, rules: long(10_001) },
      { version: 1, rules: long(2 ** 32 - 1) },
      document(rule({ on: long(257) })),
      document(rule({ by: long(1_001) })),
      document(rule({ verbs: long(9) })),
      document(rule({ when: long(33) })),
      document(rule({ when: [{ attribute: 'bytes', is: 'in', value: long(1_001) }] })),
      { version: 1, groups: { g: long(10_001) }, rules: [] },
    ])
      refusal(() => policyStore(value))
    expect(read).toBe(0)
  })
})

describe('documents that are programs', () => {
  test('PO-24 each field is read once: what was checked is what is in force', () => {
    const reads = new Map<string, number>()
    /** Says `first`, and ever after something that would allow more. */
    const two = (target: object, name: string, first: unknown, later: unknown): object =>
      Object.defineProperty(target, name, {
        enumerable: true,
        get: () => {
          const count = (reads.get(name) ?? 0) + 1
          reads.set(name, count)
          return count === 1 ? first : later
        },
      })
    const { id, effect: _, by: __, on: ___, ...more } = rule()
    const own = { id, ...more }
    two(own, 'effect', 'deny', 'allow')
    two(own, 'by', ['any'], ['name:nobody'])
    two(own, 'on', ['a.v1.o'], ['a.v1.p'])
    const store = policyStore(document(rule({ id: 'all', on: ['>'] }), own))
    expect([...reads.values()]).toEqual([1, 1, 1])
    expect(effect(store)).toBe('deny')
    expect([...reads.values()]).toEqual([1, 1, 1])
  })

  test('PO-24 a document that is a Proxy is read like any other, and changes nothing later', () => {
    const live = document(rule({ effect: 'deny' }), rule({ id: 'all', on: ['>'] }))
    const seen = (value: object): object =>
      new Proxy(value, {
        get: (target, key, receiver) => {
          const of: unknown = Reflect.get(target, key, receiver)
          return typeof of === 'object' && of !== null ? seen(of) : of
        },
      })
    const store = policyStore(seen(live))
    live.rules.length = 0
    expect([effect(store), effect(store, 'a.v1.p')]).toEqual(['deny', 'allow'])
  })

  test('PO-24 what a document throws while it is read comes out as it is, and changes nothing', () => {
    const store = policyStore(document(rule()))
    const bang = new TypeError('bang')
    const throws = (name: string, target: object = {}): object =>
      Object.defineProperty(target, name, {
        enumerable: true,
        get: () => {
          throw bang
        },
      })
    const trapped = new Proxy(document(), {
      ownKeys: () => {
        throw bang
      },
    })
    for (const value of [
      throws('rules', { version: 1 }),
      { version: 1, rules: [throws('id')] },
      { version: 1, groups: throws('g'), rules: [] },
      document(rule({ when: [throws('attribute')] })),
      trapped,
    ])
      expect(() => store.replace(value)).toThrow(bang)
    expect([store.epoch, effect(store)]).toEqual([0, 'allow'])
  })

  test('PO-24 a document that replaces the policy while it is read is in force when both are done', () => {
    const store = policyStore(document(rule()))
    const inner = document(rule({ id: 'inner', on: ['a.v1.p'] }))
    const outer = Object.defineProperty({ version: 1 }, 'rules', {
      enumerable: true,
      get: () => {
        store.replace(inner)
        return [rule({ id: 'outer', on: ['a.v1.q'] })]
      },
    })
    store.replace(outer)
    expect([effect(store, 'a.v1.o'), effect(store, 'a.v1.p'), effect(store, 'a.v1.q')]).toEqual([
      'deny',
      'deny',
      'allow',
    ])
    expect(store.epoch).toBe(2)
  })

  test('PO-26 PO-24 attributes with getters are read by a rule at most once, and a throw of theirs allows nothing', () => {
    const store = policyStore(
      document(
        rule({ id: 'all' }),
        rule({
          effect: 'deny',
          when: [{ attribute: 'label.l', is: 'eq', value: 'x' }],
        }),
      ),
    )
    let reads = 0
    const attributes = {
      get 'label.l'() {
        reads++
        return 'x'
      },
    }
    const ask = (of: Readonly<Record<string, string>>) =>
      store.decide({ peer, direction: 'in', verb: 'call', address: 'a.v1.o', attributes: of }, 0)
    expect(ask(attributes)).toEqual({ effect: 'deny', why: 'rule', rules: ['r'] })
    expect(reads).toBe(1)
  })
})

test('PO-1 a list is read by its length, and not as it iterates, which may be without end', () => {
  let asked = 0
  const on = Object.assign(['a.v1.o'], {
    *[Symbol.iterator]() {
      for (; asked < 1_000; asked++) yield 'a.v1.p'
    },
  })
  const rule = { id: 'r', effect: 'allow', by: ['any'], verbs: ['call'], on }
  const policy = policyStore({ version: 1, rules: [rule] }).forPeer({ id: idOf(1), roles: [], claims: {} })
  expect(policy.admit('in', 'call', 'a.v1.o', {}, 0).effect).toBe('allow')
  expect(policy.admit('in', 'call', 'a.v1.p', {}, 0).effect).toBe('deny')
  expect(asked).toBe(0)
})
