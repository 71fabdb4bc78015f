/** The acts a policy speaks of, in the order of the table in spec/contract.md. */
export const VERBS = ['initiate', 'call', 'send', 'stream', 'publish', 'subscribe', 'enqueue', 'consume'] as const

export type Verb = (typeof VERBS)[number]

/** CO-14: which verbs an operation of each kind can be the object of. A kind is added as a row. */
export const KINDS = {
  requestResponse: ['call'],
  oneWay: ['send'],
  stream: ['stream'],
} as const satisfies Record<string, readonly Verb[]>

export type Kind = keyof typeof KINDS

export const isKind = (text: string): text is Kind => Object.hasOwn(KINDS, text)
