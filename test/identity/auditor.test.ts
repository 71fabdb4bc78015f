import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/bytes.js'
import { noble } from '../../src/crypto/noble.js'
import { SottoError } from '../../src/errors.js'
import { auditorKeysOf, auditorSecretTextOf, generateAuditor, parseAuditor } from '../../src/identity/auditor.js'
import { auditorId, parseAuditorId, parseIssuerId, parsePeerId } from '../../src/identity/id.js'
import { generateIdentity, parseIdentity } from '../../src/identity/identity.js'
import { generateIssuer, parseIssuer } from '../../src/identity/issuer.js'
import { openAuditor, openIdentity, openIssuer, sealAuditor, sealIssuer } from '../../src/identity/sealed.js'
import { decodeText, encodeText, kindOfText } from '../../src/identity/text.js'
import { providers } from '../crypto/providers.js'

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return error instanceof SottoError ? error.code : String(error)
  }
  return 'none'
}

describe.each(providers)('with $name', (provider) => {
  test('ID-51 an auditor survives its secret text, and its id is the Ed25519 key of its seed', () => {
    const made = generateAuditor(provider)
    const again = parseAuditor(auditorSecretTextOf(made), provider)
    expect(again.id).toBe(made.id)
    expect(auditorKeysOf(again)).toEqual(auditorKeysOf(made))
    expect(parseAuditorId(made.id)).toEqual(provider.ed25519.generateKeyPair(auditorKeysOf(made).secretKey).publicKey)
    expect(generateAuditor(provider).id).not.toBe(made.id)
  })

  test('ID-52 a sealed auditor opens with its passphrase and no other', () => {
    const made = generateAuditor(provider)
    const text = sealAuditor(made, 'correct horse', provider, 14)
    expect(text).toMatch(/^SOTTOLOG-SEALED-1[A-Z0-9]{112}$/)
    expect(openAuditor(text, 'correct horse', provider).id).toBe(made.id)
    expect(codeOf(() => openAuditor(text, 'Correct horse', provider))).toBe('identity/malformed')
  })
})

test('ID-51 no text of an auditor is taken for another, and no other for it', () => {
  const made = generateAuditor()
  const secret = auditorSecretTextOf(made)
  expect(made.id).toMatch(/^sottolog1[a-z0-9]{59}$/)
  expect(secret).toMatch(/^SOTTOLOG-SECRET-1[A-Z0-9]{59}$/)
  expect([kindOfText(made.id), kindOfText(secret)]).toEqual(['auditor', 'auditorSecret'])
  expect(auditorId(made.id)).toBe(made.id)
  expect(() => parsePeerId(made.id)).toThrow('got an auditor id')
  for (const read of [parsePeerId, parseIssuerId]) expect(codeOf(() => read(made.id))).toBe('identity/malformed')
  for (const read of [parseIdentity, parseIssuer]) expect(codeOf(() => read(secret))).toBe('identity/malformed')
  for (const { id } of [generateIdentity(), generateIssuer()])
    expect(codeOf(() => auditorId(id))).toBe('identity/malformed')
})

test('ID-52 what is sealed as an auditor opens as nothing else, and nothing else as an auditor', () => {
  const bytes = decodeText('auditorSealed', sealAuditor(generateAuditor(), 'x', noble, 14))
  expect(codeOf(() => openIdentity(encodeText('sealed', bytes), 'x'))).toBe('identity/malformed')
  expect(codeOf(() => openIssuer(encodeText('issuerSealed', bytes), 'x'))).toBe('identity/malformed')
  const other = decodeText('issuerSealed', sealIssuer(generateIssuer(), 'x', noble, 14))
  expect(codeOf(() => openAuditor(encodeText('auditorSealed', other), 'x'))).toBe('identity/malformed')
})

test('ID-53 nothing a program does to print, store or clone an auditor gives its secret', () => {
  const made = generateAuditor()
  const { secretKey } = auditorKeysOf(made)
  const shown = [
    String(made),
    JSON.stringify({ made }),
    inspect(made, { showHidden: true, depth: 9 }),
    inspect({ made }, { customInspect: false, showHidden: true, depth: 9 }),
    JSON.stringify(structuredClone({ made })),
    JSON.stringify(Object.getOwnPropertyDescriptors(made)),
  ].join('\n')
  expect(shown).toContain(made.id)
  for (const form of [toHex(secretKey), secretKey.join(','), auditorSecretTextOf(made)])
    expect(shown).not.toContain(form)
  secretKey.fill(0)
  expect(toHex(auditorKeysOf(made).secretKey)).not.toBe(toHex(secretKey))
})
