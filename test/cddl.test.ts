import { describe, expect, test } from 'vitest'
import { decodeStatement } from '../src/identity/statement.js'
import { loadPolicy } from '../src/policy/load.js'
import { decodeAcceptance, decodeInitiation } from '../src/session/initiation.js'
import { CBOR_CASES } from './cddl/cborcases.js'
import { Cddl } from './cddl/cddl.js'
import { JSON_CASES, REFUSED_POLICIES } from './cddl/jsoncases.js'
import { liveMessages } from './cddl/live.js'
import { read } from './source.js'

const cddl = new Cddl(read('spec/wire.cddl'))

describe('wire.cddl', () => {
  test('every rule is tried with what the code writes and with what it must refuse', () => {
    const tried = { ...CBOR_CASES, ...JSON_CASES }
    expect(Object.keys(tried).sort()).toEqual([...cddl.names].sort())
    expect(Object.values(tried).filter(({ taken, refused }) => taken.length === 0 || refused.length === 0)).toEqual([])
  })

  test.each(Object.entries(CBOR_CASES))('%s takes the bytes that the code writes, and no others', (rule, cases) => {
    for (const bytes of cases.taken) expect(cddl.takesBytes(rule, bytes), hex(bytes)).toBe(true)
    for (const bytes of cases.refused) expect(cddl.takesBytes(rule, bytes), hex(bytes)).toBe(false)
  })

  test.each(Object.entries(JSON_CASES))('%s takes the JSON that the code writes, and no other', (rule, cases) => {
    for (const value of cases.taken) expect(cddl.takes(rule, value), JSON.stringify(value)).toBe(true)
    for (const value of cases.refused) expect(cddl.takes(rule, value), JSON.stringify(value)).toBe(false)
  })
})

describe('what the rules refuse', () => {
  const decoders: readonly (readonly [string, (bytes: Uint8Array) => unknown])[] = [
    ['Initiation', decodeInitiation],
    ['Acceptance', decodeAcceptance],
    ['statement', decodeStatement],
  ]
  test.each(decoders)('SE-21 SE-22 ID-23 %s is refused by its decoder too', (rule, decode) => {
    for (const bytes of CBOR_CASES[rule]?.refused ?? []) expect(() => decode(bytes), hex(bytes)).toThrow()
  })

  test.each(REFUSED_POLICIES.map((document) => [JSON.stringify(document), document]))(
    'PO-1 %s loads as no policy',
    (_, document) => {
      expect(() => loadPolicy(document)).toThrow(/^policy\/malformed/)
    },
  )
})

describe('a session', () => {
  test('every payload, body, item and detail of a live session is of its rule', async () => {
    const messages = await liveMessages()
    const rules = new Set(messages.map(({ rule }) => rule))
    expect([...rules].sort()).toEqual(LIVE)
    for (const { rule, bytes } of messages) expect(cddl.takesBytes(rule, bytes), `${rule} ${hex(bytes)}`).toBe(true)
  })
})

/** What comes to be in the session that is played. */
const LIVE = [
  'Acceptance',
  'Answered',
  'Consume',
  'Delivered',
  'Enqueued',
  'FaultDetails',
  'Handed',
  'Initiation',
  'Settlement',
  'Stored',
  'Subscribe',
  'Total',
  'credential',
  'wire',
]

describe('the reader of CDDL', () => {
  test('takes the examples of RFC 8610 as it says', () => {
    const rfc = new Cddl(`
      ; section 2.1, 2.2.2, 3.4, 3.5, 3.8
      person = { age: int, name: tstr, employer: tstr, }
      attire = "bow tie" / "necktie" / "Internet attire"
      protocol = 6 / 17
      port = 0..65535
      half-open = 0...255
      apartment = { kitchen: size, * bedroom => size }
      size = float
      bedroom = text .regexp "(master|guest) .*"
      unlimited-people = [* person]
      one-or-two-people = [1*2 person]
      located-samples = { sample-point: int, ? samples: [+ float], * equipment-type => equipment-tolerances }
      equipment-type = "p" / "q"
      equipment-tolerances = [+ [float, float]]
      strict = { ? "optional-key": int, * tstr => any }
      message = bstr .cbor port
      full = bstr .size (0..3)
      tight = int .gt 5
    `)
    const person = { age: 1, name: 'a', employer: 'b' }
    const taken: readonly (readonly [string, unknown])[] = [
      ['person', person],
      ['attire', 'necktie'],
      ['protocol', 17],
      ['port', 65_535],
      ['half-open', 254],
      ['apartment', { kitchen: 8.5, 'master bedroom': 9.5 }],
      ['unlimited-people', [person, person, person]],
      ['one-or-two-people', [person]],
      ['located-samples', { 'sample-point': 1, samples: [1.5], p: [[0.5, 0.25]] }],
      ['strict', { 'optional-key': 2, other: 'x' }],
      ['message', Uint8Array.of(5)],
      ['full', Uint8Array.of(1, 2, 3)],
      ['tight', 6],
    ]
    const refused: readonly (readonly [string, unknown])[] = [
      ['person', { age: 1, name: 'a' }],
      ['person', { ...person, more: 1 }],
      ['attire', 'tie'],
      ['protocol', 7],
      ['port', 65_536],
      ['half-open', 255],
      ['apartment', { kitchen: 8.5, cellar: 9.5 }],
      ['one-or-two-people', []],
      ['one-or-two-people', [person, person, person]],
      ['located-samples', { 'sample-point': 1, samples: [] }],
      // Section 3.5.4: the key that was found is not looked at as another.
      ['strict', { 'optional-key': 'nonsense' }],
      ['message', Uint8Array.of(0x20)],
      ['full', new Uint8Array(4)],
      ['tight', 5],
    ]
    for (const [rule, value] of taken) expect(rfc.takes(rule, value), rule).toBe(true)
    for (const [rule, value] of refused) expect(rfc.takes(rule, value), rule).toBe(false)
  })

  test.each([
    ['a name without a rule', 'a = b'],
    ['a rule twice', 'a = int a = tstr'],
    ['a rule of the prelude', 'int = 5'],
    ['a text that is no CDDL', 'a = @'],
    ['what is cut short', 'a = { b: int'],
  ])('refuses %s', (_, text) => {
    expect(() => new Cddl(text)).toThrow()
  })
})

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
