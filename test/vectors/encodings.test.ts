/** Vectors of what is encoded: read, written again byte for byte, and refused where it is wrong. */
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/bytes.js'
import { decode, decodeControl, encode, encodeControl } from '../../src/cbor.js'
import { isAddress, isContractName, isOperationName, isToken } from '../../src/contract/address.js'
import { rowDigest, rowsOf } from '../../src/contract/row.js'
import { parsePeerId } from '../../src/identity/id.js'
import { keyPairOf, parseIdentity, secretTextOf } from '../../src/identity/identity.js'
import { openIdentity } from '../../src/identity/sealed.js'
import { decodeText } from '../../src/identity/text.js'
import { decisionId } from '../../src/session/decision.js'
import { contract } from '../../test-vectors/form.js'
import { fromHex } from '../../test-vectors/hex.js'
import { contractOf } from '../../test-vectors/player.js'
import * as schema from '../../test-vectors/schema.js'
import { providers } from '../crypto/providers.js'
import { declareFixedKeys } from '../setup/nonces.js'
import { bytesOf, codeOf, diagnosticOf, expectEveryByteToMatter, readVectors } from './file.js'

declareFixedKeys('a vector fixes the salt of a sealed text')

describe('cbor.json', () => {
  const { accepted, refused } = readVectors(schema.cbor, 'cbor')
  const decoders = { body: decode, control: decodeControl }

  test.each(accepted)('CB-19 $name: $diagnostic, and the same bytes again', ({ as, diagnostic, ...vector }) => {
    const bytes = bytesOf(vector)
    const again = as === 'body' ? encode(decode(bytes)) : encodeControl(decodeControl(bytes))
    expect(toHex(again)).toBe(toHex(bytes))
    if (diagnostic === undefined) return
    expect(diagnosticOf(decoders[as](bytes))).toBe(diagnostic)
    expectEveryByteToMatter(bytes, (changed) => diagnosticOf(decoders[as](changed)))
  })

  test.each(refused)('$rule $name is $code', ({ as, code, ...vector }) => {
    expect(codeOf(() => decoders[as](bytesOf(vector)))).toBe(code)
  })
})

describe.each(providers)('ids.json with $name', (provider) => {
  const { identities, sealed, refused } = readVectors(schema.ids, 'ids')

  test.each(identities)('ID-1 $name', ({ secretKey, publicKey, peer, secret }) => {
    const identity = parseIdentity(secret, provider)
    expect(toHex(keyPairOf(identity).secretKey)).toBe(secretKey)
    expect(toHex(keyPairOf(identity).publicKey)).toBe(publicKey)
    expect(secretTextOf(identity)).toBe(secret)
    expect(identity.id).toBe(peer)
    expect(toHex(parsePeerId(peer))).toBe(publicKey)
  })

  test.each(sealed)('ID-6 $name', ({ text, bytes, passphrase, secretKey }) => {
    expect(toHex(decodeText('sealed', text))).toBe(bytes)
    expect(toHex(keyPairOf(openIdentity(text, passphrase, provider)).secretKey)).toBe(secretKey)
    expect(codeOf(() => openIdentity(text, `${passphrase} `, provider))).toBe('identity/malformed')
  })

  const parsers = {
    peer: parsePeerId,
    secret: (text: string) => parseIdentity(text, provider),
    sealed: (text: string) => decodeText('sealed', text),
  }

  test.each(refused)('$rule $as: $name', ({ as, text, code }) => {
    expect(codeOf(() => parsers[as](text))).toBe(code)
  })

  test('ID-1 a text with any one letter changed is refused', () => {
    const texts = [
      ...identities.flatMap(({ peer, secret }) => [['peer', peer] as const, ['secret', secret] as const]),
      ...sealed.map(({ text }) => ['sealed', text] as const),
    ]
    for (const [as, text] of texts)
      for (let at = 0; at < text.length; at++) {
        const other = text[at] === 'q' || text[at] === 'Q' ? 'p' : 'q'
        const changed = text.slice(0, at) + (as === 'peer' ? other : other.toUpperCase()) + text.slice(at + 1)
        expect(
          codeOf(() => parsers[as](changed)),
          `letter ${at} of ${as}`,
        ).toBe('identity/malformed')
      }
  })
})

describe('rows.json', () => {
  const { rows, numbering, names } = readVectors(schema.rows, 'rows')

  test.each(rows)('CO-17 $name', ({ row, cbor, digest }) => {
    expect(toHex(encodeControl(row))).toBe(cbor)
    expect(decodeControl(fromHex(cbor))).toEqual(row)
    for (const { hash } of providers) expect(toHex(rowDigest(hash.SHA256, row))).toBe(digest)
    expectEveryByteToMatter(fromHex(cbor), (changed) => diagnosticOf(decodeControl(changed)))
  })

  test.each(numbering)('CO-16 $name', ({ given, numbered }) => {
    const operations = given.map((name) => ({ ...rows[0]?.row, name }))
    const contracts = { it: contract.parse({ name: 'a.v1', operations }) }
    expect(rowsOf(contractOf(contracts, 'it')).map(({ name }) => name)).toEqual(numbered)
  })

  const grammars = { contract: isContractName, operation: isOperationName, token: isToken, address: isAddress }
  test.each(names)('$rule $as: $name: $valid', ({ as, text, valid }) => {
    expect(grammars[as](text)).toBe(valid)
  })
})

describe('decision.json', () => {
  const { vectors } = readVectors(schema.decision, 'decision')

  test.each(vectors)('SE-60 $decision', ({ sessionId, way, exchange, index, decision }) => {
    expect(decisionId(sessionId, way, exchange, index)).toBe(decision)
  })
})
