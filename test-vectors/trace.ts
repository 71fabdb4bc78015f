import { concat, EMPTY, toHex, utf8 } from '../src/bytes.js'
import { hkdfNoise } from '../src/crypto/hkdf.js'
import type { DhKey, KemKey, Provider } from '../src/crypto/provider.js'
import { type MessageLayout, type Protocol, parseProtocol } from '../src/noise/protocol.js'
import type { Step } from './schema.js'

/** All secrets of a handshake of the shape XX over 25519 and SHA256. */
export interface Secrets {
  readonly initiator: { readonly s: Uint8Array; readonly e: Uint8Array; readonly e1?: Uint8Array | undefined }
  readonly responder: { readonly s: Uint8Array; readonly e: Uint8Array }
  readonly psks?: readonly Uint8Array[]
}

interface Keys {
  readonly initiator: { readonly s: DhKey; readonly e: DhKey }
  readonly responder: { readonly s: DhKey; readonly e: DhKey }
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
    const key = (secret: Uint8Array): DhKey => provider.dh['25519'].importKey(secret)
    const { initiator, responder, psks = [] } = secrets
    this.#provider = provider
    this.#protocol = parseProtocol(name)
    this.#keys = {
      initiator: { s: key(initiator.s), e: key(initiator.e) },
      responder: { s: key(responder.s), e: key(responder.e) },
      e1: initiator.e1 === undefined ? undefined : provider.mlkem768.importKey(initiator.e1),
      psks: [...psks],
    }
    const bytes = utf8(name)
    this.#h = bytes.length > 32 ? this.#hash(bytes) : concat(bytes, new Uint8Array(32 - bytes.length))
    this.#ck = this.#h
    this.#note(0, 'name')
    this.#mixHash(prologue)
    this.#note(0, 'prologue')
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

  #token(token: MessageLayout['tokens'][number], writer: 'initiator' | 'responder', bytes: Uint8Array): void {
    const { initiator, responder, e1, psks } = this.#keys
    switch (token) {
      case 'e':
        this.#expect(bytes, this.#keys[writer].e.publicKey)
        this.#mixHash(bytes)
        if (this.#protocol.psk) this.#mixKey(bytes)
        break
      case 's':
        this.#expect(this.#open(bytes), this.#keys[writer].s.publicKey)
        break
      case 'e1':
        this.#expect(this.#open(bytes), need(e1).publicKey)
        break
      case 'ekem1':
        this.#mixKey(need(e1).decapsulate(this.#open(bytes)))
        break
      case 'ee':
        this.#mixKey(initiator.e.agree(responder.e.publicKey))
        break
      case 'es':
        this.#mixKey(initiator.e.agree(responder.s.publicKey))
        break
      case 'se':
        this.#mixKey(initiator.s.agree(responder.e.publicKey))
        break
      case 'psk':
        this.#mixKeyAndHash(need(psks.shift()))
        break
      default:
        throw new TypeError(`the token ${token} is not in XX`)
    }
  }

  #hash(...parts: Uint8Array[]): Uint8Array {
    return this.#provider.hash.SHA256.digest(...parts)
  }

  #mixHash(bytes: Uint8Array): void {
    this.#h = this.#hash(this.#h, bytes)
  }

  #mixKey(secret: Uint8Array): void {
    ;[this.#ck, this.#k] = hkdfNoise(this.#provider.hash.SHA256, this.#ck, secret, 2)
    this.#n = 0
  }

  #mixKeyAndHash(psk: Uint8Array): void {
    const [ck, h, k] = hkdfNoise(this.#provider.hash.SHA256, this.#ck, psk, 3)
    this.#ck = ck
    this.#mixHash(h)
    this.#k = k
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
