/** Vectors of what is encoded: read, written again byte for byte, and refused where it is wrong. */
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/bytes.js'
import { decode, decodeControl, encode, encodeControl } from '../../src/cbor.js'
import { contract } from '../../src/contract/define.js'
import { oneWay } from '../../src/contract/operation.js'
import { rowDigest, rowsOf } from '../../src/contract/row.js'
import { bytes } from '../../src/contract/shape.js'
import { fits } from '../../src/contract/subject.js'
import type { KeyPair } from '../../src/crypto/provider.js'
import { auditorKeysOf, auditorSecretTextOf, parseAuditor } from '../../src/identity/auditor.js'
import { auditorIdOf, issuerIdOf, parseAuditorId, parseIssuerId, parsePeerId, peerIdOf } from '../../src/identity/id.js'
import { keyPairOf, parseIdentity, secretTextOf } from '../../src/identity/identity.js'
import { issuerKeysOf, issuerSecretTextOf, parseIssuer } from '../../src/identity/issuer.js'
import { openIdentity } from '../../src/identity/sealed.js'
import { decodeText, encodeText, type TextKind } from '../../src/identity/text.js'
import { diagnosticOf, GRAMMARS } from '../../src/kit/asksencoding.js'
import { decisionId } from '../../src/session/decision.js'
import { fromHex } from '../../test-vectors/hex.js'
import * as schema from '../../test-vectors/schema.js'
import { providers } from '../crypto/providers.js'
import { declareFixedKeys } from '../setup/nonces.js'
import { bytesOf, codeOf, expectEveryByteToMatter, readVectors } from './file.js'

declareFixedKeys('a vector fixes the salt of a sealed text')

describe('cbor.json', () => {
  const { accepted, refused } = readVectors(schema.cbor, 'cbor')
  const decoders = { body: decode, control: decodeControl }

  /** Every byte of what is longer is as one of these. */
  const LONG = 2_048

  test.each(accepted)('CB-19 $name, and the same bytes again', ({ as, diagnostic, ...vector }) => {
    const bytes = bytesOf(vector)
    const again = as === 'body' ? encode(decode(bytes)) : encodeControl(decodeControl(bytes))
    expect(toHex(again)).toBe(toHex(bytes))
    expect(diagnosticOf(decoders[as](bytes))).toBe(diagnostic)
    if (bytes.length < LONG) expectEveryByteToMatter(bytes, (changed) => diagnosticOf(decoders[as](changed)))
  })

  test.each(refused)('$rule $name is $code', ({ as, code, ...vector }) => {
    expect(codeOf(() => decoders[as](bytesOf(vector)))).toBe(code)
  })
})

describe.each(providers)('ids.json with $name', (provider) => {
  const { accepted, refused, texts, textsRefused, sealed, sealedRefused } = readVectors(schema.ids, 'ids')
  const secretOf = (identity: { readonly id: string }, of: KeyPair) => ({ id: identity.id, ...hexOfPair(of) })
  const hexOfPair = ({ secretKey, publicKey }: KeyPair) => ({ bytes: toHex(secretKey), publicKey: toHex(publicKey) })

  /** What is read of a text as its kind, and the text that is written of it. */
  const readers = {
    peer: (text: string) => ({ bytes: toHex(parsePeerId(text)), again: peerIdOf(parsePeerId(text)) }),
    secret: (text: string) => {
      const identity = parseIdentity(text, provider)
      return { ...secretOf(identity, keyPairOf(identity)), id: undefined, again: secretTextOf(identity) }
    },
    issuer: (text: string) => ({ bytes: toHex(parseIssuerId(text)), again: issuerIdOf(parseIssuerId(text)) }),
    issuerSecret: (text: string) => {
      const issuer = parseIssuer(text, provider)
      return { ...hexOfPair(issuerKeysOf(issuer)), again: issuerSecretTextOf(issuer) }
    },
    auditor: (text: string) => ({ bytes: toHex(parseAuditorId(text)), again: auditorIdOf(parseAuditorId(text)) }),
    auditorSecret: (text: string) => {
      const auditor = parseAuditor(text, provider)
      return { ...hexOfPair(auditorKeysOf(auditor)), again: auditorSecretTextOf(auditor) }
    },
  }
  const plain = (as: TextKind) => (text: string) => ({
    bytes: toHex(decodeText(as, text)),
    again: encodeText(as, decodeText(as, text)),
  })
  const readerOf = (as: TextKind) => (Object.hasOwn(readers, as) ? readers[as as keyof typeof readers] : plain(as))

  test.each([...accepted, ...texts])('ID-1 $as: $name', ({ as, text, bytes, publicKey }) => {
    expect(readerOf(as)(text)).toEqual({ bytes, again: text, ...(publicKey && { publicKey }) })
  })

  test.each([...refused, ...textsRefused])('$rule $as: $name is $code', ({ as, text, code }) => {
    expect(codeOf(() => readerOf(as)(text))).toBe(code)
  })

  test.each(sealed)('ID-6 $name', ({ text, bytes, passphrase, secretKey }) => {
    expect(toHex(decodeText('sealed', text))).toBe(bytes)
    expect(toHex(keyPairOf(openIdentity(text, passphrase, provider)).secretKey)).toBe(secretKey)
  })

  test.each(sealedRefused)('$rule $name is $code', ({ text, passphrase, code }) => {
    expect(codeOf(() => openIdentity(text, passphrase, provider))).toBe(code)
  })

  test('ID-1 a text with any one letter changed is refused', () => {
    for (const { as, text } of [...accepted, ...texts].filter(({ name }) => name === 'bytes that count up'))
      for (let at = 0; at < text.length; at++) {
        const small = text === text.toLowerCase()
        const other = text[at]?.toLowerCase() === 'q' ? 'p' : 'q'
        const changed = text.slice(0, at) + (small ? other : other.toUpperCase()) + text.slice(at + 1)
        expect(
          codeOf(() => readerOf(as)(changed)),
          `letter ${at} of ${as}`,
        ).toBe('identity/malformed')
      }
  })
})

describe('rows.json', () => {
  const { rows, numbering, names, subjects } = readVectors(schema.rows, 'rows')

  test.each(rows)('CO-17 $name', ({ row, cbor, digest }) => {
    expect(toHex(encodeControl(row))).toBe(cbor)
    expect(decodeControl(fromHex(cbor))).toEqual(row)
    for (const { hash } of providers) expect(toHex(rowDigest(hash.SHA256, row))).toBe(digest)
    expectEveryByteToMatter(fromHex(cbor), (changed) => diagnosticOf(decodeControl(changed)))
  })

  test.each(numbering)('CO-16 $name', ({ given, numbered }) => {
    const operations = Object.fromEntries(given.map((name) => [name, oneWay(bytes)]))
    expect(rowsOf(contract('a.v1', operations)).map(({ name }) => name)).toEqual(numbered)
  })

  test.each(names)('$rule $as: $name: $valid', ({ as, text, valid }) => {
    expect(GRAMMARS[as](text)).toBe(valid)
  })

  test.each(subjects)('CO-34 CO-35 $name: "$text" of "$template"', ({ template, text, subject, filter }) => {
    expect([fits(template, text, false), fits(template, text, true)]).toEqual([subject, filter])
  })
})

describe('decision.json', () => {
  const { vectors } = readVectors(schema.decision, 'decision')

  test.each(vectors)('SE-60 $decision', ({ sessionId, way, exchange, index, decision }) => {
    expect(decisionId(sessionId, way, exchange, index)).toBe(decision)
  })
})
