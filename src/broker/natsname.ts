import { toHex, utf8 } from '../bytes.js'
import { isAddress, isToken } from '../contract/address.js'
import { defaultProvider } from '../crypto/default.js'

/** What NATS keeps or carries of an address: messages of a queue, its dead letters, notes on its deliveries, its bell, a topic. */
export type Purpose = 'queue' | 'dead' | 'note' | 'bell' | 'topic'

const LETTER = { queue: 'q', dead: 'd', note: 'n', bell: 'b', topic: 't' } as const satisfies Record<Purpose, string>

const PREFIX = /^[a-z][a-z0-9-]{0,31}$/

/** Characters of an address that stand in a name as they are; a stream is a directory of its server. */
const MAX_NAME = 160

/** BR-70, BR-71: how addresses and subjects stand in NATS, below one prefix. */
export class NatsNames {
  readonly #prefix: string

  /** @throws RangeError unless the prefix is 1 to 32 small letters, digits or `-`, a letter first */
  constructor(prefix: string) {
    if (!PREFIX.test(prefix))
      throw new RangeError('prefix: expected 1 to 32 small letters, digits or -, a letter first')
    this.#prefix = prefix
  }

  /** The stream that keeps what an address has of a purpose. */
  stream(purpose: Purpose, address: string): string {
    return `${this.#prefix}_${LETTER[purpose]}_${nameOf(address)}`
  }

  /** The stream of all notes, and that of the proof of the cluster key. */
  shared(name: 'notes' | 'key'): string {
    return `${this.#prefix}_${name}`
  }

  /** A subject with all the notes. */
  get notes(): string {
    return `${this.#prefix}.${LETTER.note}.>`
  }

  get key(): string {
    return `${this.#prefix}.key`
  }

  /** The subject of a message: that of Sotto behind prefix, purpose and address; `*` stands for a token where one may. */
  subject(purpose: Purpose, address: string, subject: string): string {
    const place = `${this.#prefix}.${LETTER[purpose]}.${nameOf(address)}`
    if (subject === '') return place
    if (!subject.split('.').every((token) => token === '*' || isToken(token)))
      throw new RangeError('expected a subject of tokens joined by dots')
    return `${place}.${subject}`
  }

  /** The subject of Sotto in one of NATS. */
  subjectIn(purpose: Purpose, address: string, subject: string): string {
    return subject.slice(this.subject(purpose, address, '').length + 1)
  }
}

/** BR-72: the durable consumer of one subject of a queue. */
export const consumerOf = (subject: string): string => (subject === '' ? 'all' : `s${digest(subject)}`)

/** What names a group of subscriptions to NATS, which allows no space in it. */
export const groupOf = (group: string): string => `g${digest(group)}`

/** BR-70: `_` for each dot. No contract and no operation has `_` or `=`, and no name begins with a capital. */
const nameOf = (address: string): string => {
  if (!isAddress(address)) throw new RangeError('expected an address of spec/contract.md')
  const name = address.replaceAll('_', '=').replaceAll('.', '_')
  return name.length <= MAX_NAME ? name : `H${digest(address)}`
}

const digest = (text: string): string => toHex(defaultProvider.hash.SHA256.digest(utf8(text)))
