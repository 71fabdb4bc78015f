import { utf8 } from '../bytes.js'
import { type Auditor, auditorSecretTextOf, parseAuditor } from '../identity/auditor.js'
import type { AuditorId, IssuerId, PeerId } from '../identity/id.js'
import { type Identity, parseIdentity, secretTextOf } from '../identity/identity.js'
import { type Issuer, issuerSecretTextOf, parseIssuer } from '../identity/issuer.js'
import { openAuditor, openIdentity, openIssuer, sealAuditor, sealIdentity, sealIssuer } from '../identity/sealed.js'
import { kindOfText, type TextKind } from '../identity/text.js'
import { fileError, readPrivate, writeNew } from './privatefile.node.js'

/** Bytes of a key file: the longest text, 129 characters, and a line feed. */
const MAX_BYTES = 130

/** How the key of a file is read. */
interface Form<K> {
  readonly sealed: TextKind
  readonly parse: (text: string) => K
  readonly open: (text: string, passphrase: string) => K
}

const IDENTITY: Form<Identity> = { sealed: 'sealed', parse: parseIdentity, open: openIdentity }
const ISSUER: Form<Issuer> = { sealed: 'issuerSealed', parse: parseIssuer, open: openIssuer }
const AUDITOR: Form<Auditor> = { sealed: 'auditorSealed', parse: parseAuditor, open: openAuditor }

/**
 * The identity of a key file.
 *
 * @param options.passphrase is called only if the file is sealed; opening one takes about a second
 * @throws SottoError identity/file if it cannot be read, others may read it, or it does not hold exactly one key
 */
export const readIdentity = (
  path: string,
  options: { readonly passphrase?: () => Promise<string> } = {},
): Promise<Identity> => readKey(path, IDENTITY, options.passphrase)

/** The issuer of a key file; as `readIdentity`. @throws SottoError identity/file */
export const readIssuer = (
  path: string,
  options: { readonly passphrase?: () => Promise<string> } = {},
): Promise<Issuer> => readKey(path, ISSUER, options.passphrase)

/** ID-54: the auditor of a key file; as `readIdentity`. @throws SottoError identity/file */
export const readAuditor = (
  path: string,
  options: { readonly passphrase?: () => Promise<string> } = {},
): Promise<Auditor> => readKey(path, AUDITOR, options.passphrase)

/**
 * ID-14: makes a key file, whole or not at all, that only its owner may read. An existing file is never replaced.
 *
 * @param options.passphrase seals the key; this takes about a second
 * @returns the id, to be given to whoever shall trust it
 * @throws SottoError identity/file if there is a file already, or it cannot be written; RangeError on an empty passphrase
 */
export const writeIdentity = async (
  path: string,
  identity: Identity,
  options: { readonly passphrase?: string } = {},
): Promise<PeerId> => {
  const { passphrase } = options
  await writeKey(path, passphrase === undefined ? secretTextOf(identity) : sealIdentity(identity, passphrase))
  return identity.id
}

/** Makes the key file of an issuer; as `writeIdentity`. @throws SottoError identity/file; RangeError on an empty passphrase */
export const writeIssuer = async (
  path: string,
  issuer: Issuer,
  options: { readonly passphrase?: string } = {},
): Promise<IssuerId> => {
  const { passphrase } = options
  await writeKey(path, passphrase === undefined ? issuerSecretTextOf(issuer) : sealIssuer(issuer, passphrase))
  return issuer.id
}

/** ID-54: makes the key file of an auditor; as `writeIdentity`. @throws SottoError identity/file; RangeError on an empty passphrase */
export const writeAuditor = async (
  path: string,
  auditor: Auditor,
  options: { readonly passphrase?: string } = {},
): Promise<AuditorId> => {
  const { passphrase } = options
  await writeKey(path, passphrase === undefined ? auditorSecretTextOf(auditor) : sealAuditor(auditor, passphrase))
  return auditor.id
}

const readKey = async <K>(path: string, form: Form<K>, ask: (() => Promise<string>) | undefined): Promise<K> => {
  const text = await readLine(path)
  const sealed = kindOfText(text) === form.sealed
  if (sealed && ask === undefined) throw fileError(path, 'expected a passphrase for a sealed key, got none')
  const passphrase = sealed ? await ask?.() : undefined
  try {
    return passphrase === undefined ? form.parse(text) : form.open(text, passphrase)
  } catch (cause) {
    throw fileError(path, 'expected one key and the passphrase it was sealed with, if it was', cause)
  }
}

/** ID-15, ID-16: the text without its line feed. */
const readLine = async (path: string): Promise<string> => {
  const bytes = await readPrivate(path, { most: MAX_BYTES, others: 'none' })
  const text = String.fromCharCode(...bytes)
  bytes.fill(0)
  if (text.indexOf('\n') !== text.length - 1) throw fileError(path, 'expected one line with a key')
  return text.slice(0, -1)
}

const writeKey = async (path: string, text: string): Promise<void> => {
  const bytes = utf8(`${text}\n`)
  try {
    await writeNew(path, bytes)
  } finally {
    bytes.fill(0)
  }
}
