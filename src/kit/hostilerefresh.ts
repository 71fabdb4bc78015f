import { concat, utf8 } from '../bytes.js'
import { defaultProvider } from '../crypto/default.js'
import type { KeyPair } from '../crypto/provider.js'
import { HandshakeState } from '../noise/handshake.js'
import type { Split } from '../noise/split.js'
import type { Frame } from '../session/frames.js'
import { SUITES } from '../session/suites.js'
import { Finding } from './case.js'
import type { Hostile } from './hostile.js'
import { nameOf, refresh, rekey } from './hostileframes.js'

interface Lies {
  /** In place of the number of this refresh. */
  readonly run?: number
  /** In place of the root. */
  readonly root?: Uint8Array
  /** In place of the keys of the session. */
  readonly keys?: KeyPair
}

/** A refresh of a session, by hand and in either role. The root is used up by it. */
export class HostileRefresh {
  readonly #peer: Hostile
  readonly #nested: HandshakeState
  readonly #run: number
  #made: Split | undefined

  /** @param before the refresh before it, which has ended; the first if none is given */
  constructor(peer: Hostile, { run, root, keys }: Lies = {}, before?: HostileRefresh) {
    const split = (before === undefined ? undefined : before.#made) ?? peer.records.split
    const own = split.takeRoot()
    this.#run = before === undefined ? 1 : before.#run + 1
    const { cipher, pq } = peer.suite
    const suite = SUITES.find((each) => each.psk && each.pq === pq && each.cipher === cipher)
    this.#peer = peer
    this.#nested = new HandshakeState({
      protocol: suite?.name ?? '',
      role: peer.role,
      prologue: concat(utf8('Sotto/1 refresh'), split.handshakeHash, Uint8Array.of(0, 0, 0, run ?? this.#run)),
      s: keys ?? peer.keys.own,
      psks: [root ?? own],
      provider: defaultProvider,
    })
  }

  /** The next message, which is not said yet. */
  write(payload?: Uint8Array): Uint8Array {
    return this.#nested.writeMessage(payload)
  }

  /** Reads the next message of the shim. */
  async read(): Promise<void> {
    this.#nested.readMessage((await this.#peer.frame('REFRESH')).body)
  }

  /** As I: message 1 and 2, up to message 3. */
  async start(): Promise<void> {
    this.#peer.say(refresh(this.write()))
    await this.read()
  }

  /** As R, when message 1 has been read: message 2, message 3 with REKEY 1 in its record, and REKEY 1; both ends have their new keys then. */
  async answer(): Promise<void> {
    this.#peer.say(refresh(this.write()))
    let frames: readonly Frame[]
    do frames = await this.#peer.record()
    while (!frames.some(({ is }) => is === 'REFRESH'))
    // CH-28
    const last = frames.at(-1)
    if (last?.is !== 'REKEY' || last.generation !== 1)
      throw new Finding(`expected REKEY 1 at the end of the record of message 3, got ${frames.map(nameOf).join(', ')}`)
    this.#nested.readMessage(concat(...frames.flatMap((frame) => (frame.is === 'REFRESH' ? [frame.body] : []))))
    this.#pend()
    this.#peer.records.follow()
    this.#peer.say(rekey(1))
    this.#peer.records.switch()
  }

  /** As I: message 3 and REKEY 1 in one record, behind which this end seals with its new key. */
  last(): void {
    const record = this.#peer.sealed(refresh(this.write()), rekey(1))
    this.#pend()
    this.#peer.feed(record)
    this.#peer.records.switch()
  }

  /** The same, and the shim's REKEY 1; both ends have their new keys then. */
  async finish(): Promise<void> {
    this.last()
    await this.#peer.frame('REKEY')
  }

  #pend(): void {
    this.#made = this.#nested.split()
    this.#peer.records.pend(this.#made)
  }
}
