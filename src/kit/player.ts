import { toHex } from '../bytes.js'
import { decode, type Wire } from '../cbor.js'
import { parseContract } from '../contract/exported.js'
import type { Provider } from '../crypto/provider.js'
import type { ErrorCode } from '../errors.js'
import type { Expected } from '../identity/expected.js'
import { type IssuerId, type PeerId, parseIssuerId, parsePeerId } from '../identity/id.js'
import { Identity } from '../identity/identity.js'
import { type TrustStore, trustStore } from '../identity/trust.js'
import { policyStore } from '../policy/store.js'
import { Engine } from '../session/engine.js'
import type { Established } from '../session/established.js'
import type { EngineEvent } from '../session/events.js'
import type { Exchange } from '../session/exchange.js'
import type { Psk, ResponderSide, Side } from '../session/side.js'
import { fromHex } from './members.js'
import { scripted } from './scripted.js'
import { type Act, ALL_ALLOWED, type Role, type SessionForm, type SideForm } from './sessionform.js'
import { hexOf } from './shimserves.js'

/** What an end's application learns. */
export interface Seen {
  readonly event: ToldEvent['is']
  readonly exchange?: number
  /** CBOR, or the bytes of a chunk; empty for no value. */
  readonly body?: string
  readonly decision?: string
  /** Null for a clean end. */
  readonly code?: ErrorCode | null
}

type ToldEvent = Exclude<EngineEvent, { readonly is: 'over' | 'taken' | 'renewed' }>
type Begins = 'call' | 'send' | 'stream'
type Message = Extract<EngineEvent, { readonly is: 'message' }>

/** What a session is made of, whatever happens in it. */
export type Setup = Omit<SessionForm, 'script'>

/** One end of a session, made from its vector alone; all at the time 0. */
export class Player {
  readonly engine: Engine
  readonly role: Role
  established: Established | undefined
  readonly #left: () => number
  #waiting: Message[] = []
  #own: Exchange | undefined

  constructor(setup: Setup, role: Role, provider: Provider) {
    const { [role]: form, contracts } = setup
    const drawn = scripted(
      provider,
      form.random.map(({ name, bytes }) => ({ name, bytes: fromHex(name, bytes) })),
    )
    const side = sideOf(form, contracts, drawn.provider)
    this.role = role
    this.#left = drawn.left
    this.engine =
      role === 'initiator'
        ? Engine.initiate({ ...side, expected: expectedOf(form), ...(form.psk && { psk: pskOf(form.psk) }) }, 0)
        : Engine.respond({ ...side, ...answeringOf(form, drawn.provider) }, 0)
  }

  /** What the end of `role` learns from a session, whose other end says what is written. */
  static play(
    session: SessionForm,
    role: Role,
    provider: Provider,
  ): { readonly sessionId?: string; readonly events: readonly Seen[] } {
    const player = new Player(session, role, provider)
    const events = session.script.flatMap((item) => {
      if ('act' in item) {
        if (item.by === role) player.do(item)
      } else if (item.from !== role) player.receive(fromHex('bytes', item.bytes))
      while (player.take() !== undefined);
      return player.seen()
    })
    const { established } = player
    return { ...(established && { sessionId: established.id }), events }
  }

  /** Random values the vector has and the end has not drawn. */
  get left(): number {
    return this.#left()
  }

  take(): Uint8Array | undefined {
    return this.engine.take(0)
  }

  receive(bytes: Uint8Array): void {
    this.engine.receive(bytes, 0)
  }

  do(act: Act): void {
    switch (act.act) {
      case 'call':
      case 'send':
      case 'stream':
        this.#begin(act)
        break
      case 'item':
        this.#item(act.body)
        break
      case 'end':
        this.#end(this.#streaming())
        break
      case 'stop':
        this.engine.stop(this.#streaming())
        break
      case 'reply':
        this.engine.reply(this.#next().exchange, bodyOf(act.body))
        break
      case 'fault':
        this.engine.fault(this.#next().exchange, { code: 'call/fault', name: act.name, data: bodyOf(act.body) })
        break
      case 'consume':
        this.#next()
        break
      case 'cancel':
        if (this.#own !== undefined) this.engine.cancel(this.#own)
        break
      case 'ping':
        this.engine.ping(0)
        break
      case 'close':
        this.engine.close(0, 1_000)
    }
  }

  /** What the engine has told since the last call. */
  seen(): Seen[] {
    const seen: Seen[] = []
    for (let event = this.engine.next(); event !== undefined; event = this.engine.next()) {
      if (event.is === 'message') this.#waiting.push(event)
      if (event.is === 'item') this.engine.consumed(event)
      if (event.is === 'established') this.established = event.established
      if (isTold(event)) seen.push({ event: event.is, ...tellingOf(event) })
    }
    return seen
  }

  #begin({ contract, operation, body, ttlMs, labels }: Extract<Act, { readonly act: Begins }>): void {
    const admitted = this.engine.admit({ contract, operation, value: bodyOf(body), ttlMs, labels }, 0)
    if ('effect' in admitted) throw new TypeError(`the own gate refuses ${contract}.${operation}`)
    this.#own = this.engine.begin(admitted, 0).exchange
  }

  #item(body: string): void {
    const exchange = this.#streaming()
    const value = exchange.sends === 'bytes' ? fromHex('body', body) : bodyOf(body)
    if (this.engine.item(exchange, value ?? null, 0) !== true) throw new TypeError('an item that does not go')
  }

  /** The serving end is done with it. */
  #end(exchange: Exchange): void {
    this.engine.end(exchange)
    if (!exchange.mine) this.#next()
  }

  #streaming(): Exchange {
    const exchange = this.#own?.stream === true ? this.#own : this.#waiting[0]?.exchange
    if (exchange === undefined) throw new TypeError('expected a stream')
    return exchange
  }

  #next(): Message {
    const message = this.#waiting.shift()
    if (message === undefined) throw new TypeError('expected a message that waits for its handler')
    this.engine.consumed(message)
    return message
  }
}

const isTold = (event: EngineEvent): event is ToldEvent =>
  event.is !== 'over' && event.is !== 'taken' && event.is !== 'renewed'

const tellingOf = (event: ToldEvent): Omit<Seen, 'event'> => {
  switch (event.is) {
    case 'message':
      return { exchange: event.exchange.id, body: hexOf(event.value), decision: event.admitted.decision }
    case 'reply':
      return { exchange: event.exchange.id, body: hexOf(event.value) }
    case 'item':
      return { exchange: event.exchange.id, body: hexOfItem(event) }
    case 'fault':
    case 'cancelled':
    case 'stopped':
      return { exchange: event.exchange.id, code: event.error.code }
    case 'ended':
      return { exchange: event.exchange.id, code: event.error?.code ?? null }
    case 'denied':
      return { decision: event.denial.decision }
    case 'refused':
      return { decision: event.decision }
    case 'closed':
      return { code: event.error?.code ?? null }
    case 'established':
    case 'pong':
    case 'draining':
      return {}
  }
}

/** CBOR, or the bytes of a chunk. */
export const hexOfItem = ({ exchange, value }: Extract<EngineEvent, { readonly is: 'item' }>): string =>
  exchange.takes === 'bytes' && value instanceof Uint8Array ? toHex(value) : hexOf(value)

const sideOf = (form: SideForm, contracts: SessionForm['contracts'], provider: Provider): Side => ({
  identity: identityOf(form, provider),
  provider: { ...provider, nativeAes: form.aes },
  policy: policyStore(form.policy ?? ALL_ALLOWED),
  uses: form.uses.map((key) => parseContract(contracts[key])),
  serves: form.serves.map((key) => parseContract(contracts[key])),
  context: bodyOf(form.context) ?? null,
  service: form.service,
  pq: form.pq,
  limits: form.limits,
  rekey: form.rekeyRecords === null ? {} : { records: form.rekeyRecords },
  handshakeMs: 10_000,
  keepaliveMs: 20_000,
  padding: 'none',
  epochMs: form.unixMs,
})

const identityOf = ({ secretKey, credential }: SideForm, provider: Provider): Identity => {
  const identity = Identity.of(fromHex('secretKey', secretKey), provider)
  return credential === '' ? identity : identity.with(fromHex('credential', credential))
}

const expectedOf = ({ peer, issuer }: SideForm): Expected =>
  issuer === null ? peerIdIn(peer) : { name: peer, issuer: issuerIdIn(issuer) }

const pskOf = ({ id, key }: NonNullable<SideForm['psk']>): Psk => ({ id: fromHex('id', id), key: fromHex('key', key) })

const answeringOf = (form: SideForm, provider: Provider): Pick<ResponderSide, 'trust' | 'pskOf'> => {
  const { psk } = form
  const trust = trustOf(form, provider)
  return {
    trust: trust.check.bind(trust),
    ...(psk && { pskOf: (id: Uint8Array) => (toHex(id) === psk.id ? fromHex('key', psk.key) : undefined) }),
  }
}

const trustOf = ({ trusts, peer, issuer }: SideForm, provider: Provider): TrustStore => {
  const entry = issuer === null ? peerIdIn(peer) : issuerIdIn(issuer)
  return trustStore(trusts ? [entry] : [], { provider })
}

const peerIdIn = (text: string): PeerId => {
  parsePeerId(text)
  // A cast, for what parses has the form.
  return text as PeerId
}

const issuerIdIn = (text: string): IssuerId => {
  parseIssuerId(text)
  // A cast, as above.
  return text as IssuerId
}

/** CBOR in hex; empty for no value. */
export const bodyOf = (hex: string): Wire | undefined => (hex === '' ? undefined : decode(fromHex('body', hex)))
