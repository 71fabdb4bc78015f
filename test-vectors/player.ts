import { toHex } from '../src/bytes.js'
import { decode, encode, type Wire } from '../src/cbor.js'
import { isContractName } from '../src/contract/address.js'
import { type Contract, type ContractName, contract } from '../src/contract/define.js'
import type { Provider } from '../src/crypto/provider.js'
import type { Expected } from '../src/identity/expected.js'
import { type IssuerId, type PeerId, parseIssuerId, parsePeerId } from '../src/identity/id.js'
import { Identity } from '../src/identity/identity.js'
import { type TrustStore, trustStore } from '../src/identity/trust.js'
import { policyStore } from '../src/policy/store.js'
import { Engine } from '../src/session/engine.js'
import type { Established } from '../src/session/established.js'
import type { EngineEvent } from '../src/session/events.js'
import type { Exchange } from '../src/session/exchange.js'
import type { Psk, ResponderSide, Side } from '../src/session/side.js'
import { fromHex } from './hex.js'
import type { Act, Seen, SessionVector, SideForm, Vectors } from './schema.js'
import { scripted } from './scripted.js'

export type Role = 'initiator' | 'responder'
export type Contracts = Vectors<'session'>['contracts']
export type Setup = Pick<SessionVector, Role>

type Begins = 'call' | 'send' | 'stream'
type Message = Extract<EngineEvent, { readonly is: 'message' }>

/** One end of a session, made from its vector alone; all at the time 0. */
export class Player {
  readonly engine: Engine
  readonly role: Role
  established: Established | undefined
  readonly #left: () => number
  #waiting: Message[] = []
  #own: Exchange | undefined

  constructor(setup: Setup, contracts: Contracts, role: Role, provider: Provider) {
    const form = setup[role]
    const drawn = scripted(
      provider,
      form.random.map(({ name, bytes }) => ({ name, bytes: fromHex(bytes) })),
    )
    const side = sideOf(form, contracts, drawn.provider)
    this.role = role
    this.#left = drawn.left
    this.engine =
      role === 'initiator'
        ? Engine.initiate({ ...side, expected: expectedOf(form), ...(form.psk && { psk: pskOf(form.psk) }) }, 0)
        : Engine.respond({ ...side, ...answeringOf(form, drawn.provider) }, 0)
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
      seen.push({ at: this.role, event: event.is, ...tellingOf(event) })
    }
    return seen
  }

  #begin({ contract, operation, body, ttlMs, labels }: Extract<Act, { act: Begins }>): void {
    const admitted = this.engine.admit({ contract, operation, value: bodyOf(body), ttlMs, labels }, 0)
    if ('effect' in admitted) throw new TypeError(`the own gate refuses ${contract}.${operation}`)
    this.#own = this.engine.begin(admitted, 0).exchange
  }

  #item(body: string): void {
    const exchange = this.#streaming()
    const value = exchange.sends === 'bytes' ? fromHex(body) : bodyOf(body)
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

const tellingOf = (event: EngineEvent): Omit<Seen, 'at' | 'event'> => {
  switch (event.is) {
    case 'message':
      return { exchange: event.exchange.id, body: hexOfBody(event.value), decision: event.admitted.decision }
    case 'reply':
      return { exchange: event.exchange.id, body: hexOfBody(event.value) }
    case 'item': {
      const { exchange, value } = event
      return { exchange: exchange.id, body: exchange.takes === 'bytes' ? hexOfBytes(value) : hexOfBody(value) }
    }
    case 'fault':
    case 'cancelled':
      return { exchange: event.exchange.id, code: event.error.code }
    case 'stopped':
      return { exchange: event.exchange.id, code: event.error.code }
    case 'ended':
      return { exchange: event.exchange.id, code: event.error?.code ?? null }
    case 'over':
    case 'taken':
      return { exchange: event.exchange.id }
    case 'denied':
      return { decision: event.denial.decision }
    case 'refused':
      return { decision: event.decision }
    case 'closed':
      return { code: event.error?.code ?? null }
    default:
      return {}
  }
}

const sideOf = (form: SideForm, contracts: Contracts, provider: Provider): Side => ({
  identity: identityOf(form, provider),
  provider: { ...provider, nativeAes: form.aes },
  policy: policyStore(form.policy),
  uses: form.uses.map((key) => contractOf(contracts, key)),
  serves: form.serves.map((key) => contractOf(contracts, key)),
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
  const identity = Identity.of(fromHex(secretKey), provider)
  return credential === '' ? identity : identity.with(fromHex(credential))
}

const expectedOf = ({ peer, issuer }: SideForm): Expected =>
  issuer === null ? peerIdIn(peer) : { name: peer, issuer: issuerIdIn(issuer) }

const pskOf = ({ id, key }: NonNullable<SideForm['psk']>): Psk => ({ id: fromHex(id), key: fromHex(key) })

const answeringOf = (form: SideForm, provider: Provider): Pick<ResponderSide, 'trust' | 'pskOf'> => {
  const { psk } = form
  const trust = trustOf(form, provider)
  return {
    trust: trust.check.bind(trust),
    ...(psk && { pskOf: (id: Uint8Array) => (toHex(id) === psk.id ? fromHex(psk.key) : undefined) }),
  }
}

const trustOf = ({ trusts, peer, issuer }: SideForm, provider: Provider): TrustStore => {
  const entry = issuer === null ? peerIdIn(peer) : issuerIdIn(issuer)
  return trustStore(trusts ? [entry] : [], { provider })
}

/** The contract of the rows at `key`; the engine calls no shape, so none is needed. */
export const contractOf = (contracts: Contracts, key: string): Contract => {
  const found = contracts[key]
  if (found === undefined || !isName(found.name)) throw new TypeError(`expected a contract at ${key}`)
  const operations = found.operations.map(({ name, kind, ...terms }) => [name, { kind, terms }] as const)
  return contract(found.name, Object.fromEntries(operations))
}

const isName = (text: string): text is ContractName => isContractName(text)

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

const bodyOf = (hex: string): Wire | undefined => (hex === '' ? undefined : decode(fromHex(hex)))

const hexOfBytes = (value: Wire): string => (value instanceof Uint8Array ? toHex(value) : '')

const hexOfBody = (value: Wire | undefined): string => (value === undefined ? '' : toHex(encode(value)))
