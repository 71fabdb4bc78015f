import { createCipheriv } from 'node:crypto'
import { concat, EMPTY, toHex } from '../../src/bytes.js'
import { Sealer } from '../../src/channel/sealer.js'
import type { CipherName, Provider } from '../../src/crypto/provider.js'
import { CipherState } from '../../src/noise/cipherstate.js'
import { counting, fromHex } from '../hex.js'
import type { Vectors } from '../schema.js'
import { exportOf, scheduleOf } from '../trace.js'

type Exporter = Vectors<'exporter'>
type Channel = Vectors<'channel'>
type Sealed = Channel['rekeys'][number]['chain'][number]

export const exporterVectors = (provider: Provider): Exporter => ({
  about:
    'What a finished handshake leaves (spec/noise.md): keys from ck and h, and exports from exp. ' +
    'sessionId is the export of 16 bytes for the reserved label "sotto session id" and an empty context. ' +
    'refused: labels and lengths an application must not export.',
  vectors: [
    exporterVector('ck and h that count', counting(0x00, 32), counting(0x80, 32), provider),
    exporterVector('ck and h of ones', new Uint8Array(32).fill(1), new Uint8Array(32).fill(1), provider),
  ],
  refused: [
    { name: 'an empty label', rule: 'NO-28', label: '', length: 32 },
    { name: 'a label of 256 characters', rule: 'NO-28', label: 'x'.repeat(256), length: 32 },
    { name: 'a label with a line feed', rule: 'NO-28', label: 'a\n', length: 32 },
    { name: 'a label that is not ASCII', rule: 'NO-28', label: 'é', length: 32 },
    { name: 'no bytes', rule: 'NO-28', label: 'a', length: 0 },
    { name: 'more than 1,024 bytes', rule: 'NO-28', label: 'a', length: 1_025 },
    { name: 'a reserved label', rule: 'NO-29', label: 'sotto session id', length: 16 },
  ],
})

const exporterVector = (
  name: string,
  ck: Uint8Array,
  h: Uint8Array,
  provider: Provider,
): Exporter['vectors'][number] => {
  const schedule = scheduleOf(provider, ck, h)
  const exported = (label: string, context: Uint8Array, length: number): string =>
    toHex(exportOf(provider, schedule.exp, label, context, length))
  return {
    name,
    ck: toHex(ck),
    h: toHex(h),
    keys: {
      t: toHex(schedule.t),
      k_ir: toHex(schedule.k_ir),
      k_ri: toHex(schedule.k_ri),
      x: toHex(schedule.x),
      exp: toHex(schedule.exp),
      root: toHex(schedule.root),
    },
    sessionId: exported('sotto session id', EMPTY, 16),
    exports: [
      { label: 'a', context: '', length: 1 },
      { label: 'EXPORTER test', context: '0102', length: 32 },
      { label: 'EXPORTER test', context: '0102', length: 33 },
      { label: 'x'.repeat(255), context: '', length: 100 },
    ].map((asked) => ({ ...asked, bytes: exported(asked.label, fromHex(asked.context), asked.length) })),
  }
}

const CIPHERS: readonly CipherName[] = ['ChaChaPoly', 'AESGCM']
const KEY = counting(0x00, 32)
/** PING 1 and three bytes of padding. */
const PLAINTEXT = fromHex('0901000000')

export const channelVectors = (provider: Provider): Channel => ({
  about:
    'Records (spec/channel.md): record = length u16 | AEAD(key, nonce n, no associated data, plaintext). ' +
    'rekeys: records of one direction, each but the last ending in REKEY 0; the next key is REKEY of this one and n goes on. ' +
    'refused: what an opener with the key at n must refuse.',
  records: CIPHERS.flatMap((cipher) => [
    { name: 'the first record', cipher, ...sealed(cipher, KEY, 0, PLAINTEXT, provider) },
    { name: 'the second record', cipher, ...sealed(cipher, KEY, 1, PLAINTEXT, provider) },
    { name: 'the shortest plaintext', cipher, ...sealed(cipher, KEY, 2, Uint8Array.of(0x0f), provider) },
    { name: 'a nonce over 32 bits', cipher, ...sealed(cipher, KEY, 0x1_0203_0405, PLAINTEXT, provider) },
    { name: 'the last nonce', cipher, ...sealed(cipher, KEY, 2 ** 48 - 1, PLAINTEXT, provider) },
  ]),
  rekeys: CIPHERS.map((cipher) => ({ name: 'two rekeys', cipher, chain: chain(cipher, provider) })),
  refused: CIPHERS.flatMap((cipher) => refused(cipher, provider)),
})

export const sealed = (
  cipher: CipherName,
  key: Uint8Array,
  n: number,
  plaintext: Uint8Array,
  provider: Provider,
): Sealed => {
  const sealer = new Sealer(new CipherState(provider.cipher[cipher].importKey(key), 'send', n), {}, n)
  return {
    key: toHex(key),
    n,
    nonce: toHex(nonceOf(cipher, n)),
    plaintext: toHex(plaintext),
    record: toHex(sealer.seal(plaintext)),
  }
}

/** Noise section 12: 32 bits of zeros and n in 64 bits, little-endian for ChaChaPoly and big-endian for AESGCM. */
export const nonceOf = (cipher: CipherName, n: number): Uint8Array => {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setBigUint64(4, BigInt(n), cipher === 'ChaChaPoly')
  return nonce
}

/** REKEY of Noise 4.2, from node:crypto: a key is no longer to be seen once it is imported. */
export const rekeyed = (cipher: CipherName, key: Uint8Array): Uint8Array => {
  const nonce = fromHex('00000000ffffffffffffffff')
  const state =
    cipher === 'ChaChaPoly'
      ? createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
      : createCipheriv('aes-256-gcm', key, nonce)
  return Uint8Array.from(state.update(new Uint8Array(32)))
}

const chain = (cipher: CipherName, provider: Provider): Sealed[] => {
  const second = rekeyed(cipher, KEY)
  const rekey = fromHex('09010b00')
  return [
    sealed(cipher, KEY, 0, rekey, provider),
    sealed(cipher, second, 1, rekey, provider),
    sealed(cipher, rekeyed(cipher, second), 2, fromHex('0902'), provider),
  ]
}

const refused = (cipher: CipherName, provider: Provider): Channel['refused'] => {
  const good = fromHex(sealed(cipher, KEY, 0, PLAINTEXT, provider).record)
  const last = good.length - 1
  const no = (rule: string, code: 'channel/forged' | 'channel/malformed', name: string, record: Uint8Array) => ({
    name,
    code,
    rule,
    cipher,
    key: toHex(KEY),
    n: 0,
    record: toHex(record),
  })
  const changed = (at: number): Uint8Array => Uint8Array.from(good, (byte, i) => (i === at ? byte ^ 1 : byte))
  return [
    no('CH-5', 'channel/forged', 'a bit of the ciphertext changed', changed(2)),
    no('CH-5', 'channel/forged', 'a bit of the tag changed', changed(last)),
    no(
      'CH-5',
      'channel/forged',
      'sealed with the next nonce',
      fromHex(sealed(cipher, KEY, 1, PLAINTEXT, provider).record),
    ),
    no(
      'CH-5',
      'channel/forged',
      'sealed with the next key',
      fromHex(sealed(cipher, rekeyed(cipher, KEY), 0, PLAINTEXT, provider).record),
    ),
    no(
      'CH-5',
      'channel/forged',
      'a byte shorter, and its length too',
      concat(Uint8Array.of(0, last - 2), good.subarray(2, last)),
    ),
    no('CH-1', 'channel/malformed', 'the length of a tag alone', fromHex(`0010${'00'.repeat(16)}`)),
    no('CH-1', 'channel/malformed', 'a length of 0', fromHex('0000')),
  ]
}
