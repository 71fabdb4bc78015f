/** Vectors of credentials, on every provider, and taken apart by node:crypto. */
import { createHmac, createPublicKey, hkdfSync, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { concat, toHex, utf8 } from '../../src/bytes.js'
import { decodeControl } from '../../src/cbor.js'
import { SKEW_MS, verifyCredential } from '../../src/identity/credential.js'
import { issuerId, type PeerId, parseIssuerId, peerId } from '../../src/identity/id.js'
import { Identity, keyPairOf } from '../../src/identity/identity.js'
import { Issuer, issuerKeysOf, issuerSecretTextOf, parseIssuer } from '../../src/identity/issuer.js'
import { isName } from '../../src/identity/name.js'
import { checkProof, proveIdentity } from '../../src/identity/possession.js'
import { decodeText } from '../../src/identity/text.js'
import { trustStore } from '../../src/identity/trust.js'
import { fromHex } from '../../test-vectors/hex.js'
import * as schema from '../../test-vectors/schema.js'
import { providers } from '../crypto/providers.js'
import { codeOf, flipped, readVectors } from './file.js'

const { issuers, accepted, refused, names, possession, possessionRefused, proofs, proofsRefused } = readVectors(
  schema.credential,
  'credential',
)

describe.each(providers)('credential.json with $name', (provider) => {
  const judge = (credential: Uint8Array, id: PeerId, unixMs: number, trusted: string) =>
    verifyCredential(credential, { id, trusts: (issuer) => issuer === trusted, unixMs, skewMs: SKEW_MS, provider })

  test.each(issuers)('ID-1 the texts of $issuer', ({ seed, publicKey, issuer, secret }) => {
    const parsed = parseIssuer(secret, provider)
    expect([parsed.id, issuerSecretTextOf(parsed)]).toEqual([issuer, secret])
    expect(toHex(issuerKeysOf(parsed).secretKey)).toBe(seed)
    expect(toHex(parseIssuerId(issuer))).toBe(publicKey)
  })

  test.each(accepted)('ID-20 ID-21 ID-28 $name', ({ id, unixMs, trusts, peer, payload, credential }) => {
    const bytes = fromHex(credential)
    const trust = trustStore([issuerId(trusts)], { provider })
    const seen = trust.check(peerId(id), bytes, unixMs)
    expect(seen).toMatchObject({
      id,
      roles: peer.roles,
      expiresMs: peer.expiresMs,
      serial: peer.serial,
      issuer: trusts,
    })
    expect([seen?.name ?? null, { ...seen?.claims }]).toEqual([peer.name, peer.claims])
    expect(toHex(bytes)).toContain(payload)
  })

  test('ID-28 every byte of the first matters', () => {
    const [first] = accepted
    const bytes = fromHex(first?.credential ?? '')
    for (const changed of flipped(bytes, [0x01]))
      expect(codeOf(() => judge(changed, peerId(first?.id ?? ''), first?.unixMs ?? 0, first?.trusts ?? ''))).toBe(
        'identity/credential',
      )
  })

  test.each(refused)('$rule $name is $code', ({ id, unixMs, trusts, credential, code }) => {
    expect(codeOf(() => judge(fromHex(credential), peerId(id), unixMs, trusts))).toBe(code)
  })

  test.each(possession)('ID-31 $name', ({ secretKey, challenge, issuer, proof }) => {
    expect(proveIdentity(Identity.of(fromHex(secretKey), provider), challenge, issuerId(issuer), provider)).toBe(proof)
  })

  test.each(possessionRefused)('$rule $name is $code', ({ secretKey, challenge, issuer, code }) => {
    const identity = Identity.of(fromHex(secretKey), provider)
    expect(codeOf(() => proveIdentity(identity, challenge, issuerId(issuer), provider))).toBe(code)
  })

  const check = (seed: string, proof: string, unixMs: number) =>
    checkProof(Issuer.of(fromHex(seed), provider), proof, unixMs, provider)

  test.each(proofs)('ID-31 ID-32 $name', ({ seed, unixMs, proof, id }) => {
    expect(check(seed, proof, unixMs).id).toBe(id)
  })

  test.each(proofsRefused)('$rule $name is $code', ({ seed, unixMs, proof, code }) => {
    expect(codeOf(() => check(seed, proof, unixMs))).toBe(code)
  })
})

test.each(accepted)('ID-21 node:crypto agrees: $name', ({ payload, toBeSigned, credential }) => {
  expect(decodeControl(fromHex(toBeSigned))).toEqual([
    'Signature1',
    fromHex('a10132'),
    utf8('Sotto/1 credential'),
    fromHex(payload),
  ])
  const der = concat(fromHex('302a300506032b6570032100'), fromHex(issuers[0]?.publicKey ?? ''))
  const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
  expect(verify(null, fromHex(toBeSigned), key, fromHex(credential).subarray(-64))).toBe(true)
})

test.each(possession)('ID-31 node:crypto agrees: $name', ({ challenge, issuer, secretKey, shared, c, proof }) => {
  const asked = decodeText('challenge', challenge)
  const seed = issuers.find((one) => one.issuer === issuer)?.seed ?? ''
  const info = concat(utf8('Sotto/1 challenge'), asked.subarray(0, 16))
  expect(toHex(new Uint8Array(hkdfSync('sha256', fromHex(seed), '', info, 32)))).toBe(c)
  const prk = createHmac('sha256', 'Sotto/1 possession').update(fromHex(shared)).digest()
  const { publicKey } = keyPairOf(Identity.of(fromHex(secretKey), providers[0] ?? expect.unreachable()))
  const told = concat(asked, parseIssuerId(issuer), publicKey)
  const mac = createHmac('sha256', prk).update('Sotto/1 possession').update(told).update(Uint8Array.of(1)).digest()
  expect(toHex(decodeText('proof', proof).subarray(-32))).toBe(mac.toString('hex'))
})

test.each(names)('$rule a name, $name: $valid', ({ text, valid }) => {
  expect(isName(text)).toBe(valid)
})
