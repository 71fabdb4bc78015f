import { concat, EMPTY, toHex, utf8 } from '../bytes.js'
import { Opener, RECORD_CEILING } from '../channel/opener.js'
import { recordLength } from '../channel/record.js'
import { defaultProvider } from '../crypto/default.js'
import { hkdfNoise } from '../crypto/hkdf.js'
import type { Provider } from '../crypto/provider.js'
import { SottoError } from '../errors.js'
import { isCanonicalX25519 } from '../identity/id.js'
import { CipherState } from '../noise/cipherstate.js'
import { HandshakeState } from '../noise/handshake.js'
import { generateKeyPair } from '../noise/keypair.js'
import { Split } from '../noise/split.js'
import { decodeFrames } from '../session/frames.js'
import type { Members } from './members.js'
import { handshakeHashOf, readNoiseVectors } from './noisevectors.js'

const { SHA256 } = defaultProvider.hash

/** Asks of handshakes, the key schedule and records. */
export const KEYS = {
  noise: (vector: Members) => handshake(vector),
  framework: (vector: Members) => handshake(vector),
  schedule: (vector: Members) => {
    const h = vector.bytes('h')
    const t = SHA256.hmac(vector.bytes('ck'))
    const { root, ...keys } = scheduleOf(t, h)
    const exp = SHA256.hmac(keys.x, utf8('Sotto/1 exporter'), h, ONE)
    const sessionId = splitOf(vector).exportReserved('sotto session id', EMPTY, 16)
    return { keys: hexOfAll({ ...keys, exp, root }), sessionId: toHex(sessionId) }
  },
  exporter: (vector: Members) => {
    const exported = splitOf(vector).export(vector.text('label'), vector.bytes('context'), vector.count('length'))
    return { bytes: toHex(exported) }
  },
  label: (vector: Members) => ({ valid: isLabel(vector.text('label'), vector.count('length')) }),
  record: (vector: Members) => ({ plaintext: toHex(openOne(openerOf(vector), vector.bytes('record'))) }),
  rekey: (vector: Members) => {
    const opener = openerOf(vector)
    const plaintexts = vector.chunks('records').map((record) => {
      const plaintext = openOne(opener, record)
      if (decodeFrames(plaintext).at(-1)?.is === 'REKEY') opener.rekey()
      return toHex(plaintext)
    })
    return { plaintexts }
  },
  refresh: (vector: Members) => refreshed(vector),
}

const ONE = Uint8Array.of(1)

const handshake = (vector: Members) => {
  const [read] = readNoiseVectors(JSON.stringify({ vectors: [vector.all] }))
  if (read === undefined) throw new SyntaxError('expected a vector')
  return { handshake_hash: toHex(handshakeHashOf(read, defaultProvider)) }
}

/** The keys behind a handshake, from HMAC(ck, "") and its h. */
const scheduleOf = (t: Uint8Array, h: Uint8Array) => {
  const k_ir = SHA256.hmac(t, ONE)
  const k_ri = SHA256.hmac(t, k_ir, Uint8Array.of(2))
  const x = SHA256.hmac(t, k_ri, Uint8Array.of(3))
  return { t, k_ir, k_ri, x, root: SHA256.hmac(x, utf8('Sotto/1 root'), h, ONE) }
}

const hexOfAll = (keys: Readonly<Record<string, Uint8Array>>) =>
  Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, toHex(key)]))

const splitOf = (vector: Members): Split => {
  const [k1, k2, x] = hkdfNoise(SHA256, vector.bytes('ck'), EMPTY, 3)
  const { ChaChaPoly: cipher } = defaultProvider.cipher
  const options = { cipher, hash: SHA256, role: 'initiator', oneWay: false, remoteStatic: undefined } as const
  return new Split({ keys: { k1, k2, x }, h: vector.bytes('h'), ...options })
}

const isLabel = (label: string, length: number): boolean => {
  const [k1, k2, x] = [new Uint8Array(32), new Uint8Array(32), new Uint8Array(32)]
  const { ChaChaPoly: cipher } = defaultProvider.cipher
  const options = { cipher, hash: SHA256, role: 'initiator', oneWay: false, remoteStatic: undefined } as const
  try {
    return (
      new Split({ keys: { k1, k2, x }, h: new Uint8Array(32), ...options }).export(label, EMPTY, length).length ===
      length
    )
  } catch (error) {
    // What may not be exported is what is asked; anything else is a crash.
    if (error instanceof RangeError) return false
    throw error
  }
}

const openerOf = (vector: Members): Opener => {
  const [cipher, n] = [vector.one('cipher', ['ChaChaPoly', 'AESGCM']), vector.count('n')]
  const key = defaultProvider.cipher[cipher].importKey(vector.bytes('key'))
  return new Opener(new CipherState(key, 'receive', n), RECORD_CEILING[cipher], n)
}

const openOne = (opener: Opener, record: Uint8Array): Uint8Array => {
  if (recordLength(record) !== record.length) throw SottoError.of('channel/malformed', 'expected one whole record')
  return opener.open(record)
}

/** CH-26: reads the messages as both ends of a session would that write their own. */
const refreshed = (vector: Members) => {
  const h = vector.bytes('h')
  const prologue = concat(utf8('Sotto/1 refresh'), h, u32(vector.count('run')))
  const [provider, secrets] = watched(defaultProvider)
  const statics = (['init_static', 'resp_static'] as const).map((name) => generateKeyPair('25519', vector.bytes(name)))
  const [initiator, responder] = [
    endOf(vector, 'initiator', prologue, provider),
    endOf(vector, 'responder', prologue, defaultProvider),
  ]
  for (const [index, message] of vector.chunks('messages').entries()) {
    const [writer, reader] = index === 1 ? [responder, initiator] : [initiator, responder]
    if (index < 2 && !isCanonicalX25519(message.subarray(0, 32)))
      throw SottoError.of('session/malformed', 'expected a canonical ephemeral')
    writer.writeMessage()
    reader.readMessage(message)
    if (index > 0 && toHex(reader.remoteStatic ?? EMPTY) !== toHex(statics[index === 1 ? 1 : 0]?.publicKey ?? EMPTY))
      throw SottoError.of('identity/not-trusted', 'expected the static key of the session')
  }
  const split = initiator.split()
  const last = split.handshakeHash
  const { ck, t } = secrets()
  return { prologue: toHex(prologue), keys: hexOfAll({ ck, h: last, ...scheduleOf(t, last) }) }
}

const endOf = (
  vector: Members,
  role: 'initiator' | 'responder',
  prologue: Uint8Array,
  provider: Provider,
): HandshakeState =>
  new HandshakeState({
    protocol: vector.text('protocol_name'),
    role,
    prologue,
    psks: [vector.bytes('root')],
    s: generateKeyPair('25519', vector.bytes(role === 'initiator' ? 'init_static' : 'resp_static')),
    provider,
    ephemeralForTesting: {
      e: vector.bytes(role === 'initiator' ? 'init_ephemeral' : 'resp_ephemeral'),
      e1: vector.bytes('init_e1'),
      ekem1: vector.bytes('resp_ekem1'),
    },
  })

/** A provider that keeps the `ck` of which a handshake makes its last keys, and HMAC(ck, ""): nothing gives them out. */
const watched = (provider: Provider) => {
  let last = { ck: EMPTY, t: EMPTY }
  const hash = provider.hash.SHA256
  const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array => {
    const mac = hash.hmac(key, ...parts)
    if (parts.every(({ length }) => length === 0)) last = { ck: concat(key), t: concat(mac) }
    return mac
  }
  const watching: Provider = { ...provider, hash: { ...provider.hash, SHA256: { ...hash, hmac } } }
  return [watching, () => last] as const
}

const u32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}
