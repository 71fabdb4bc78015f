import { toHex } from '../bytes.js'
import { decode } from '../cbor.js'
import type { Contract } from '../contract/define.js'
import { client, type PolicyStore, peerId, type Session, SottoError, type TrustStore } from '../index.js'
import type { Members } from './members.js'
import { hexOf, itemHexOf, type Tell } from './shimserves.js'

/** A call takes no longer unless its line says so. */
const CALL_MS = 30_000
/** What is under way when a session is closed has so long. */
const DRAIN_MS = 1_000
/** Calls, streams, subscriptions and consumers that a session keeps by their tags. */
const TAGS = 65_536

/** Failures of one item, behind which its stream goes on. */
const OF_AN_ITEM: readonly string[] = ['contract/invalid', 'policy/denied', 'policy/limited', 'call/too-large']

/** What an operation of the contract is to a program, whatever its kind. */
interface Asked {
  (value: unknown, options: object): Promise<unknown> & Streaming
  publish(subject: object, value: unknown): Promise<void>
  enqueue(subject: object, value: unknown): Promise<{ readonly id: string; readonly duplicate: boolean }>
  subscribe(filter: object, options: object): Standing
  consume(filter: object, options: object): Standing
}

interface Streaming extends AsyncIterable<unknown> {
  write(item: unknown): Promise<void>
  end(): Promise<void>
}

interface Delivered {
  readonly value: unknown
  readonly subject: Readonly<Record<string, string>>
  ack?(): Promise<void>
}

type Standing = AsyncIterable<Delivered> & { readonly ready?: Promise<void> }

/** What a tag stands for. */
interface Tagged {
  readonly operation: string
  readonly given: AbortController
  stream: Streaming | undefined
  /** What it reads, until it leaves off. */
  reading: AsyncIterator<unknown> | undefined
  isLeft: boolean
}

/** What lines may change while a session lives. */
export interface Changeable {
  readonly policy: PolicyStore
  readonly trust: TrustStore
}

/** What a program does in one session when a line tells it to. */
export class Program {
  readonly #session: Session<Contract>
  readonly #changeable: Changeable
  readonly #tell: Tell
  readonly #contract: Contract
  #asked: Readonly<Record<string, Asked>> | undefined
  readonly #tagged = new Map<string, Tagged>()

  constructor(session: Session<Contract>, contract: Contract, changeable: Changeable, tell: Tell) {
    this.#session = session
    this.#changeable = changeable
    this.#tell = tell
    this.#contract = contract
  }

  /** Settles when the act is over, whatever came of it, which is told of. @throws SyntaxError on a line that is no act */
  async act(line: Members): Promise<void> {
    try {
      await this.#act(line)
    } catch (error) {
      if (!(error instanceof SottoError)) throw error
      this.#fail(line, error)
    }
  }

  #act(line: Members): Promise<void> | void {
    const act = line.one('do', ACTS)
    switch (act) {
      case 'call':
        return this.#call(line)
      case 'send':
        return this.#askedOf(line)(bodyOf(line), {}).then(() => undefined)
      case 'stream':
        return this.#stream(line)
      case 'item':
        return this.#item(line)
      case 'end':
        return this.#tagOf(line).stream?.end().catch(toldByReader)
      case 'cancel':
        return this.#tagOf(line).given.abort()
      case 'leave':
        return this.#leave(this.#tagOf(line))
      case 'subscribe':
      case 'consume':
        return this.#stand(line, act)
      case 'publish':
        return this.#askedOf(line).publish({ room: line.text('subject') }, bodyOf(line))
      case 'enqueue':
        return this.#enqueue(line)
      case 'replace':
        return this.#changeable.policy.replace(line.any('policy'))
      case 'export':
        return this.#export(line)
      case 'renew':
        return this.#session.renew(line.bytes('credential'))
      case 'revoke':
        return this.#changeable.trust.revoke(
          line.has('serial') ? { serial: line.text('serial') } : peerId(line.text('peer')),
        )
      default:
        return this.#session.drain({ timeoutMs: DRAIN_MS })
    }
  }

  async #call(line: Members): Promise<void> {
    const tag = line.text('tag')
    const { given } = this.#begin(line)
    const timeoutMs = line.has('ttlMs') ? line.count('ttlMs') : CALL_MS
    const reply = await this.#askedOf(line)(bodyOf(line), { signal: given.signal, timeoutMs })
    this.#tell('reply', { tag, body: hexOf(reply) })
  }

  async #stream(line: Members): Promise<void> {
    const [tag, operation] = [line.text('tag'), line.text('operation')]
    const tagged = this.#begin(line)
    const stream = this.#askedOf(line)(bodyOf(line), { signal: tagged.given.signal })
    tagged.stream = stream
    for await (const item of left(tagged, stream)) this.#tell('item', { tag, body: itemHexOf(item, operation) })
    this.#tell('ended', { tag })
  }

  async #item(line: Members): Promise<void> {
    const { stream, operation } = this.#tagOf(line)
    try {
      await stream?.write(operation === 'pour' ? line.bytes('body') : bodyOf(line))
    } catch (error) {
      if (!(error instanceof SottoError) || OF_AN_ITEM.includes(error.code)) throw error
      toldByReader(error)
    }
  }

  async #enqueue(line: Members): Promise<void> {
    const { id, duplicate } = await this.#askedOf(line).enqueue({ room: line.text('subject') }, bodyOf(line))
    this.#tell('reply', { tag: line.text('tag'), body: hexOf({ id, duplicate }) })
  }

  async #stand(line: Members, act: 'subscribe' | 'consume'): Promise<void> {
    const [tag, operation] = [line.text('tag'), line.text('operation')]
    const tagged = this.#begin(line)
    const { signal } = tagged.given
    const credit = line.has('credit') ? { credit: line.count('credit') } : {}
    const slow = line.has('slow') ? { slow: line.text('slow') } : {}
    const standing = this.#askedOf(line)[act](filterOf(line), { signal, ...credit, ...slow })
    if (standing.ready !== undefined) await standing.ready
    this.#tell('ready', { tag })
    for await (const delivered of left(tagged, standing)) {
      const { value, subject } = delivered
      const body = hexOf(value)
      this.#tell('heard', { operation, subject: subject.room, body })
      this.#tell('item', { tag, subject: subject.room, body })
      await delivered.ack?.()
    }
    this.#tell('ended', { tag })
  }

  #export(line: Members): void {
    const label = line.text('label')
    const key = this.#session.exportKey(label, line.bytes('context'), line.count('length'))
    this.#tell('exported', { label, key: toHex(key) })
  }

  /** As a program that breaks out of its loop. */
  async #leave(tagged: Tagged): Promise<void> {
    tagged.isLeft = true
    await tagged.reading?.return?.()
  }

  #begin(line: Members): Tagged {
    const [tag, operation] = [line.text('tag'), line.text('operation')]
    if (this.#tagged.has(tag) || this.#tagged.size >= TAGS)
      throw new SyntaxError('expected a tag that is new in its session')
    const tagged = { operation, given: new AbortController(), stream: undefined, reading: undefined, isLeft: false }
    this.#tagged.set(tag, tagged)
    return tagged
  }

  #tagOf(line: Members): Tagged {
    const tagged = this.#tagged.get(line.text('tag'))
    if (tagged === undefined) throw new SyntaxError('expected a tag of this session')
    return tagged
  }

  /** @throws contract/unserved if the peer does not have the contract, which ends no session */
  #askedOf(line: Members): Asked {
    // The cast: the contract is made of a table, so its client has no types.
    this.#asked ??= client(this.#session, this.#contract) as unknown as Readonly<Record<string, Asked>>
    const asked = this.#asked[line.text('operation')]
    if (asked === undefined) throw new SyntaxError('expected an operation that is used in the session')
    return asked
  }

  /** A one-way message that this end refuses has no tag to be named by. */
  #fail(line: Members, error: SottoError): void {
    const declared = SottoError.is(error, 'call/fault')
      ? { name: error.details.name, body: hexOf(error.details.data) }
      : {}
    const tag = line.has('tag') ? { tag: line.text('tag') } : {}
    this.#tell('fault', { ...tag, code: error.code, ran: error.ran, ...declared })
  }
}

export const ACTS = [
  'call',
  'send',
  'stream',
  'item',
  'end',
  'cancel',
  'leave',
  'subscribe',
  'publish',
  'enqueue',
  'consume',
  'replace',
  'export',
  'renew',
  'revoke',
  'close',
] as const

/** What `of` gives until it is left, which is no failure. */
async function* left<T>(tagged: Tagged, of: AsyncIterable<T>): AsyncGenerator<T> {
  const reading = of[Symbol.asyncIterator]()
  tagged.reading = reading
  try {
    for (let next = await reading.next(); next.done !== true; next = await reading.next()) yield next.value
  } catch (error) {
    if (!tagged.isLeft) throw error
  }
}

const bodyOf = (line: Members): unknown => {
  const body = line.bytes('body')
  return body.length === 0 ? undefined : decode(body)
}

/** `*` is whatever the room is. */
const filterOf = (line: Members): object => {
  const room = line.text('subject')
  return room === '*' ? {} : { room }
}

/** Who reads the stream is told what it failed with, once. */
const toldByReader = (error: unknown): void => {
  if (!(error instanceof SottoError)) throw error
}
