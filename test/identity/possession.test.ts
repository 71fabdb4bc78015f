import { hkdfSync } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { concat, toHex, utf8 } from '../../src/bytes.js'
import { noble } from '../../src/crypto/noble.js'
import { SottoError } from '../../src/errors.js'
import { parseIssuerId, parsePeerId, peerIdOf } from '../../src/identity/id.js'
import { keyPairOf } from '../../src/identity/identity.js'
import { generateIssuer, issuerKeysOf, issuerSecretTextOf, parseIssuer } from '../../src/identity/issuer.js'
import { CHALLENGE_MS, checkProof, makeChallenge, Possession, proveIdentity } from '../../src/identity/possession.js'
import { openIdentity, openIssuer, sealIdentity, sealIssuer } from '../../src/identity/sealed.js'
import { decodeText, encodeText, kindOfText } from '../../src/identity/text.js'
import { providers } from '../crypto/providers.js'
import { identity, issuer, NOW, otherIdentity, otherIssuer } from './issued.js'

const refusal = (run: () => unknown): SottoError => {
  try {
    run()
  } catch (error) {
    if (error instanceof SottoError) return error
    throw error
  }
  throw new Error('expected a refusal')
}

const hkdf = (ikm: Uint8Array, salt: Uint8Array | string, info: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', ikm, salt, info, 32))

describe.each(providers)('with $name', (provider) => {
  test('ID-30 a challenge and its proof show possession of the key, when it was checked', () => {
    const challenge = makeChallenge(issuer, NOW, provider)
    expect(challenge).toMatch(/^sotto-challenge-1[a-z0-9]{85}$/)
    const proof = proveIdentity(identity, challenge, issuer.id, provider)
    expect(proof).toMatch(/^sotto-proof-1[a-z0-9]{187}$/)
    const possession = checkProof(issuer, proof, NOW + 5, provider)
    expect(possession).toBeInstanceOf(Possession)
    expect([possession.id, possession.shownMs]).toEqual([identity.id, NOW + 5])
    expect(Object.isFrozen(possession)).toBe(true)
  })

  test('ID-31 challenge and proof are the formulas of the chapter, computed apart', () => {
    const challenge = makeChallenge(issuer, NOW, provider)
    const bytes = decodeText('challenge', challenge)
    const nonce = bytes.subarray(0, 16)
    expect(Number(`0x${toHex(nonce.subarray(0, 6))}`)).toBe(NOW)
    const c = hkdf(issuerKeysOf(issuer).secretKey, '', concat(utf8('Sotto/1 challenge'), nonce))
    const key = noble.dh['25519'].importKey(c)
    expect(toHex(bytes.subarray(16))).toBe(toHex(key.publicKey))
    const subject = keyPairOf(identity).publicKey
    const info = concat(utf8('Sotto/1 possession'), bytes, parseIssuerId(issuer.id), subject)
    const mac = hkdf(key.agree(subject), 'Sotto/1 possession', info)
    const proof = proveIdentity(identity, challenge, issuer.id, provider)
    expect(proof).toBe(encodeText('proof', concat(bytes, subject, mac)))
  })

  test('ID-31 no byte of a proof can be another', () => {
    const proof = decodeText('proof', proveIdentity(identity, makeChallenge(issuer, NOW), issuer.id))
    for (let at = 0; at < proof.length; at++) {
      const changed = Uint8Array.from(proof, (byte, i) => (i === at ? byte ^ 1 : byte))
      const { code } = refusal(() => checkProof(issuer, encodeText('proof', changed), NOW, provider))
      expect(['identity/credential', 'identity/malformed']).toContain(code)
    }
  })
})

test('ID-30 two challenges of one moment differ', () => {
  expect(makeChallenge(issuer, NOW)).not.toBe(makeChallenge(issuer, NOW))
})

test('ID-31 a challenge that someone else made is none, though its maker can prove it', () => {
  const forged = makeChallenge(otherIssuer, NOW)
  for (const named of [issuer, otherIssuer]) {
    const proof = proveIdentity(identity, forged, named.id)
    expect(refusal(() => checkProof(issuer, proof, NOW)).message).toContain('a challenge of this issuer')
  }
})

test('ID-31 a challenge that is handed on by one who poses as an issuer proves nothing to its maker', () => {
  const relayed = proveIdentity(identity, makeChallenge(issuer, NOW), otherIssuer.id)
  expect(refusal(() => checkProof(issuer, relayed, NOW)).message).toContain('for this issuer')
})

test('ID-31 a proof under another id is none', () => {
  const proof = decodeText('proof', proveIdentity(identity, makeChallenge(issuer, NOW), issuer.id))
  proof.set(parsePeerId(otherIdentity.id), 48)
  expect(refusal(() => checkProof(issuer, encodeText('proof', proof), NOW)).message).toContain('its secret key')
})

test('ID-31 a key of small order proves nothing, and leaves no key behind', () => {
  const proof = decodeText('proof', proveIdentity(identity, makeChallenge(issuer, NOW), issuer.id))
  let held = 0
  const importKey: (typeof noble.dh)[25519]['importKey'] = (...bytes) => {
    const key = noble.dh[25519].importKey(...bytes)
    held++
    return { publicKey: key.publicKey, agree: (other) => key.agree(other), erase: () => void held-- }
  }
  const counting = { ...noble, dh: { ...noble.dh, 25519: { ...noble.dh[25519], importKey } } }
  for (const weak of [0, 1]) {
    const u = new Uint8Array(32)
    u[0] = weak
    expect(peerIdOf(u)).toMatch(/^sotto1/)
    proof.set(u, 48)
    expect(refusal(() => checkProof(issuer, encodeText('proof', proof), NOW, counting)).code).toBe('crypto/zero-shared')
    const challenge = encodeText('challenge', concat(new Uint8Array(16), u))
    expect(refusal(() => proveIdentity(identity, challenge, issuer.id, counting)).code).toBe('crypto/zero-shared')
    expect(held).toBe(0)
  }
})

test('ID-32 a proof is good for 10 minutes from its challenge, and not before', () => {
  const proof = proveIdentity(identity, makeChallenge(issuer, NOW + 0.7), issuer.id)
  const at = (unixMs: number) => () => checkProof(issuer, proof, unixMs)
  expect(CHALLENGE_MS).toBe(600_000)
  expect(at(NOW)().shownMs).toBe(NOW)
  expect(at(NOW + CHALLENGE_MS - 1)().id).toBe(identity.id)
  for (const late of [NOW + CHALLENGE_MS, NOW - 1, 0, Number.NaN])
    expect(refusal(at(late)).message).toContain('within 10 minutes')
})

test('ID-1 texts of an issuer, challenges and proofs are told apart', () => {
  const made = generateIssuer()
  const secret = issuerSecretTextOf(made)
  expect(secret).toMatch(/^SOTTOCA-SECRET-1[A-Z0-9]{59}$/)
  expect(made.id).toMatch(/^sottoca1[a-z0-9]{59}$/)
  expect(parseIssuer(secret).id).toBe(made.id)
  const challenge = makeChallenge(made, NOW)
  const texts = { issuer: made.id, issuerSecret: secret, challenge, proof: proveIdentity(identity, challenge, made.id) }
  for (const [kind, text] of Object.entries(texts)) expect(kindOfText(text)).toBe(kind)
  expect(() => parseIssuerId(identity.id)).toThrow('expected an issuer id (sottoca1…, 67 characters), got a peer id')
  expect(() => parsePeerId(made.id)).toThrow('got an issuer id')
})

test('ID-5 nothing a program does to print, store or clone an issuer gives its secret', () => {
  const made = generateIssuer()
  const { secretKey } = issuerKeysOf(made)
  const shown = [
    String(made),
    JSON.stringify({ made }),
    inspect(made, { showHidden: true, depth: 9 }),
    inspect({ made }, { customInspect: false, showHidden: true, depth: 9 }),
    JSON.stringify(structuredClone({ made })),
    JSON.stringify(Object.getOwnPropertyDescriptors(made)),
  ].join('\n')
  expect(shown).toContain(made.id)
  for (const form of [toHex(secretKey), secretKey.join(','), issuerSecretTextOf(made)])
    expect(shown).not.toContain(form)
  secretKey.fill(0)
  expect(toHex(issuerKeysOf(made).secretKey)).not.toBe(toHex(secretKey))
})

test('ID-6 a sealed issuer opens as an issuer alone', () => {
  const text = sealIssuer(issuer, 'x', noble, 14)
  expect(text).toMatch(/^SOTTOCA-SEALED-1[A-Z0-9]{112}$/)
  expect(openIssuer(text, 'x').id).toBe(issuer.id)
  const relabelled = encodeText('sealed', decodeText('issuerSealed', text))
  expect(refusal(() => openIdentity(relabelled, 'x')).code).toBe('identity/malformed')
  const other = encodeText('issuerSealed', decodeText('sealed', sealIdentity(identity, 'x', noble, 14)))
  expect(refusal(() => openIssuer(other, 'x')).code).toBe('identity/malformed')
})
