import { bech32m } from '@scure/base'
import { concat, EMPTY, toHex, utf8 } from '../../src/bytes.js'
import { hkdfExpand, hkdfExtract } from '../../src/crypto/hkdf.js'
import { parsePeerId } from '../../src/identity/id.js'
import { makeChallenge, proveIdentity } from '../../src/identity/possession.js'
import { scripted } from '../../src/kit/scripted.js'
import { counting, fromHex } from '../hex.js'
import type { Vectors } from '../schema.js'
import { type Maker, NOW } from './credentialmaker.js'
import { littleEndian } from './idsrefused.js'
import { textOf } from './text.js'

type Credentials = Vectors<'credential'>

export const possessions = (
  maker: Maker,
): Pick<Credentials, 'possession' | 'possessionRefused' | 'proofs' | 'proofsRefused'> => {
  const { provider, identity, issuer } = maker
  const unixMs = NOW * 1000 + 1
  const random = counting(0xb0, 16)
  const drawn = scripted(provider, [{ name: 'nonce', bytes: random }])
  const challenge = makeChallenge(issuer, unixMs, drawn.provider)
  const hash = provider.hash.SHA256
  const nonce = concat(fromNumber(unixMs), random.subarray(6))
  const seed = counting(0x20, 32)
  const c = hkdfExpand(hash, hkdfExtract(hash, EMPTY, seed), concat(utf8('Sotto/1 challenge'), nonce), 32)
  const key = provider.dh['25519'].importKey(c)
  const proof = proveIdentity(identity, challenge, issuer.id, provider)
  const name = 'a challenge and its proof'
  return {
    possession: [
      {
        name,
        secretKey: toHex(counting(0, 32)),
        challenge,
        issuer: issuer.id,
        proof,
        c: toHex(c),
        shared: toHex(key.agree(parsePeerId(identity.id))),
      },
    ],
    possessionRefused: unproved(maker, challenge),
    proofs: [{ name, seed: toHex(seed), unixMs, proof, id: identity.id }],
    proofsRefused: disproved(maker, proof, unixMs),
  }
}

/** u48. */
const fromNumber = (value: number): Uint8Array =>
  Uint8Array.from({ length: 6 }, (_, i) => Math.floor(value / 2 ** (8 * (5 - i))) & 0xff)

/** Challenges that cannot be answered: a text that is none, or a key that agrees to nothing. */
const unproved = (maker: Maker, challenge: string): Credentials['possessionRefused'] => {
  const right = bech32m.fromWords(bech32m.decode(asText(challenge), false).words).slice(1)
  const no = (
    name: string,
    rule: string,
    text: string,
    code: Credentials['possessionRefused'][number]['code'] = 'identity/malformed',
  ): Credentials['possessionRefused'][number] => ({
    name,
    code,
    rule,
    secretKey: toHex(counting(0, 32)),
    challenge: text,
    issuer: maker.issuer.id,
  })
  const keyed = (hex: string): string => textOf('challenge', concat(Uint8Array.from(right.slice(0, 16)), fromHex(hex)))
  return [
    no('no challenge', 'ID-1', ''),
    no('an issuer id in place of the challenge', 'ID-1', maker.issuer.id),
    no('the challenge in upper case', 'ID-2', challenge.toUpperCase()),
    no('the challenge with a space behind', 'ID-2', `${challenge} `),
    no('a challenge without its last letter', 'ID-1', challenge.slice(0, -1)),
    no('a challenge with the key 0', 'ID-31', keyed('00'.repeat(32)), 'crypto/zero-shared'),
    no('a challenge with the key 1', 'ID-31', keyed(`01${'00'.repeat(31)}`), 'crypto/zero-shared'),
    no(
      'a challenge with a key of order 8',
      'ID-31',
      keyed('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'),
      'crypto/zero-shared',
    ),
  ]
}

const asText = (text: string): `${string}1${string}` =>
  `${text.slice(0, text.indexOf('1'))}1${text.slice(text.indexOf('1') + 1)}`

/** Proofs of another challenge, key, issuer or time, and texts that are none. */
const disproved = (maker: Maker, proof: string, unixMs: number): Credentials['proofsRefused'] => {
  const right = Uint8Array.from(bech32m.fromWords(bech32m.decode(asText(proof), false).words).slice(1))
  const seed = toHex(counting(0x20, 32))
  const no = (
    name: string,
    rule: string,
    over: Partial<Credentials['proofsRefused'][number]> = {},
  ): Credentials['proofsRefused'][number] => ({ name, code: 'identity/credential', rule, seed, unixMs, proof, ...over })
  const flip = (at: number, mask = 1): { readonly proof: string } => ({
    proof: textOf(
      'proof',
      right.map((byte, i) => (i === at ? byte ^ mask : byte)),
    ),
  })
  const malformed = { code: 'identity/malformed' } as const
  return [
    no('ten minutes later', 'ID-32', { unixMs: unixMs + 600_000 }),
    no('a day later', 'ID-32', { unixMs: unixMs + 86_400_000 }),
    no('a millisecond before the challenge', 'ID-32', { unixMs: unixMs - 1 }),
    no('another issuer', 'ID-31', { seed: toHex(counting(0x60, 32)) }),
    no('a bit of the time changed', 'ID-31', flip(5)),
    no('a bit of the random bytes changed', 'ID-31', flip(15)),
    no('a bit of the key of the challenge changed', 'ID-31', flip(16)),
    no('a bit of the key of the subject changed', 'ID-31', flip(48)),
    no('the first bit of the code changed', 'ID-31', flip(80)),
    no('the last bit of the code changed', 'ID-31', flip(111, 0x80)),
    no('the key of the challenge for that of the subject', 'ID-31', {
      proof: textOf('proof', concat(right.subarray(0, 48), right.subarray(16, 48), right.subarray(80))),
    }),
    no('bit 255 of the key of the subject set', 'ID-3', { ...flip(79, 0x80), ...malformed }),
    no('a subject whose key is 2^255-19', 'ID-3', {
      proof: textOf('proof', concat(right.subarray(0, 48), littleEndian(0xed, 0x7f), right.subarray(80))),
      ...malformed,
    }),
    no('no proof', 'ID-1', { proof: '', ...malformed }),
    no('an issuer id in place of the proof', 'ID-1', { proof: maker.issuer.id, ...malformed }),
    no('the proof in upper case', 'ID-2', { proof: proof.toUpperCase(), ...malformed }),
    no('the proof with a line feed behind', 'ID-2', { proof: `${proof}\n`, ...malformed }),
  ]
}
