import { concat } from '../bytes.js'
import type { Dh, DhKey, KemKey, Provider } from '../crypto/provider.js'
import type { EphemeralForTesting, HandshakeOptions } from './options.js'
import { DH_KEYS, type DhToken, isDh, type Message, type Role, type Token } from './patterns.js'
import type { Protocol } from './protocol.js'
import { SymmetricState } from './symmetricstate.js'
import type { Wire } from './wire.js'

const KEM_SEED_LENGTH = 64

/** The variables of the specification, 5.3, and of the hfs draft: ours, and with `r` the peer's. */
interface Keys {
  s?: DhKey
  e?: DhKey
  e1?: KemKey
  rs?: Uint8Array
  re?: Uint8Array
  re1?: Uint8Array
}

/** One side's variables and what each token does to them. */
export class Party {
  readonly symmetric: SymmetricState
  keys: Keys = {}
  readonly #role: Role
  readonly #protocol: Protocol
  readonly #provider: Provider
  readonly #dh: Dh
  /** Those still to be mixed, in order. */
  readonly #psks: Uint8Array[]
  readonly #fixed: EphemeralForTesting

  /** `options` are checked; all bytes are copied (NO-30), `options.e` is taken over. */
  constructor(options: HandshakeOptions, protocol: Protocol, provider: Provider) {
    const { role, s, rs, re, psks = [], ephemeralForTesting: fixed = {} } = options
    this.#role = role
    this.#protocol = protocol
    this.#provider = provider
    this.#dh = provider.dh[protocol.dh]
    this.symmetric = new SymmetricState(protocol.name, provider.cipher[protocol.cipher], provider.hash[protocol.hash])
    this.#psks = psks.map((psk) => concat(psk))
    this.#fixed = {
      ...(fixed.e && { e: concat(fixed.e) }),
      ...(fixed.e1 && { e1: concat(fixed.e1) }),
      ...(fixed.ekem1 && { ekem1: concat(fixed.ekem1) }),
    }
    if (s) this.keys.s = this.#dh.importKey(s.secretKey, s.publicKey)
    if (rs) this.keys.rs = concat(rs)
    if (re) this.keys.re = concat(re)
    if (protocol.pattern.pre[role].includes('e')) this.keys.e = options.e ?? this.#newEphemeral()
  }

  /** Mixes the prologue and the pre-messages: the initiator's keys first, each side's in the pattern's order (5.3). */
  begin(prologue: Uint8Array): void {
    this.symmetric.mixHash(prologue)
    for (const role of ['initiator', 'responder'] as const)
      for (const token of this.#protocol.pattern.pre[role]) {
        const { s, e, rs, re } = this.keys
        const [ours, theirs] = token === 'e' ? [e, re] : [s, rs]
        const publicKey = need(role === this.#role ? ours?.publicKey : theirs)
        this.symmetric.mixHash(publicKey)
        if (token === 'e') this.#mixEphemeral(publicKey)
      }
  }

  /** NO-5: the tokens of one message, for its writer and its reader alike. */
  process(tokens: Message, wire: Wire): void {
    for (const token of tokens) {
      // NO-16: `agree` refuses a result of zeros.
      if (isDh(token)) this.#agree(token)
      else this.#steps[token](wire)
    }
  }

  /** Leaves `e` to its new owner: `erase` will not touch it. */
  releaseEphemeral(): void {
    const { e: _, ...rest } = this.keys
    this.keys = rest
  }

  /** Erases all secrets, forgets all keys; nothing but `erase` may follow. */
  erase(): void {
    this.symmetric.erase()
    const { s, e, e1 } = this.keys
    for (const key of [s, e, e1]) key?.erase()
    for (const secret of [...this.#psks, ...Object.values(this.#fixed)]) secret.fill(0)
    this.keys = {}
  }

  readonly #steps: Readonly<Record<Exclude<Token, DhToken>, (wire: Wire) => void>> = {
    e: (wire) => {
      const publicKey = wire.clear(
        () => {
          this.keys.e = this.#newEphemeral()
          return this.keys.e.publicKey
        },
        (re) => {
          this.keys.re = re
        },
      )
      this.#mixEphemeral(publicKey)
    },
    s: (wire) => {
      wire.sealed(
        () => need(this.keys.s).publicKey,
        (rs) => {
          this.keys.rs = rs
        },
      )
    },
    // NO-11
    e1: (wire) => {
      wire.sealed(
        () => {
          this.keys.e1 = this.#newKem()
          return this.keys.e1.publicKey
        },
        (re1) => {
          this.keys.re1 = re1
        },
      )
    },
    ekem1: (wire) => {
      let secret: Uint8Array | undefined
      wire.sealed(
        () => {
          const made = this.#provider.mlkem768.encapsulate(need(this.keys.re1), this.#fixed.ekem1)
          secret = made.secret
          return made.ciphertext
        },
        (ciphertext) => {
          secret = need(this.keys.e1).decapsulate(ciphertext)
        },
      )
      this.#mixSecret(need(secret))
    },
    psk: () => {
      const psk = need(this.#psks.shift())
      this.symmetric.mixKeyAndHash(psk)
      psk.fill(0)
    },
  }

  #agree(token: DhToken): void {
    const [ours, theirs] = DH_KEYS[this.#role][token]
    this.#mixSecret(need(this.keys[ours]).agree(need(this.keys[theirs])))
  }

  #mixSecret(secret: Uint8Array): void {
    this.symmetric.mixKey(secret)
    secret.fill(0)
  }

  /** NO-10: in a psk handshake `e` makes the key fresh (9.2). */
  #mixEphemeral(publicKey: Uint8Array): void {
    if (this.#protocol.psk) this.symmetric.mixKey(publicKey)
  }

  #newEphemeral(): DhKey {
    return importRandom(this.#fixed.e, this.#dh.length, this.#provider, (secretKey) => this.#dh.importKey(secretKey))
  }

  #newKem(): KemKey {
    const { mlkem768 } = this.#provider
    return importRandom(this.#fixed.e1, KEM_SEED_LENGTH, this.#provider, (seed) => mlkem768.importKey(seed))
  }
}

/** Imports `fixed` if given, else `length` fresh random bytes, and leaves no copy of those. */
const importRandom = <K>(
  fixed: Uint8Array | undefined,
  length: number,
  provider: Provider,
  importKey: (secret: Uint8Array) => K,
): K => {
  const secret = fixed ? concat(fixed) : provider.randomBytes(length)
  const key = importKey(secret)
  secret.fill(0)
  return key
}

/** A variable that a valid pattern (NO-6) has set by now. */
const need = <T>(value: T | undefined): T => {
  if (value === undefined) throw new TypeError('expected a key that the pattern has set')
  return value
}
