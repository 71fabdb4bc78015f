import { toHex } from '../bytes.js'
import { decode } from '../cbor.js'
import type { Padding } from '../channel/padding.js'
import type { Contract } from '../contract/define.js'
import { defaultProvider } from '../crypto/default.js'
import { Identity } from '../identity/identity.js'
import {
  type Host,
  host,
  initiate,
  issuerId,
  type Policy,
  type Protocol,
  peerId,
  policyStore,
  type Session,
  SottoError,
  type Transport,
  type TrustStore,
  trustStore,
} from '../index.js'
import type { Psk } from '../session/side.js'
import { type Arrivals, PipeTransport } from '../transport/transport.js'
import { kitContract, LEVELS, operationsOf } from './kitcontract.js'
import type { Members } from './members.js'
import { type Changeable, Program } from './shimprogram.js'
import { served, type Tell } from './shimserves.js'

const VERBS = ['call', 'send', 'stream', 'publish', 'subscribe', 'enqueue', 'consume'] as const
/** What is in force where a line gives no policy. */
const ALL: Policy = { version: 1, rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: VERBS, on: ['>'] }] }
/** Of bytes in one line. */
const CHUNK = 1_048_576

/** What becomes of one end of a session. */
export interface EndOutlets {
  /** Hears of each event of the table in spec/conformance.md, and of nothing behind `eof`. */
  readonly tell: Tell
  /** Bytes that the session writes, in hex. */
  readonly write: (hex: string) => void
  /** A defect of this shim, or a line that was wrong in what it asked. */
  readonly failed: (error: unknown) => void
  /** What is trusted in place of what the line says. */
  readonly trusts?: (store: TrustStore) => TrustStore
  /** Hears of what the own policy refused. */
  readonly denied?: (address: string, tell: Tell) => void
}

/** One end of a session over a pipe that is made of lines, on the public face alone. */
export class ShimEnd {
  readonly #outlets: EndOutlets
  readonly #transport: Transport
  readonly #given = new AbortController()
  readonly #under = new Set<Promise<void>>()
  /** What is told before `open` comes behind it. */
  #early: (() => void)[] | undefined = []
  #arrivals: Arrivals | undefined
  #program: Program | undefined
  #isClosed = false
  #isHungUp = false
  #isOver = false

  /** @param line the line `open` @throws SyntaxError, RangeError and TypeError on a line that is none; SottoError on a policy */
  constructor(line: Members, outlets: EndOutlets) {
    this.#outlets = outlets
    this.#transport = new PipeTransport((arrivals) => {
      this.#arrivals = arrivals
      const hangUp = (): void => this.#hangUp()
      return {
        send: (bytes) => this.#write(bytes),
        finish: () => Promise.resolve(hangUp()),
        destroy: hangUp,
        // Whoever writes lines may write as many as it likes: it holds the other end.
        resume: () => undefined,
      }
    })
    const parts = partsOf(line, this.#tell, outlets.trusts)
    void this.#run(parts).catch(outlets.failed)
  }

  feed(bytes: Uint8Array): void {
    this.#arrivals?.arrived(bytes)
  }

  eof(): void {
    this.#arrivals?.ended()
  }

  /** @throws SyntaxError on an act before the session is open */
  act(line: Members): void {
    if (this.#isClosed) return
    if (this.#program === undefined) throw new SyntaxError('expected an act in a session that is open')
    const act = this.#program.act(line).catch(this.#outlets.failed)
    this.#under.add(act)
    void act.then(() => this.#under.delete(act))
  }

  /** Ends the session, without a byte. */
  abort(): void {
    this.#given.abort()
  }

  readonly #tell: Tell = (event, members) => {
    if (this.#isClosed) return
    if (this.#early !== undefined) this.#early.push(() => this.#tell(event, members))
    else this.#outlets.tell(event, members)
  }

  async #run({ contract, changeable, open }: Parts): Promise<void> {
    try {
      const session = await open(this.#transport, this.#given.signal)
      this.#program = new Program(session, contract, changeable, this.#tell)
      this.#opened(session)
      const reading = [this.#refused(session), this.#denied(session)]
      const closed = await session.closed
      await Promise.all([...this.#under, ...reading])
      this.#over(closed.clean ? null : closed.error.code)
    } catch (error) {
      if (!(error instanceof SottoError)) throw error
      this.#over(error.code)
    }
  }

  #opened({ peer, suite, id }: Session): void {
    const early = this.#early ?? []
    this.#early = undefined
    this.#tell('open', { peer: peer.id, suite, sessionId: id })
    for (const tell of early) tell()
  }

  async #refused({ refusals }: Session): Promise<void> {
    for await (const { verb, address } of refusals) this.#tell('refused', { verb, address })
  }

  async #denied({ denials }: Session): Promise<void> {
    for await (const { address } of denials) this.#outlets.denied?.(address, this.#tell)
  }

  #write(bytes: Uint8Array): boolean {
    // CF-3
    for (let from = 0; from < bytes.length; from += CHUNK)
      this.#outlets.write(toHex(bytes.subarray(from, from + CHUNK)))
    return true
  }

  #hangUp(): void {
    this.#isHungUp = true
    this.#end()
  }

  #over(code: string | null): void {
    this.#early = undefined
    this.#tell('closed', { code })
    this.#isClosed = true
    this.#end()
  }

  /** CF-6 */
  #end(): void {
    if (!this.#isClosed || !this.#isHungUp || this.#isOver) return
    this.#isOver = true
    this.#outlets.tell('eof')
  }
}

interface Parts {
  readonly contract: Contract
  readonly changeable: Changeable
  readonly open: (transport: Transport, signal: AbortSignal) => Promise<Session<Contract>>
}

const partsOf = (line: Members, tell: Tell, trusts: EndOutlets['trusts']): Parts => {
  const contract = kitContract(line.has('serves') ? line.texts('serves') : operationsOf(LEVELS))
  const policy = policyStore(line.has('policy') ? line.any('policy') : ALL)
  const told = trustStore([line.has('issuer') ? issuerId(line.text('issuer')) : peerId(line.text('peer'))])
  const trust = trusts?.(told) ?? told
  const identity = Identity.of(line.bytes('secret'), defaultProvider)
  const context = line.has('context') ? line.bytes('context') : undefined
  const ours = {
    identity: line.has('credential') ? identity.with(line.bytes('credential')) : identity,
    use: [contract],
    serve: [served(contract, tell)],
    policy,
    context: context === undefined ? null : decode(context),
    protocol: protocolOf(line),
  }
  const changeable = { policy, trust }
  if (line.one('role', ['initiator', 'responder']) === 'initiator') {
    const peer = line.has('issuer') ? { name: line.text('name'), issuer: trust } : peerId(line.text('peer'))
    return { contract, changeable, open: (transport, signal) => initiate(transport, { ...ours, peer, signal }) }
  }
  const open = async (transport: Transport, signal: AbortSignal): Promise<Session<Contract>> => {
    const answering: Host = host({ ...ours, trust, signal })
    // The cast: a host knows its contracts as contracts alone, which is what this one is.
    return (await answering.accept(transport)) as Session<Contract>
  }
  return { contract, changeable, open }
}

const protocolOf = (line: Members): Protocol & { readonly psk?: Psk } => {
  const psk = line.has('psk') ? line.of('psk') : undefined
  const rekey = line.has('rekey') ? line.of('rekey') : undefined
  return {
    service: line.has('service') ? line.text('service') : '',
    pq: line.has('pq') ? line.one('pq', ['require', 'prefer', 'off']) : 'require',
    limits: line.has('limits') ? numbersOf(line.of('limits')) : {},
    ...(psk && { psk: { id: psk.bytes('id'), key: psk.bytes('key') } }),
    rekey: rekey === undefined ? {} : numbersOf(rekey),
    padding: line.has('padding') ? paddingOf(line) : 'none',
  }
}

const paddingOf = (line: Members): Padding =>
  typeof line.any('padding') === 'number'
    ? { multiple: line.count('padding') }
    : line.one<'buckets'>('padding', ['buckets'])

const numbersOf = (members: Members): Readonly<Record<string, number>> =>
  Object.fromEntries(members.names.map((name) => [name, members.count(name)]))
