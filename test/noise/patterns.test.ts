import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { isDh, type Message, type Pattern, type Role, sentBy, writerOf } from '../../src/noise/patterns.js'
import { parseProtocol } from '../../src/noise/protocol.js'
import { BASES, everySection, protocolOf, ROLES } from './handshakes.js'

const patternOf = (section: string): Pattern => parseProtocol(protocolOf(section)).pattern

/** As the specification writes it: `<- s / ... / -> e, es`. */
const text = ({ pre, messages }: Pattern): string => {
  const arrow = (role: Role): string => (role === 'initiator' ? '->' : '<-')
  const known = ROLES.filter((role) => pre[role].length > 0).map((role) => `${arrow(role)} ${pre[role].join(', ')}`)
  const sent = messages.map((tokens, index) => `${arrow(writerOf(index))} ${tokens.join(', ')}`)
  return [...known, ...(known.length > 0 ? ['...'] : []), ...sent].join(' / ')
}

/** Initiator and responder keys of each DH token. */
const DH = { ee: ['e', 'e'], es: ['e', 's'], se: ['s', 'e'], ss: ['s', 's'] } as const

/** Which DH each side may encrypt after only if the other one is done too (7.3, rule 4). */
const RANDOMIZED = { initiator: { se: 'ee', ss: 'es' }, responder: { es: 'ee', ss: 'se' } } as const

/** The rules of Noise 7.3 and 9.3 that `pattern` breaks. */
const faults = ({ pre, messages }: Pattern): string[] => {
  const found: string[] = []
  const sent: Record<Role, Set<string>> = { initiator: new Set(pre.initiator), responder: new Set(pre.responder) }
  const done = new Set<string>()
  const encrypts = (role: Role): void => {
    for (const [after, needs] of Object.entries(RANDOMIZED[role]))
      if (done.has(after) && !done.has(needs)) found.push(`4: ${role} encrypts after ${after} without ${needs}`)
    if (done.has('psk') && !sent[role].has('e')) found.push(`9.3: ${role} encrypts after psk without its own e`)
  }
  for (const [index, tokens] of messages.entries()) {
    const writer = writerOf(index)
    for (const token of tokens) {
      if (token === 's') encrypts(writer)
      if (token === 'e' || token === 's') {
        if (sent[writer].has(token)) found.push(`2: ${writer} sends ${token} twice`)
        sent[writer].add(token)
      } else if (isDh(token)) {
        const [i, r] = DH[token]
        if (!sent.initiator.has(i) || !sent.responder.has(r)) found.push(`1: ${token} before its keys were sent`)
        if (done.has(token)) found.push(`3: ${token} twice`)
      }
      done.add(token)
    }
    encrypts(writer)
  }
  encrypts('initiator')
  // 7.4: the recipient of a one-way pattern sends nothing.
  if (done.has('ee')) encrypts('responder')
  return found
}

describe('the table', () => {
  test('NO-6 has the 3 one-way, 12 fundamental and 23 deferred patterns', () => {
    const deferred = BASES.filter((name) => name.includes('1'))
    expect([BASES.filter((name) => name.length === 1).length, deferred.length, BASES.length]).toEqual([3, 23, 38])
  })

  test('NO-6 is the list in the chapter', () => {
    const chapter = readFileSync(new URL('../../spec/noise.md', import.meta.url), 'utf8')
    const listed = [...chapter.matchAll(/^([A-Z0-9]+): ((?:->|<-).*)$/gm)].map(([, name, pattern]) => [name, pattern])
    expect(listed).toEqual(BASES.map((name) => [name, text(patternOf(name))]))
  })

  test('NO-6 each name says what the pattern does with the static keys', () => {
    for (const name of BASES) {
      const pattern = patternOf(name)
      const letter = (role: Role): string =>
        pattern.pre[role].includes('s') ? 'K' : sentBy(pattern, role).includes('s') ? 'X' : 'N'
      const [initiator = '', responder = 'K'] = name.replaceAll('1', '')
      expect([letter('initiator'), letter('responder')], name).toEqual([initiator === 'I' ? 'X' : initiator, responder])
      expect(pattern.messages[0]?.includes('s'), name).toBe(initiator === 'I' || name === 'X')
    }
  })

  test('NO-6 every pattern, with every combination of modifiers, is valid by 7.3 and 9.3', () => {
    const sections = everySection()
    for (const section of sections) expect(faults(patternOf(section)), section).toEqual([])
    expect(new Set(sections).size).toBe(sections.length)
    expect(sections.length).toBeGreaterThan(1000)
  })

  test('NO-6 the check of validity finds each breach', () => {
    const none = { initiator: [], responder: [] } as const
    const broken = (...messages: Message[]): string[] =>
      faults({ pre: none, messages }).map((fault) => fault.replace(/:.*/, ''))
    expect(broken(['e', 'es'], ['e', 'ee'])).toContain('1')
    expect(broken(['e'], ['e', 'ee'], ['e'])).toContain('2')
    expect(broken(['e'], ['e', 'ee', 'ee'])).toContain('3')
    expect(broken(['e', 's'], ['e', 'se'])).toContain('4')
    expect(broken(['psk', 'e'], ['psk'])).toContain('9.3')
  })
})

describe('psk', () => {
  test.each([
    ['Npsk0', '<- s / ... / -> psk, e, es'],
    ['Xpsk1', '<- s / ... / -> e, es, s, ss, psk'],
    ['NNpsk0', '-> psk, e / <- e, ee'],
    ['NNpsk2', '-> e / <- e, ee, psk'],
    ['XXpsk3', '-> e / <- e, ee, s, es / -> s, se, psk'],
    ['IKpsk1', '<- s / ... / -> e, es, s, ss, psk / <- e, ee, se'],
    ['XXpsk0+psk3', '-> psk, e / <- e, ee, s, es / -> s, se, psk'],
    ['NNpsk0+psk1+psk2', '-> psk, e, psk / <- e, ee, psk'],
  ])('NO-7 %s is %s', (section, expected) => {
    expect(text(patternOf(section))).toBe(expected)
  })

  test.each(['NNpsk3', 'Npsk2', 'XXpsk4', 'X1Xpsk5', 'NNpsk', 'NNpsk00'])('NO-7 refuses %s', (section) => {
    expect(() => patternOf(section)).toThrow('noise/protocol')
  })
})

describe('fallback', () => {
  test.each([
    ['XXfallback', '<- e / ... / -> e, ee, s, se / <- s, es'],
    ['NNfallback', '<- e / ... / -> e, ee'],
    ['IXfallback', '<- e, s / ... / -> e, ee, es, s, se'],
    ['NK1fallback', '-> s / <- e / ... / -> e, ee, se'],
    ['XXfallback+psk0', '<- e / ... / -> psk, e, ee, s, se / <- s, es'],
    ['XXpsk3+fallback', '<- e / ... / -> e, ee, s, se / <- s, es, psk'],
  ])('NO-8 %s is %s', (section, expected) => {
    expect(text(patternOf(section))).toBe(expected)
  })

  test.each([
    'Nfallback',
    'NKfallback',
    'IKfallback',
    'KKfallback',
    'KNfallback',
    'XXfallback+fallback',
    'XXpsk0+fallback',
    'XXpsk1+fallback',
    'XXfallback+hfs',
    'XXhfs+fallback',
    'XXfallback+psk3',
  ])('NO-8 refuses %s, whose first message is no pre-message or whose modifiers have no meaning', (section) => {
    expect(() => patternOf(section)).toThrow('noise/protocol')
  })
})

describe('hfs', () => {
  // The table of the draft, section 5; in two rows (KK and IN) it contradicts the draft's rule, which holds here.
  test.each([
    ['NNhfs', '-> e, e1 / <- e, ee, ekem1'],
    ['NKhfs', '<- s / ... / -> e, es, e1 / <- e, ee, ekem1'],
    ['NXhfs', '-> e, e1 / <- e, ee, ekem1, s, es'],
    ['XNhfs', '-> e, e1 / <- e, ee, ekem1 / -> s, se'],
    ['XKhfs', '<- s / ... / -> e, es, e1 / <- e, ee, ekem1 / -> s, se'],
    ['XXhfs', '-> e, e1 / <- e, ee, ekem1, s, es / -> s, se'],
    ['KNhfs', '-> s / ... / -> e, e1 / <- e, ee, ekem1, se'],
    ['KKhfs', '-> s / <- s / ... / -> e, es, e1, ss / <- e, ee, ekem1, se'],
    ['KXhfs', '-> s / ... / -> e, e1 / <- e, ee, ekem1, se, s, es'],
    ['INhfs', '-> e, e1, s / <- e, ee, ekem1, se'],
    ['IKhfs', '<- s / ... / -> e, es, e1, s, ss / <- e, ee, ekem1, se'],
    ['IXhfs', '-> e, e1, s / <- e, ee, ekem1, se, s, es'],
    ['XXhfs+psk3', '-> e, e1 / <- e, ee, ekem1, s, es / -> s, se, psk'],
    ['NNhfs+psk0', '-> psk, e, e1 / <- e, ee, ekem1'],
  ])('NO-9 %s is %s', (section, expected) => {
    expect(text(patternOf(section))).toBe(expected)
  })

  test.each(['Nhfs', 'Khfs', 'Xhfs', 'Xhfs+psk1'])('NO-9 refuses %s: nobody could answer e1', (section) => {
    expect(() => patternOf(section)).toThrow('noise/protocol')
  })
})
