import { concat, EMPTY, toHex, utf8 } from '../src/bytes.js'
import { hkdfNoise } from '../src/crypto/hkdf.js'
import type { DhKey, KemKey, Provider } from '../src/crypto/provider.js'
import { type MessageLayout, type Protocol, parseProtocol } from '../src/noise/protocol.js'
import type { Step } from './schema.js'

/** The secrets of one side: its keys, as far as the pattern has them. */
export interface SideSecrets {
  readonly s?: Uint8Array | undefined
  readonly e?: Uint8Array | undefined
  readonly e1?: Uint8Array | undefined
}

/** All secrets of a handshake. */
export interface Secrets {
  readonly initiator: SideSecrets
  readonly responder: SideSecrets
  readonly psks?: readonly Uint8Array[]
}

interface SideKeys {
  readonly s: DhKey | undefined
  readonly e: DhKey | undefined
}

interface Keys {
  readonly initiator: SideKeys
  readonly responder: SideKeys
  readonly e1: KemKey | undefined
  readonly psks: Uint8Array[]
}

/**
 * An onlooker who has all secrets reads the messages of a handshake and writes down the symmetric state after every
 * token. It shares no code with the handshake but the table of tokens, so the two check each other.
 */
export class Trace {
  readonly steps: Step[] = []
  readonly payloads: Uint8Array[] = []
  readonly #provider: Provider
  readonly #protocol: Protocol
  readonly #keys: Keys
  #h: Uint8Array
  #ck: Uint8Array
  #k: Uint8Array | undefined
  #n = 0

  constructor(provider: Provider, name: string, secrets: Secrets, prologue: Uint8Array) {
    const protocol = parseProtocol(name)
    const { initiator, responder, psks = [] } = secrets
    const key = (secret: Uint8Array | undefined): DhKey | undefined =>
      secret && provider.dh[protocol.dh].importKey(secret)
    this.#provider = provider
    this.#protocol = protocol
    this.#keys = {
      initiator: { s: key(initiator.s), e: key(initiator.e) },
      responder: { s: key(responder.s), e: key(responder.e) },
      e1: initiator.e1 === undefined ? undefined : provider.mlkem768.importKey(initiator.e1),
      psks: [...psks],
    }
    const bytes = utf8(name)
    const { length } = provider.hash[protocol.hash]
    this.#h = bytes.length > length ? this.#hash(bytes) : concat(bytes, new Uint8Array(length - bytes.length))
    this.#ck = this.#h
    this.#note(0, 'name')
    this.#mixHash(prologue)
    this.#note(0, 'prologue')
    for (const role of ['initiator', 'responder'] as const)
      for (const token of protocol.pattern.pre[role]) this.#known(role, token === 'e' ? 'e' : 's')
  }

  get h(): Uint8Array {
    return this.#h
  }

  get ck(): Uint8Array {
    return this.#ck
  }

  /** Reads the next message. @throws TypeError if it is not what the secrets make */
  read(message: Uint8Array): void {
    const number = this.payloads.length + 1
    const layout = this.#protocol.messages[number - 1]
    if (layout === undefined) throw new TypeError(`expected ${number - 1} messages, got more`)
    let at = 0
    for (const token of layout.tokens) {
      const field = layout.fields.find((candidate) => candidate.token === token)
      const bytes = message.subarray(at, at + (field?.length ?? 0))
      at += bytes.length
      this.#token(token, layout.writer, bytes)
      this.#note(number, token)
    }
    this.payloads.push(this.#open(message.subarray(at)))
    this.#note(number, 'payload')
  }

  /** A pre-message. */
  #known(role: 'initiator' | 'responder', token: 's' | 'e'): void {
    const { publicKey } = need(this.#keys[role][token])
    this.#mixHash(publicKey)
    if (token === 'e' && this.#protocol.psk) this.#mixKey(publicKey)
    this.#note(0, token)
  }

  #token(token: MessageLayout['tokens'][number], writer: 'initiator' | 'responder', bytes: Uint8Array): void {
    const { initiator, responder, e1, psks } = this.#keys
    switch (token) {
      case 'e':
        this.#expect(bytes, need(this.#keys[writer].e).publicKey)
        this.#mixHash(bytes)
        if (this.#protocol.psk) this.#mixKey(bytes)
        break
      case 's':
        this.#expect(this.#open(bytes), need(this.#keys[writer].s).publicKey)
        break
      case 'e1':
        this.#expect(this.#open(bytes), need(e1).publicKey)
        break
      case 'ekem1':
        this.#mixKey(need(e1).decapsulate(this.#open(bytes)))
        break
      case 'ee':
        this.#agree(initiator.e, responder.e)
        break
      case 'es':
        this.#agree(initiator.e, responder.s)
        break
      case 'se':
        this.#agree(initiator.s, responder.e)
        break
      case 'ss':
        this.#agree(initiator.s, responder.s)
        break
      case 'psk':
        this.#mixKeyAndHash(need(psks.shift()))
    }
  }

  #agree(initiator: DhKey | undefined, responder: DhKey | undefined): void {
    this.#mixKey(need(initiator).agree(need(responder).publicKey))
  }

  #hash(...parts: Uint8Array[]): Uint8Array {
    return this.#provider.hash[this.#protocol.hash].digest(...parts)
  }

  #mixHash(bytes: Uint8Array): void {
    this.#h = this.#hash(this.#h, bytes)
  }

  #mixKey(secret: Uint8Array): void {
    const [ck, k] = hkdfNoise(this.#provider.hash[this.#protocol.hash], this.#ck, secret, 2)
    this.#ck = ck
    this.#k = k.subarray(0, 32)
    this.#n = 0
  }

  #mixKeyAndHash(psk: Uint8Array): void {
    const [ck, h, k] = hkdfNoise(this.#provider.hash[this.#protocol.hash], this.#ck, psk, 3)
    this.#ck = ck
    this.#mixHash(h)
    this.#k = k.subarray(0, 32)
    this.#n = 0
  }

  #open(bytes: Uint8Array): Uint8Array {
    const key = this.#k && this.#provider.cipher[this.#protocol.cipher].importKey(this.#k)
    const plaintext = key === undefined ? bytes : key.open(this.#n++, this.#h, bytes)
    this.#mixHash(bytes)
    return need(plaintext)
  }

  #expect(bytes: Uint8Array, expected: Uint8Array): void {
    if (toHex(bytes) !== toHex(expected)) throw new TypeError('a message holds another key than its secret makes')
  }

  #note(message: number, token: string): void {
    const k = this.#k === undefined ? null : toHex(this.#k)
    this.steps.push({ message, token, h: toHex(this.#h), ck: toHex(this.#ck), k, n: this.#n })
  }
}

/** The key schedule of spec/noise.md, formula by formula, from `ck` and `h`. */
export const scheduleOf = ({ hash }: Provider, ck: Uint8Array, h: Uint8Array): Record<ScheduleKey, Uint8Array> => {
  const sha256 = hash.SHA256
  const t = sha256.hmac(ck, EMPTY)
  const k_ir = sha256.hmac(t, Uint8Array.of(1))
  const k_ri = sha256.hmac(t, k_ir, Uint8Array.of(2))
  const x = sha256.hmac(t, k_ri, Uint8Array.of(3))
  const secret = (label: string): Uint8Array => sha256.hmac(x, utf8(label), h, Uint8Array.of(1))
  return { t, k_ir, k_ri, x, exp: secret('Sotto/1 exporter'), root: secret('Sotto/1 root') }
}

type ScheduleKey = 't' | 'k_ir' | 'k_ri' | 'x' | 'exp' | 'root'

/** Export(label, context, length), block by block. */
export const exportOf = (
  { hash }: Provider,
  exp: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array => {
  const sha256 = hash.SHA256
  const info = concat(Uint8Array.of(0, label.length), utf8(label), sha256.digest(context))
  let block = EMPTY
  let out = EMPTY
  for (let i = 1; out.length < length; i++) {
    block = sha256.hmac(exp, block, info, Uint8Array.of(i))
    out = concat(out, block)
  }
  return out.slice(0, length)
}

const need = <T>(value: T | undefined): T => {
  if (value === undefined) throw new TypeError('expected a value that the handshake has by now')
  return value
}
