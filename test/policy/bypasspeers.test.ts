import { describe, expect, test } from 'vitest'
import type { Peer } from '../../src/identity/peer.js'
import { type PolicyStore, policyStore } from '../../src/policy/store.js'
import { idOf } from './arbitrary.js'
import { decide, pathOf, peer, rule, storeOf } from './asking.js'
import { LOOKALIKES } from './lookalikes.js'

describe('who', () => {
  const whoOf = (by: string, groups: object = {}) => policyStore({ version: 1, groups, rules: [rule({ by: [by] })] })
  const allows = (store: PolicyStore, of: Partial<Peer>): boolean =>
    decide(store, 'a.v1.o', { peer: { ...peer, ...of } }).effect === 'allow'

  test('PO-2 a role or name that is spelt like another kind of who is still a role or a name', () => {
    const words = [
      'any',
      'group:staff',
      'role:staff',
      'name:staff',
      'staff',
      idOf(2),
      'group',
      'role',
      'name',
      '>',
      '*',
      '',
    ]
    for (const word of words) {
      const hostile: Partial<Peer> = { name: word, roles: [word] }
      for (const by of [idOf(2), 'name:x', 'role:x', 'role:operator', 'name:spiffe://x/operator'])
        expect(allows(whoOf(by), hostile), `${by} ${word}`).toBe(false)
      expect(allows(whoOf('group:staff', { staff: ['role:operator', idOf(2)] }), hostile), word).toBe(false)
      expect(allows(whoOf('group:any', { any: ['role:operator'] }), hostile), word).toBe(false)
    }
  })

  test('PO-2 a group named like a role, a name or any is a group and nothing else', () => {
    const groups = { any: ['role:a'], staff: ['role:b'], operator: ['name:c'] }
    expect(allows(whoOf('group:any', groups), { roles: ['any'] })).toBe(false)
    expect(allows(whoOf('group:any', groups), { roles: ['a'] })).toBe(true)
    expect(allows(whoOf('role:staff', groups), { roles: ['b'] })).toBe(false)
    expect(allows(whoOf('name:operator', groups), { name: 'c' })).toBe(false)
    expect(allows(whoOf('role:a', groups), { name: 'a' })).toBe(false)
    expect(allows(whoOf('name:a', groups), { roles: ['a'] })).toBe(false)
  })

  test.each(LOOKALIKES)('PO-2 a role or name with %s is another', (_, spell) => {
    const [role, name] = ['vault.operator1', 'spiffe://vault.example/operator1']
    if (spell(role) !== role) expect(allows(whoOf(`role:${role}`), { roles: [spell(role)] })).toBe(false)
    if (spell(name) !== name) expect(allows(whoOf(`name:${name}`), { name: spell(name) })).toBe(false)
    // And of what is not ASCII no rule can be written that its author would take for it.
    if (/[^\x21-\x7e]/.test(spell(role)))
      expect(pathOf({ version: 1, rules: [rule({ by: [`role:${spell(role)}`] })] })).toBe('rules[0].by[0]')
  })

  test('PO-2 ids that differ in one character, or in case, are two peers, and only one spelling of each loads', () => {
    const id = idOf(1)
    const store = whoOf(id)
    expect(allows(store, {})).toBe(true)
    for (let at = 0; at < id.length; at++) {
      const other = id.slice(0, at) + (id[at] === 'q' ? 'p' : 'q') + id.slice(at + 1)
      if (other === id) continue
      expect(allows(store, { id: other as Peer['id'] })).toBe(false)
      expect(pathOf({ version: 1, rules: [rule({ by: [other] })] })).toBe('rules[0].by[0]')
    }
    for (const other of [
      id.toUpperCase(),
      ` ${id}`,
      `${id}\n`,
      id.slice(0, -1),
      `${id}q`,
      id.replace('sotto1', 'SOTTO1'),
    ]) {
      expect(allows(store, { id: other as Peer['id'] })).toBe(false)
      expect(pathOf({ version: 1, rules: [rule({ by: [other] })] })).toBe('rules[0].by[0]')
    }
  })

  test('PO-10 no claim is a pattern, part of one, or more than one token', () => {
    const store = storeOf(rule({ on: ['a.v1.o.{claim.team}'] }))
    const withTeam = (team: string | number | boolean, address: string) =>
      decide(store, address, { peer: { ...peer, claims: { team } } })
    expect(withTeam('red', 'a.v1.o.red').effect).toBe('allow')
    for (const team of [
      '*',
      '>',
      'red.>',
      'red.blue',
      'red.',
      '.red',
      '',
      '{peer.id}',
      '{claim.team}',
      'r\u0435d',
      'red\0',
      'red\n',
      5,
      true,
    ])
      for (const address of ['a.v1.o.red', 'a.v1.o.red.blue', 'a.v1.o.x', `a.v1.o.${peer.id}`])
        expect(withTeam(team, address).effect, `${team} ${address}`).toBe('deny')
    for (const team of ['Red', 'RED', 'redd', 're', 'red-', '-red', 'r_d'])
      expect(withTeam(team, 'a.v1.o.red').effect).toBe('deny')
  })

  test('PO-10 {peer.id} is the id of the peer and not a claim or name of that text', () => {
    const store = storeOf(rule({ on: ['a.v1.o.{peer.id}'] }))
    const other = idOf(2)
    const liar: Peer = { ...peer, name: other, roles: [other], claims: { id: other, 'peer.id': other, peer: other } }
    expect(decide(store, `a.v1.o.${other}`, { peer: liar }).effect).toBe('deny')
    expect(decide(store, `a.v1.o.${peer.id}`, { peer: liar }).effect).toBe('allow')
  })

  test('PO-28 no attribute of a message stands for a claim', () => {
    const store = storeOf(rule({ when: [{ attribute: 'claim.team', is: 'eq', value: 'red' }] }))
    const attributes = { 'claim.team': 'red', 'body.claim.team': 'red', 'label.claim.team': 'red', team: 'red' }
    expect(decide(store, 'a.v1.o', { attributes }).effect).toBe('deny')
    expect(decide(store, 'a.v1.o', { peer: { ...peer, claims: { team: 'red' } } }).effect).toBe('allow')
  })
})

describe('values', () => {
  test.each(LOOKALIKES)('PO-14 a text with %s is another text: nothing is normalised', (_, spell) => {
    const text = 'vault.v1.erase'
    const when = (is: string) => [{ attribute: 'body.b', is, value: text }]
    const of = (is: string) =>
      decide(storeOf(rule({ when: when(is) })), 'a.v1.o', { attributes: { 'body.b': spell(text) } })
    expect([of('eq').effect, of('ne').effect]).toEqual(['deny', 'allow'])
  })

  test('PO-14 composed and decomposed accents are two texts', () => {
    const store = storeOf(rule({ when: [{ attribute: 'label.l', is: 'eq', value: 'caf\u00e9' }] }))
    expect(decide(store, 'a.v1.o', { attributes: { 'label.l': 'caf\u00e9' } }).effect).toBe('allow')
    expect(decide(store, 'a.v1.o', { attributes: { 'label.l': 'cafe\u0301' } }).effect).toBe('deny')
  })

  test('PO-14 a value of another type is an error behind `present`, so a deny rule is not dodged by it', () => {
    const guarded = (is: string, value: unknown) => [
      { attribute: 'body.b', is: 'present' },
      { attribute: 'body.b', is, value },
    ]
    const cases: readonly (readonly [string, unknown, readonly (string | number | boolean)[]])[] = [
      ['eq', 5, ['5', true, Number.NaN, '']],
      ['gt', 5, ['6', true, Number.NaN]],
      ['eq', 'x', [5, true, 0]],
      ['in', ['x', 'y'], [5, false]],
      ['not-in', ['x', 'y'], [5, false]],
      ['eq', true, ['true', 1]],
    ]
    for (const [is, value, seen] of cases) {
      const store = storeOf(rule({ id: 'all' }), rule({ effect: 'deny', when: guarded(is, value) }))
      for (const b of seen)
        expect(decide(store, 'a.v1.o', { attributes: { 'body.b': b } })).toEqual({
          effect: 'deny',
          why: 'error',
          rules: ['r'],
        })
    }
  })

  test('PO-14 zero has no sign, and infinity is a number', () => {
    const store = (is: string, value: number) => storeOf(rule({ when: [{ attribute: 'body.b', is, value }] }))
    const effect = (is: string, value: number, b: number) =>
      decide(store(is, value), 'a.v1.o', { attributes: { 'body.b': b } }).effect
    for (const [value, b] of [
      [0, -0],
      [-0, 0],
    ] as const) {
      expect([effect('eq', value, b), effect('ge', value, b), effect('lt', value, b)]).toEqual([
        'allow',
        'allow',
        'deny',
      ])
    }
    expect([effect('gt', 1e12, Infinity), effect('lt', 0, -Infinity), effect('eq', 0, Number.NaN)]).toEqual([
      'allow',
      'allow',
      'deny',
    ])
  })
})
