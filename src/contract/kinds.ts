/** The acts a policy speaks of, in the order of the table in spec/contract.md. */
export const VERBS = ['initiate', 'call', 'send', 'stream', 'publish', 'subscribe', 'enqueue', 'consume'] as const

export type Verb = (typeof VERBS)[number]

/** CO-14: which verbs an operation of each kind can be the object of; the second is of what stands, and is told what comes. */
export const KINDS = {
  requestResponse: ['call'],
  oneWay: ['send'],
  stream: ['stream'],
  topic: ['publish', 'subscribe'],
  queue: ['enqueue', 'consume'],
} as const satisfies Record<string, readonly Verb[]>

export type Kind = keyof typeof KINDS

export const isKind = (text: string): text is Kind => Object.hasOwn(KINDS, text)

/** CO-18, CO-19, CO-30: the kinds that have what not every row has; of the others it is empty, false or absent. */
export const HAVING = {
  subject: ['topic', 'queue'],
  retain: ['topic'],
  faults: ['requestResponse'],
  idempotent: ['requestResponse'],
  up: ['stream'],
  down: ['stream'],
} as const satisfies Record<string, readonly Kind[]>

export const has = (kind: Kind, what: keyof typeof HAVING): boolean => HAVING[what].some((each) => each === kind)
