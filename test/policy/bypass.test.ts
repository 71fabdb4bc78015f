import { describe, expect, test } from 'vitest'
import { VERBS } from '../../src/contract/kinds.js'
import { decide, pathOf, peer, rule, storeOf } from './asking.js'
import { LOOKALIKES } from './lookalikes.js'

describe('addresses', () => {
  const store = storeOf(
    rule({ id: 'all', on: ['>'] }),
    rule({ id: 'erase', effect: 'deny', verbs: ['call'], on: ['vault.v1.erase'] }),
  )
  const outside = { effect: 'deny', why: 'error', rules: [] }

  test('PO-8 the list of spellings is one of other texts, and what they are made of is allowed or denied by a rule', () => {
    const spelt = LOOKALIKES.map(([, spell]) => spell('vault.v1.erase'))
    expect(new Set(spelt).size).toBe(LOOKALIKES.length)
    expect(spelt).not.toContain('vault.v1.erase')
    expect(decide(store, 'vault.v1.erase')).toEqual({ effect: 'deny', why: 'rule', rules: ['erase'] })
    expect(decide(store, 'vault.v1.read')).toEqual({ effect: 'allow', rules: ['all'] })
  })

  test.each(LOOKALIKES)('PO-8 an address with %s is no address, whatever is allowed', (_, spell) => {
    for (const verb of VERBS) {
      if (verb === 'initiate') continue
      expect(decide(store, spell('vault.v1.erase'), { verb }), verb).toEqual(outside)
    }
  })

  test.each(LOOKALIKES)('PO-8 a contract with %s is no contract, though trust alone allows to initiate', (_, spell) => {
    // Not every spelling touches a name without these letters.
    if (spell('vault.v1') === 'vault.v1') return
    expect(decide(storeOf(), spell('vault.v1'), { verb: 'initiate' })).toEqual(outside)
    expect(decide(store, spell('vault.v1'), { verb: 'initiate' })).toEqual(outside)
  })

  test.each(LOOKALIKES)(
    'PO-8 what we do ourselves at an address with %s is denied, though no rule speaks of it',
    (_, spell) => {
      const verdict = storeOf().decide(
        { peer, direction: 'out', verb: 'call', address: spell('vault.v1.erase'), attributes: {} },
        0,
      )
      expect(verdict).toEqual(outside)
    },
  )

  test('PO-8 a wildcard stands for whole tokens of a subscription, and nowhere else', () => {
    for (const verb of ['subscribe', 'consume'] as const) {
      expect(decide(store, 'vault.v1.erase.*', { verb }).effect).toBe('allow')
      for (const address of [
        'vault.v1.*',
        'vault.*.erase',
        '*.v1.erase',
        'vault.v1.erase.**',
        'vault.v1.erase.a*',
        'vault.v1.erase.>',
        'vault.v1.erase.*.>',
        'vault.v1.erase.{peer.id}',
        'vault.v1.erase.*\u0301',
        'vault.v1.erase.\u2217',
      ])
        expect(decide(store, address, { verb }), address).toEqual(outside)
    }
    expect(decide(store, 'vault.v1.erase.*', { verb: 'publish' })).toEqual(outside)
  })

  test('PO-8 an address longer than 255 bytes, or of more than 16 tokens, is none', () => {
    const tokens = (count: number) => `a.v1.o${'.x'.repeat(count)}`
    expect(decide(store, tokens(16)).effect).toBe('allow')
    expect(decide(store, tokens(17))).toEqual(outside)
    const long = `a.v1.o${`.${'x'.repeat(60)}`.repeat(4)}`
    expect(decide(store, `${long}.${'y'.repeat(254 - long.length)}`).effect).toBe('allow')
    expect(decide(store, `${long}.${'y'.repeat(255 - long.length)}`)).toEqual(outside)
    expect(decide(store, `a.v1.o.${'y'.repeat(66)}`)).toEqual(outside)
    for (const verb of VERBS) {
      expect(decide(store, 'a'.repeat(1e6), { verb })).toEqual(outside)
      expect(decide(store, 'a.'.repeat(5e5), { verb })).toEqual(outside)
    }
  })

  test('PO-8 an address of another verb is none: an operation is not initiated, a contract is not called', () => {
    for (const verb of VERBS) {
      const [contract, operation] = [decide(store, 'vault.v1', { verb }), decide(store, 'vault.v1.read', { verb })]
      expect([contract, operation].map(({ effect }) => effect)).toEqual(
        verb === 'initiate' ? ['allow', 'deny'] : ['deny', 'allow'],
      )
      expect(verb === 'initiate' ? operation : contract).toEqual(outside)
    }
  })

  test('PO-9 a rule of one verb says nothing of another at the same address', () => {
    for (const allowed of VERBS) {
      const on = allowed === 'initiate' ? 'vault.v1' : 'vault.v1.read'
      const one = storeOf(rule({ verbs: [allowed], on: [on] }))
      for (const verb of VERBS)
        if (verb !== 'initiate') expect(decide(one, on, { verb }).effect === 'allow').toBe(verb === allowed)
    }
  })

  test('PO-9 an address is compared as a whole: its case, its parts and its length matter', () => {
    const one = storeOf(rule({ verbs: ['call'], on: ['vault.v1.read.a', 'vault.v1.readAll'] }))
    expect(decide(one, 'vault.v1.read.a').effect).toBe('allow')
    for (const address of [
      'vault.v1.read',
      'vault.v1.read.A',
      'vault.v1.read.a.a',
      'vault.v1.read.aa',
      'vault.v1.reada',
      'vault.v1.readall',
      'vault.v1.readAl',
      'vault.v1.readAlll',
      'vault.v11.read.a',
      'vault.v1.v1.read.a',
      'a.vault.v1.read.a',
      'vault-v1.v1.read.a',
    ])
      expect(decide(one, address), address).toMatchObject({ effect: 'deny' })
  })
})

describe('documents', () => {
  test('PO-6 PO-7 of all these spellings only wildcards and placeholders load as patterns', () => {
    const loads = LOOKALIKES.flatMap(([what, spell]) =>
      pathOf({ version: 1, rules: [rule({ effect: 'deny', on: [spell('vault.v1.erase')] })] }) === 'none' ? [what] : [],
    )
    expect(loads.filter((what) => what !== 'the peer')).toEqual([
      'a star',
      'a star for its end',
      'a tail',
      'a tail behind',
      'the peer behind',
      'a claim behind',
      'a tail alone',
    ])
  })

  test.each(LOOKALIKES)('PO-4 a field, verb, effect or operator with %s does not load', (_, spell) => {
    const other = (text: string) => spell(text) !== text
    const whole = (over: object) => ({ version: 1, rules: [rule(over)] })
    for (const field of ['effect', 'verbs', 'when', 'limit'])
      if (other(field)) expect(pathOf(whole({ [spell(field)]: [] }))).not.toBe('none')
    if (other('call')) expect(pathOf(whole({ verbs: [spell('call')] }))).toBe('rules[0].verbs[0]')
    if (other('deny')) expect(pathOf(whole({ effect: spell('deny') }))).toBe('rules[0].effect')
    const condition = (more: object) => whole({ when: [{ attribute: 'bytes', is: 'present', ...more }] })
    if (other('bytes')) expect(pathOf(condition({ attribute: spell('bytes') }))).toBe('rules[0].when[0].attribute')
    if (other('absent')) expect(pathOf(condition({ is: spell('absent') }))).toBe('rules[0].when[0].is')
  })

  test('PO-5 names that objects have of themselves are nothing to a document', () => {
    const reserved = ['__proto__', 'constructor', 'prototype']
    const whole = (over: object, more: object = {}) => ({ version: 1, ...more, rules: [rule(over)] })
    for (const name of reserved) {
      // As JSON gives them, an own field like any other.
      const named = (value: unknown): object => JSON.parse(`{ ${JSON.stringify(name)}: ${JSON.stringify(value)} }`)
      expect(pathOf(whole({ id: name }))).toBe('rules[0].id')
      expect(pathOf(whole({}, { groups: named(['any']) }))).toMatch(/^groups\./)
      expect(pathOf({ ...named(1), version: 1, rules: [] })).toBe(name)
      expect(pathOf(whole(named({})))).toBe(`rules[0].${name}`)
      for (const family of ['label', 'body', 'claim'])
        expect(pathOf(whole({ when: [{ attribute: `${family}.${name}`, is: 'present' }] }))).toBe(
          'rules[0].when[0].attribute',
        )
      expect(pathOf(whole({ on: [`{claim.${name}}.v1.o`] }))).toBe('rules[0].on[0]')
      expect(pathOf(whole({ by: [`group:${name}`] }))).toBe('rules[0].by[0]')
    }
    // The names of a table's prototype are no rows of it.
    for (const name of [...reserved, 'toString', 'hasOwnProperty', 'valueOf']) {
      expect(pathOf(whole({ verbs: [name] }))).toBe('rules[0].verbs[0]')
      expect(pathOf(whole({ effect: name }))).toBe('rules[0].effect')
      expect(pathOf(whole({ when: [{ attribute: name, is: 'present' }] }))).toBe('rules[0].when[0].attribute')
      expect(pathOf(whole({ when: [{ attribute: `${name}.x`, is: 'present' }] }))).toBe('rules[0].when[0].attribute')
      expect(pathOf(whole({ when: [{ attribute: 'bytes', is: name }] }))).toBe('rules[0].when[0].is')
      expect(pathOf(whole({ by: [`group:${name}`] }))).toBe('rules[0].by[0]')
    }
  })

  test('PO-26 a field, label or claim named like a method of objects is absent unless it is there', () => {
    for (const name of [
      'toString',
      'hasOwnProperty',
      'valueOf',
      'isPrototypeOf',
      '__defineGetter__',
      '__lookupSetter__',
    ]) {
      for (const family of ['body', 'label', 'claim']) {
        const store = storeOf(rule({ when: [{ attribute: `${family}.${name}`, is: 'present' }] }))
        expect(decide(store, 'a.v1.o').effect).toBe('deny')
        const there = family === 'claim' ? { peer: { ...peer, claims: { [name]: 'x' } } } : {}
        const attributes = family === 'claim' ? {} : { [`${family}.${name}`]: 'x' }
        expect(decide(store, 'a.v1.o', { ...there, attributes }).effect).toBe('allow')
      }
      expect(decide(storeOf(rule({ on: [`a.v1.o.{claim.${name}}`] })), 'a.v1.o.x')).toEqual({
        effect: 'deny',
        why: 'error',
        rules: ['r'],
      })
    }
    expect(Object.keys(Object.prototype)).toEqual([])
  })
})
