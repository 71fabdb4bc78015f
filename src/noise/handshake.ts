import { concat, EMPTY } from '../bytes.js'
import { defaultProvider } from '../crypto/default.js'
import type { Provider } from '../crypto/provider.js'
import { SottoError } from '../errors.js'
import { MAX_MESSAGE } from './cipherstate.js'
import { checkOptions, type HandshakeOptions } from './options.js'
import { Party } from './party.js'
import { isOneWay, type Role } from './patterns.js'
import { type MessageLayout, type Protocol, parseProtocol } from './protocol.js'
import { type Look, Split } from './split.js'
import { Incoming, Outgoing } from './wire.js'

/**
 * What may be done next: `write` or `read` a message, `split` once all are `done`; a state that is `spent` (by `split` or
 * `fallback`) or `failed` holds no key and does nothing.
 */
export type Turn = 'write' | 'read' | 'done' | 'spent' | 'failed'

/** What `fallback` takes: the options of the new handshake but role, ephemeral and provider, which are carried over. */
export type FallbackOptions = Pick<HandshakeOptions, 'protocol' | 'prologue' | 's' | 'rs' | 'psks'>

/**
 * One handshake of the Noise Protocol Framework, revision 34 (section 5.3), from one side. It is used up message by
 * message: one that fails ends it for good, and nothing of it can be restored or copied.
 */
export class HandshakeState {
  readonly #protocol: Protocol
  readonly #provider: Provider
  readonly #role: Role
  readonly #party: Party
  #index = 0
  #ended: 'spent' | 'failed' | undefined

  /**
   * `Initialize`. All bytes are copied.
   *
   * @throws noise/protocol on a name, or a key, the framework does not allow; crypto/unavailable
   */
  constructor(options: HandshakeOptions) {
    const { role, provider = defaultProvider, prologue = EMPTY } = options
    this.#protocol = parseProtocol(options.protocol)
    checkOptions(options, this.#protocol, provider)
    this.#provider = provider
    this.#role = role
    this.#party = new Party(options, this.#protocol, provider)
    this.#party.begin(prologue)
  }

  get turn(): Turn {
    if (this.#ended) return this.#ended
    const message = this.#protocol.messages[this.#index]
    return message === undefined ? 'done' : message.writer === this.#role ? 'write' : 'read'
  }

  /**
   * NO-19: a copy of the peer's static public key, from the message that brought it (or from the start) until `split`.
   * The pattern says how far it is proved.
   */
  get remoteStatic(): Uint8Array | undefined {
    const { rs } = this.#party.keys
    return rs && concat(rs)
  }

  /**
   * A copy of `h` so far; it binds the channel only when `turn` is `done` (11.2).
   *
   * @throws noise/misuse once spent or failed
   */
  get handshakeHash(): Uint8Array {
    if (this.#ended) throw this.#misuse('a handshake under way')
    return this.#party.symmetric.h
  }

  /**
   * The next message, with `payload` in it at the pattern's grade: encrypted only where a key is there.
   *
   * @throws noise/misuse out of turn and RangeError if the message would exceed 65,535 bytes, both without effect;
   * noise/failed, after which the handshake is dead
   */
  writeMessage(payload: Uint8Array = EMPTY): Uint8Array {
    const message = this.#next('write')
    const length = message.minimum + payload.length
    if (length > MAX_MESSAGE) throw new RangeError(`expected a message of at most ${MAX_MESSAGE} bytes, got ${length}`)
    return this.#attempt(() => {
      const wire = new Outgoing(this.#party.symmetric)
      this.#party.process(message.tokens, wire)
      return wire.finish(payload)
    })
  }

  /**
   * The payload of the peer's next message.
   *
   * @throws noise/misuse out of turn, without effect; noise/failed, after which the handshake is dead
   */
  readMessage(message: Uint8Array): Uint8Array {
    const layout = this.#next('read')
    return this.#attempt(() => {
      // NO-15: before anything is mixed.
      if (message.length < layout.minimum || message.length > MAX_MESSAGE)
        throw new RangeError(`expected ${layout.minimum} to ${MAX_MESSAGE} bytes, got ${message.length}`)
      const wire = new Incoming(this.#party.symmetric, message, layout)
      this.#party.process(layout.tokens, wire)
      return wire.finish()
    })
  }

  /** NO-17: ends a handshake that is `done`; no key stays here. @throws noise/misuse */
  split(): Split {
    return this.splitUnder(undefined)
  }

  /** @internal As `split`; `look` sees the raw keys. */
  splitUnder(look: Look | undefined): Split {
    if (this.turn !== 'done') throw this.#misuse('a finished handshake')
    const { cipher, hash, pattern } = this.#protocol
    const finished = {
      keys: this.#party.symmetric.split(),
      cipher: this.#provider.cipher[cipher],
      hash: this.#provider.hash[hash],
      role: this.#role,
      oneWay: isOneWay(pattern),
      h: this.#party.symmetric.h,
      remoteStatic: this.remoteStatic,
    }
    const split = new Split(finished, look)
    this.#end('spent')
    return split
  }

  /**
   * NO-18: Alice's step to a `fallback` pattern (10.2): ends this handshake, of which message 1 alone is written, and
   * gives the responder's side of `options.protocol` with the same ephemeral. Bob passes that ephemeral as `re`.
   *
   * @throws noise/misuse at any other time, noise/protocol; both without effect
   */
  fallback(options: FallbackOptions): HandshakeState {
    const { e } = this.#party.keys
    // The one who reads message 2 is the initiator.
    if (this.turn !== 'read' || this.#index !== 1 || e === undefined)
      throw this.#misuse('an initiator that has written message 1 and read nothing')
    const next = new HandshakeState({ ...options, role: 'responder', provider: this.#provider, e })
    this.#party.releaseEphemeral()
    this.#end('spent')
    return next
  }

  /** @internal Gives up a handshake that is not over yet: as after a failure, no key stays here. */
  erase(): void {
    if (this.#ended === undefined) this.#end('failed')
  }

  #next(turn: 'write' | 'read'): MessageLayout {
    const message = this.#protocol.messages[this.#index]
    if (this.turn !== turn || message === undefined) throw this.#misuse(`its turn to ${turn}`)
    return message
  }

  /** NO-13, NO-14 */
  #misuse(expected: string): SottoError {
    return SottoError.of('noise/misuse', `expected ${expected}, got a handshake at "${this.turn}"`)
  }

  /** NO-12: whatever is thrown while a message is half mixed, the handshake is over. */
  #attempt(work: () => Uint8Array): Uint8Array {
    try {
      const result = work()
      this.#index++
      return result
    } catch (cause) {
      this.#end('failed')
      throw SottoError.of('noise/failed', `message ${this.#index + 1} failed; the handshake is dead`, { cause })
    }
  }

  #end(how: 'spent' | 'failed'): void {
    this.#ended = how
    this.#party.erase()
  }
}
