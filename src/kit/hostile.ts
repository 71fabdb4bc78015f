import { concat, EMPTY, lengthPrefixed, toHex, utf8 } from '../bytes.js'
import { defaultProvider } from '../crypto/default.js'
import type { KeyPair } from '../crypto/provider.js'
import { SottoError } from '../errors.js'
import { type PeerId, peerIdOf } from '../identity/id.js'
import { generateIdentity, keyPairOf } from '../identity/identity.js'
import { HandshakeState } from '../noise/handshake.js'
import type { Frame, FrameName } from '../session/frames.js'
import { type Suite, suiteById } from '../session/suites.js'
import { type End, type Event, Finding, type OpenOptions, type Shim } from './case.js'
import { accept, type BeginOf, begin, nameOf } from './hostileframes.js'
import { HostileRecords } from './hostilerecords.js'
import {
  acceptanceOf,
  field,
  helloOf,
  initiationOf,
  type Members,
  packet,
  prologueOf,
  suitesIn,
} from './hostilewords.js'

export type Role = 'initiator' | 'responder'

/** How a shim is met. */
export interface Setup {
  readonly suite: Suite
  /** The operations of `kit.v1` that both ends use and serve. */
  readonly operations: readonly string[]
  /** Laid over what the shim is opened with. */
  readonly open?: Partial<OpenOptions>
  /** Limits that this end declares. */
  readonly limits?: Readonly<Record<string, number>>
  /** The static key pair in place of the own one; halves that do not belong together too. */
  readonly keys?: (own: KeyPair, shim: KeyPair) => KeyPair
  /** What this end takes for the negotiation so far, which its prologue is made of. */
  readonly negotiation?: (negs: readonly Uint8Array[]) => readonly Uint8Array[]
  /** A key and its id in place of those that the shim knows. */
  readonly psk?: { readonly id: Uint8Array; readonly key: Uint8Array }
  /** The shim trusts, or expects, another key than this end's: any, or what is made of it. */
  readonly stranger?: true | ((own: Uint8Array) => Uint8Array)
  /** The credential of this key that it shows in the handshake. */
  readonly shows?: (own: PeerId) => Uint8Array
}

/** What stands in a packet. */
interface Parts {
  readonly neg: Uint8Array
  readonly noise: Uint8Array
}

/** What both ends share where a suite asks for it. */
export const PSK = { id: utf8('psk of the kit'), key: new Uint8Array(32).fill(0x5a) } as const

/**
 * A peer of a shim that is driven by hand, from the framework and the frames alone: it says what a case wants said, at any
 * time and in any form. No engine runs in it.
 */
export class Hostile {
  readonly shim: End
  readonly setup: Setup
  /** Its own. */
  readonly role: Role
  /** The one that is spoken: of the setup, until the shim's Hello has tried another. */
  suite: Suite
  readonly keys: { readonly own: KeyPair; readonly shim: KeyPair }
  /** The negotiation parts so far, in order. */
  readonly negs: Uint8Array[] = []
  /** What the shim has told of so far. */
  readonly told: Event[] = []
  /** The last packet of the shim. */
  heard: Parts = { neg: EMPTY, noise: EMPTY }
  #handshake: HandshakeState | undefined
  #records: HostileRecords | undefined
  /** Frames that have come and were not looked at. */
  readonly #frames: Frame[] = []

  private constructor(shim: End, role: Role, setup: Setup, keys: Hostile['keys']) {
    this.shim = shim
    this.role = role
    this.suite = setup.suite
    this.setup = setup
    this.keys = keys
  }

  /** Opens a session of the shim, whose role is `role`, and says nothing yet. */
  static async meet(shim: Shim, role: Role, setup: Setup): Promise<Hostile> {
    const [own, theirs, other] = [generateIdentity(), generateIdentity(), generateIdentity()]
    const keys = { own: keyPairOf(own), shim: keyPairOf(theirs) }
    const { suite, operations, stranger } = setup
    const strange = stranger === true ? other.id : stranger && peerIdOf(stranger(keys.own.publicKey))
    const end = await shim.open({
      role,
      secret: toHex(keys.shim.secretKey),
      ...(setup.open?.issuer === undefined && { peer: strange ?? own.id }),
      pq: suite.pq ? 'require' : 'off',
      ...(suite.psk && { psk: { id: toHex(PSK.id), key: toHex(PSK.key) } }),
      serves: operations,
      ...setup.open,
    })
    return new Hostile(end, role === 'initiator' ? 'responder' : 'initiator', setup, keys)
  }

  /** The first exchange that this end may begin. */
  get first(): number {
    return this.role === 'initiator' ? 1 : 2
  }

  /** The first exchange that the shim may begin. */
  get firstOfShim(): number {
    return 3 - this.first
  }

  /** Of its key. */
  get id(): PeerId {
    return peerIdOf(this.keys.own.publicKey)
  }

  get handshake(): HandshakeState {
    if (this.#handshake === undefined) throw new RangeError('no handshake has begun')
    return this.#handshake
  }

  /** Made of the handshake when they are asked for first. */
  get records(): HostileRecords {
    this.#records ??= new HostileRecords(this.handshake.split())
    return this.#records
  }

  /** Packet 1, with message 1 of the suite. */
  hello(neg: Uint8Array = helloOf([this.suite.id], 0, this.suite.psk ? this.#psk.id : EMPTY)): Uint8Array {
    this.negs.push(neg)
    return packet(neg, this.#begin('initiator').writeMessage())
  }

  /** Reads message 2; its payload. */
  async answered(): Promise<Uint8Array> {
    return this.#opened(await this.packet())
  }

  /** Packet 3; an honest payload unless another is given. */
  message3(payload: Uint8Array = concat(this.#shown(), field(2, this.initiation()))): Uint8Array {
    return packet(EMPTY, this.handshake.writeMessage(payload))
  }

  /** An Initiation that uses and serves the operations of the setup, with `over` laid over its members. */
  initiation(over: Members = {}): Uint8Array {
    return initiationOf(this.setup.operations, this.setup.limits ?? {}, over)
  }

  /** Reads packet 1 of the shim, which says what suite it tries. */
  async greeted(): Promise<void> {
    const { neg } = await this.packet()
    this.negs.push(neg)
    const suite = suiteById(suitesIn(neg).tried)
    if (suite === undefined) throw new Finding('expected a Hello that tries a suite of the table')
    this.suite = suite
  }

  /** A Retry; `greeted` follows. */
  retry(neg: Uint8Array, noise: Uint8Array = EMPTY): Uint8Array {
    this.negs.push(neg)
    return packet(neg, noise)
  }

  /** Packet 2, which answers the last packet of the shim. */
  message2(payload: Uint8Array = this.#shown()): Uint8Array {
    this.#begin('responder').readMessage(this.heard.noise)
    return packet(EMPTY, this.handshake.writeMessage(payload))
  }

  /** Reads message 3; its payload. */
  async asked(): Promise<Uint8Array> {
    return this.#opened(await this.packet())
  }

  /** The frame ACCEPT of all that is offered, with `over` laid over its members. */
  acceptance(over: Members = {}): Uint8Array {
    return accept(acceptanceOf(this.setup.limits ?? {}, over))
  }

  /** One record of these frames. */
  sealed(...frames: readonly Uint8Array[]): Uint8Array {
    return this.records.seal(concat(...frames))
  }

  feed(...bytes: readonly Uint8Array[]): void {
    this.shim.feed(concat(...bytes))
  }

  /** Feeds one record of these frames. */
  say(...frames: readonly Uint8Array[]): void {
    this.feed(this.sealed(...frames))
  }

  /** Has the shim do something. */
  act(act: string, of: Readonly<Record<string, unknown>> = {}): void {
    this.shim.act({ do: act, ...of })
  }

  /** The BEGIN of a message to `operation`, in the first exchange, whole and without a body unless said. */
  begin(operation: string, of: Partial<BeginOf> = {}): Uint8Array {
    return begin({ operation: this.setup.operations.indexOf(operation), exchange: this.first, ...of })
  }

  /** The next packet of the shim. */
  async packet(): Promise<Parts> {
    const neg = await this.#prefixed()
    this.heard = { neg, noise: await this.#prefixed() }
    return this.heard
  }

  /** The next record of the shim as it came, which nobody reads any more. */
  async unopened(): Promise<Uint8Array> {
    return lengthPrefixed(await this.#prefixed())
  }

  /** The frames of the next record of the shim. */
  async record(): Promise<readonly Frame[]> {
    return this.#open(await this.#prefixed())
  }

  /** The next frame of the shim. */
  async next(): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift()
      if (frame !== undefined) return frame
      this.#frames.push(...(await this.record()))
    }
  }

  /** The next frame of this kind. Others are passed over, but no END and no REFUSE. */
  async frame<Is extends FrameName>(is: Is): Promise<Extract<Frame, { readonly is: Is }>> {
    for (;;) {
      const frame = await this.next()
      // The cast: the kind is compared right here, which does not narrow what is generic.
      if (frame.is === is) return frame as Extract<Frame, { readonly is: Is }>
      if (frame.is === 'END' || frame.is === 'REFUSE') throw new Finding(`expected ${is}, got ${nameOf(frame)}`)
    }
  }

  /** The next event of this name; those before it are in `told` too. */
  async event(name: string): Promise<Event> {
    for (;;) {
      const event = await this.shim.event()
      this.told.push(event)
      if (event.event === name) return event
      if (event.event === 'eof') throw new Finding(`expected the event ${name}, got the end of the session`)
    }
  }

  /** What has come and was not looked at, when the shim has worked through all that it was given: bytes, and the frames in them. */
  async rest(): Promise<{ readonly bytes: Uint8Array; readonly frames: readonly Frame[] }> {
    const { events, bytes } = await this.shim.settled()
    this.told.push(...events)
    const frames = this.#frames.splice(0)
    for (let at = 0; this.#records !== undefined && at < bytes.length; ) {
      const end = at + 2 + (bytes[at] ?? 0) * 0x100 + (bytes[at + 1] ?? 0)
      frames.push(...this.#open(bytes.subarray(at + 2, end)))
      at = end
    }
    return { bytes, frames }
  }

  #shown(): Uint8Array {
    const { shows } = this.setup
    return shows === undefined ? EMPTY : field(1, shows(this.id))
  }

  get #psk(): { readonly id: Uint8Array; readonly key: Uint8Array } {
    return this.setup.psk ?? PSK
  }

  #begin(role: Role): HandshakeState {
    const { keys, negotiation } = this.setup
    const { suite } = this
    this.#handshake = new HandshakeState({
      protocol: suite.name,
      role,
      prologue: prologueOf(negotiation?.(this.negs) ?? this.negs),
      s: keys?.(this.keys.own, this.keys.shim) ?? this.keys.own,
      psks: suite.psk ? [this.#psk.key] : [],
      provider: defaultProvider,
    })
    return this.#handshake
  }

  #opened({ neg, noise }: Parts): Uint8Array {
    if (neg.length > 0) throw new Finding(`expected no negotiation part, got ${neg.length} bytes`)
    return this.#honest('a handshake message', () => this.handshake.readMessage(noise))
  }

  #open(sealed: Uint8Array): readonly Frame[] {
    return this.#honest('a record', () => this.records.open(sealed))
  }

  /** The shim is to be honest. */
  #honest<T>(what: string, read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof SottoError)) throw error
      throw new Finding(`expected ${what}, got one that is not to be read: ${error.message}`)
    }
  }

  /** What stands behind a length of two bytes. */
  async #prefixed(): Promise<Uint8Array> {
    const [high = 0, low = 0] = await this.shim.bytes(2)
    const length = high * 0x100 + low
    return length === 0 ? EMPTY : await this.shim.bytes(length)
  }
}
