/**
 * Handshake patterns as rows of tokens: Noise revision 34 sections 7.4, 7.5 and 18.1, in Alice-initiated form.
 * Initiator and responder messages alternate, the initiator's first.
 */
export type Role = 'initiator' | 'responder'
export type DhToken = 'ee' | 'es' | 'se' | 'ss'
export type Token = 'e' | 's' | DhToken | 'psk' | 'e1' | 'ekem1'
export type Message = readonly Token[]

export interface Pattern {
  /** The keys of each side that the other knows beforehand (7.1). */
  readonly pre: Readonly<Record<Role, Message>>
  readonly messages: readonly Message[]
}

const nothing = { initiator: [], responder: [] } as const
const initiatorKnown = { initiator: ['s'], responder: [] } as const
const responderKnown = { initiator: [], responder: ['s'] } as const
const bothKnown = { initiator: ['s'], responder: ['s'] } as const

// biome-ignore format: a pattern is a row.
export const PATTERNS = {
  // One-way (7.4)
  N: { pre: responderKnown, messages: [['e', 'es']] },
  K: { pre: bothKnown, messages: [['e', 'es', 'ss']] },
  X: { pre: responderKnown, messages: [['e', 'es', 's', 'ss']] },

  // Fundamental (7.5)
  NN: { pre: nothing, messages: [['e'], ['e', 'ee']] },
  NK: { pre: responderKnown, messages: [['e', 'es'], ['e', 'ee']] },
  NX: { pre: nothing, messages: [['e'], ['e', 'ee', 's', 'es']] },
  XN: { pre: nothing, messages: [['e'], ['e', 'ee'], ['s', 'se']] },
  XK: { pre: responderKnown, messages: [['e', 'es'], ['e', 'ee'], ['s', 'se']] },
  XX: { pre: nothing, messages: [['e'], ['e', 'ee', 's', 'es'], ['s', 'se']] },
  KN: { pre: initiatorKnown, messages: [['e'], ['e', 'ee', 'se']] },
  KK: { pre: bothKnown, messages: [['e', 'es', 'ss'], ['e', 'ee', 'se']] },
  KX: { pre: initiatorKnown, messages: [['e'], ['e', 'ee', 'se', 's', 'es']] },
  IN: { pre: nothing, messages: [['e', 's'], ['e', 'ee', 'se']] },
  IK: { pre: responderKnown, messages: [['e', 'es', 's', 'ss'], ['e', 'ee', 'se']] },
  IX: { pre: nothing, messages: [['e', 's'], ['e', 'ee', 'se', 's', 'es']] },

  // Deferred (18.1)
  NK1: { pre: responderKnown, messages: [['e'], ['e', 'ee', 'es']] },
  NX1: { pre: nothing, messages: [['e'], ['e', 'ee', 's'], ['es']] },
  X1N: { pre: nothing, messages: [['e'], ['e', 'ee'], ['s'], ['se']] },
  X1K: { pre: responderKnown, messages: [['e', 'es'], ['e', 'ee'], ['s'], ['se']] },
  XK1: { pre: responderKnown, messages: [['e'], ['e', 'ee', 'es'], ['s', 'se']] },
  X1K1: { pre: responderKnown, messages: [['e'], ['e', 'ee', 'es'], ['s'], ['se']] },
  X1X: { pre: nothing, messages: [['e'], ['e', 'ee', 's', 'es'], ['s'], ['se']] },
  XX1: { pre: nothing, messages: [['e'], ['e', 'ee', 's'], ['es', 's', 'se']] },
  X1X1: { pre: nothing, messages: [['e'], ['e', 'ee', 's'], ['es', 's'], ['se']] },
  K1N: { pre: initiatorKnown, messages: [['e'], ['e', 'ee'], ['se']] },
  K1K: { pre: bothKnown, messages: [['e', 'es'], ['e', 'ee'], ['se']] },
  KK1: { pre: bothKnown, messages: [['e'], ['e', 'ee', 'se', 'es']] },
  K1K1: { pre: bothKnown, messages: [['e'], ['e', 'ee', 'es'], ['se']] },
  K1X: { pre: initiatorKnown, messages: [['e'], ['e', 'ee', 's', 'es'], ['se']] },
  KX1: { pre: initiatorKnown, messages: [['e'], ['e', 'ee', 'se', 's'], ['es']] },
  K1X1: { pre: initiatorKnown, messages: [['e'], ['e', 'ee', 's'], ['se', 'es']] },
  I1N: { pre: nothing, messages: [['e', 's'], ['e', 'ee'], ['se']] },
  I1K: { pre: responderKnown, messages: [['e', 'es', 's'], ['e', 'ee'], ['se']] },
  IK1: { pre: responderKnown, messages: [['e', 's'], ['e', 'ee', 'se', 'es']] },
  I1K1: { pre: responderKnown, messages: [['e', 's'], ['e', 'ee', 'es'], ['se']] },
  I1X: { pre: nothing, messages: [['e', 's'], ['e', 'ee', 's', 'es'], ['se']] },
  IX1: { pre: nothing, messages: [['e', 's'], ['e', 'ee', 'se', 's'], ['es']] },
  I1X1: { pre: nothing, messages: [['e', 's'], ['e', 'ee', 's'], ['se', 'es']] },
} as const satisfies Record<string, Pattern>

/** The keys whose agreement each DH token means, by role: ours, then the peer's (5.3). */
export const DH_KEYS = {
  initiator: { ee: ['e', 're'], es: ['e', 'rs'], se: ['s', 're'], ss: ['s', 'rs'] },
  responder: { ee: ['e', 're'], es: ['s', 're'], se: ['e', 'rs'], ss: ['s', 'rs'] },
} as const satisfies Record<Role, Record<DhToken, readonly ['e' | 's', 're' | 'rs']>>

export const other = (role: Role): Role => (role === 'initiator' ? 'responder' : 'initiator')

/** Whose turn message `index` is. */
export const writerOf = (index: number): Role => (index % 2 === 0 ? 'initiator' : 'responder')

export const isDh = (token: Token): token is DhToken => token in DH_KEYS.initiator

/** A pattern without `ee`: the recipient has no ephemeral and must never send (7.4). */
export const isOneWay = (pattern: Pattern): boolean => !pattern.messages.some((tokens) => tokens.includes('ee'))

export const pskCount = (pattern: Pattern): number => pattern.messages.flat().filter((token) => token === 'psk').length

/** All tokens by which `role` lets the other side have its keys, beforehand or in a message. */
export const sentBy = (pattern: Pattern, role: Role): Message => [
  ...pattern.pre[role],
  ...pattern.messages.filter((_, index) => writerOf(index) === role).flat(),
]
