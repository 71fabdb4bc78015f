import { describe, expect, test } from 'vitest'
import { EMPTY } from '../../src/bytes.js'
import { decode, encode, type Wire } from '../../src/cbor.js'
import { ERRORS, type ErrorCode, type SottoError } from '../../src/errors.js'
import { routeAt } from '../../src/session/agreement.js'
import { decodeFault, encodeFault, type Fault, MAX_FAULT } from '../../src/session/faults.js'
import { routeOf } from './routes.js'

const WIDE = 65_519
const long = 'é'.repeat(127)
const tooLong = `${long}é`

const standing = (operation: string) => {
  const route = routeAt(routeOf(operation), operation === 'jobs' ? 'a' : '', true)
  if (route === undefined) throw new Error(`${operation} does not stand`)
  return route
}

/** What this end hears, of a `call` that sent its request alone unless said. */
const heard = (code: ErrorCode | number, details: Wire | undefined, route = routeOf('call'), items = 0): SottoError =>
  decodeFault(typeof code === 'number' ? code : ERRORS[code].wire, details === undefined ? EMPTY : encode(details), {
    route,
    items,
    decision: (index) => `decision ${index}`,
  })

const malformed = (...of: Parameters<typeof heard>): void => {
  const what = JSON.stringify(of.slice(0, 2))
  expect(() => heard(...of), what).toThrow(expect.objectContaining({ code: 'session/malformed' }))
}

describe('SE-49 the details of a FAULT', () => {
  const forms: readonly (readonly [Fault, Wire | undefined])[] = [
    [{ code: 'call/cancelled' }, undefined],
    [{ code: 'call/deadline' }, undefined],
    [{ code: 'session/closed' }, undefined],
    [{ code: 'topic/slow' }, undefined],
    [{ code: 'broker/full' }, undefined],
    [{ code: 'broker/failed' }, undefined],
    [{ code: 'policy/denied' }, undefined],
    [{ code: 'policy/denied', item: 0 }, { item: 0 }],
    [{ code: 'policy/limited', item: 3 }, { item: 3 }],
    [{ code: 'contract/invalid', path: 'a.b' }, { path: 'a.b' }],
    [{ code: 'contract/invalid', path: '', item: 0 }, { path: '' }],
    [
      { code: 'contract/invalid', path: '', item: 2 },
      { path: '', item: 2 },
    ],
    [{ code: 'call/internal', incident: 'i' }, { incident: 'i' }],
    [
      { code: 'call/fault', name: 'n', data: [1] },
      { name: 'n', data: [1] },
    ],
    [{ code: 'call/fault', name: 'n', data: undefined }, { name: 'n' }],
    [
      { code: 'flow/refused', state: 's', expected: ['a', 'b'] },
      { state: 's', expected: ['a', 'b'] },
    ],
  ]
  test.each(forms)('%j is %j', (fault, details) => {
    const bytes = encodeFault(fault, WIDE)
    expect(bytes.length === 0 ? undefined : decode(bytes)).toEqual(details)
  })

  test('SE-49 texts have 255 bytes and no more', () => {
    const faults = (value: string): readonly Fault[] => [
      { code: 'call/fault', name: value, data: undefined },
      { code: 'call/internal', incident: value },
      { code: 'contract/invalid', path: value },
      { code: 'flow/refused', state: value, expected: [] },
    ]
    for (const fault of faults(`${long}x`)) expect(encodeFault(fault, WIDE).length).toBeGreaterThan(255)
    for (const fault of faults(tooLong)) expect(() => encodeFault(fault, WIDE), fault.code).toThrow(RangeError)
  })

  test('SE-49 details go in one record of the peer, and in 16,384 bytes whatever it takes', () => {
    const head = encode({ name: 'n', data: 'x'.repeat(900) }).length - 900
    for (const [plaintext, most] of [
      [1_024, 1_000],
      [WIDE, MAX_FAULT],
    ] as const) {
      const play = (length: number): Uint8Array =>
        encodeFault({ code: 'call/fault', name: 'n', data: 'x'.repeat(length - head) }, plaintext)
      expect(play(most).length).toBe(most)
      expect(() => play(most + 1)).toThrow(RangeError)
    }
  })

  test('SE-49 SE-155 a misstep has as many of what could have come as there is room for, and 64 at most', () => {
    const names = (count: number, length: number) => Array.from({ length: count }, () => 'x'.repeat(length))
    const could = (expected: readonly string[], plaintext: number): unknown => {
      const bytes = encodeFault({ code: 'flow/refused', state: 's', expected }, plaintext)
      expect(bytes.length).toBeLessThanOrEqual(plaintext - 24)
      const value = decode(bytes)
      return typeof value === 'object' && value !== null && 'expected' in value ? value.expected : undefined
    }
    expect(could(names(65, 3), WIDE)).toEqual(names(64, 3))
    expect(could(names(64, 3), WIDE)).toEqual(names(64, 3))
    // Of 1,000 bytes 19 are around the names, and each takes 102.
    expect(could(names(12, 100), 1_024)).toEqual(names(9, 100))
    expect(could(names(3, 2_000), 1_024)).toEqual([])
    // 980 are just what is left for one.
    expect(could(names(2, 978), 1_024)).toEqual(names(1, 978))
    expect(could(names(2, 979), 1_024)).toEqual([])
  })
})

describe('SE-49 SE-59 a FAULT that came', () => {
  const talk = routeOf('talk')
  const told: readonly (readonly [ErrorCode, Wire | undefined, unknown, unknown])[] = [
    ['policy/denied', undefined, 'no', { decision: 'decision 0', address: 'streams.v1.talk' }],
    ['policy/denied', { item: 0 }, 'maybe', { decision: 'decision 0', address: 'streams.v1.talk' }],
    ['policy/limited', { item: 2 }, 'maybe', { decision: 'decision 2', address: 'streams.v1.talk' }],
    ['contract/invalid', { path: 'a' }, 'no', { path: 'a' }],
    ['contract/invalid', { path: `${long}x`, item: 2 }, 'maybe', { path: `${long}x` }],
    ['session/closed', undefined, 'no', {}],
    ['call/cancelled', undefined, 'maybe', {}],
    ['call/deadline', undefined, 'maybe', {}],
    ['call/fault', { name: 'n', data: 1 }, 'yes', { name: 'n', data: 1 }],
    ['call/fault', { name: 'n' }, 'yes', { name: 'n', data: undefined }],
    ['call/internal', { incident: 'i' }, 'yes', { incident: 'i' }],
  ]
  test.each(told)('%s with %j ran: %s', (code, details, ran, expected) => {
    const error = heard(code, details, talk, 2)
    expect([error.code, error.ran, error.details]).toEqual([code, ran, expected])
  })

  test('SE-49 SE-155 a misstep names where its conversation is, and what could have come, if anything could', () => {
    const step = routeOf('step')
    const error = heard('flow/refused', { state: 's', expected: ['a', 'b'] }, step)
    expect(error).toMatchObject({ code: 'flow/refused', ran: 'no', details: { state: 's', expected: ['a', 'b'] } })
    expect(error.message).toContain('one of a, b')
    expect(heard('flow/refused', { state: 's', expected: [] }, step).message).toContain('nothing')
    const many = Array.from({ length: 65 }, () => 'a')
    expect(heard('flow/refused', { state: '', expected: many.slice(1) }, step).code).toBe('flow/refused')
    for (const expected of [many, 'a', [1], [tooLong], undefined]) {
      malformed('flow/refused', { state: 's', ...(expected !== undefined && { expected }) }, step)
    }
    malformed('flow/refused', { state: 1, expected: [] }, step)
    malformed('flow/refused', { state: 's', expected: [], more: 1 }, step)
  })

  test('SE-149 comes where it can be, and nowhere else', () => {
    const places: readonly (readonly [ErrorCode, ReturnType<typeof routeOf>, boolean])[] = [
      ['topic/slow', standing('plain'), true],
      ['topic/slow', routeOf('plain'), false],
      ['topic/slow', standing('work'), false],
      ['topic/slow', talk, false],
      ['broker/full', routeOf('work'), true],
      ['broker/full', standing('plain'), true],
      ['broker/full', talk, false],
      ['broker/failed', routeOf('work'), true],
      ['broker/failed', routeOf('call'), false],
    ]
    for (const [code, route, can] of places) {
      if (can) expect(heard(code, undefined, route).code).toBe(code)
      else malformed(code, undefined, route)
      malformed(code, {}, route)
    }
    expect(heard('topic/slow', undefined, standing('plain')).ran).toBe('yes')
    expect(heard('broker/full', undefined, routeOf('work')).ran).toBe('no')
    expect(heard('broker/failed', undefined, routeOf('work')).ran).toBe('maybe')
    malformed('flow/refused', { state: 's', expected: [] }, talk)
  })

  test('SE-49 is of an item that was sent', () => {
    for (const code of ['policy/denied', 'policy/limited', 'contract/invalid'] as const) {
      const of = (item: Wire): Wire => (code === 'contract/invalid' ? { path: '', item } : { item })
      for (const item of [1, 3]) expect(heard(code, of(item), talk, 3).code).toBe(code)
      for (const item of [-1, 4, 1.5, '1', null]) malformed(code, of(item), talk, 3)
      // What began it was not sent whole.
      malformed(code, of(0), talk, -1)
    }
    malformed('contract/invalid', { path: '', item: 0 }, talk, 3)
    malformed('policy/denied', {}, talk, 3)
  })

  test('SE-49 has details of its code, and of no other form', () => {
    const wrong: readonly (readonly [ErrorCode, Wire])[] = [
      ['policy/denied', { item: 0, more: 1 }],
      ['policy/limited', [0]],
      ['call/cancelled', {}],
      ['call/deadline', {}],
      ['session/closed', {}],
      ['call/fault', { name: 'n', more: 1 }],
      ['call/fault', { data: 1 }],
      ['call/fault', { name: tooLong }],
      ['call/internal', { incident: 1 }],
      ['call/internal', { incident: '', more: 1 }],
      ['call/internal', null],
      ['contract/invalid', { item: 1 }],
      ['contract/invalid', { path: tooLong }],
      ['contract/invalid', { path: '', more: 1 }],
    ]
    for (const [code, details] of wrong) malformed(code, details, talk, 3)
    malformed('identity/self', undefined)
    malformed(ERRORS['session/limit'].wire, undefined)
    malformed(2 ** 40, undefined)
    const notStrict = () =>
      decodeFault(ERRORS['call/fault'].wire, Uint8Array.of(0xff), { route: talk, items: 0, decision: String })
    expect(notStrict).toThrow(expect.objectContaining({ code: 'session/malformed' }))
  })

  test('SE-49 has 16,384 bytes of details at most', () => {
    const head = encode({ name: 'n', data: 'x'.repeat(16_000) }).length - 16_000
    const details = (length: number) => ({ name: 'n', data: 'x'.repeat(length - head) })
    expect(heard('call/fault', details(MAX_FAULT)).code).toBe('call/fault')
    malformed('call/fault', details(MAX_FAULT + 1))
  })
})
