import type { CipherName, DhName, HashName } from '../crypto/provider.js'
import { SottoError } from '../errors.js'
import { MODIFIERS, type ModifierName } from './modifiers.js'
import { isDh, type Message, PATTERNS, type Pattern, pskCount, type Role, type Token, writerOf } from './patterns.js'

/** The algorithms a name can call for (Noise section 12; the KEM of FIPS 203 for `hfs`). */
const DHS: Readonly<Record<DhName, { readonly length: number }>> = { '25519': { length: 32 }, '448': { length: 56 } }
const CIPHERS: Readonly<Record<CipherName, true>> = { ChaChaPoly: true, AESGCM: true }
const HASHES: Readonly<Record<HashName, true>> = { SHA256: true, SHA512: true, BLAKE2s: true, BLAKE2b: true }
const KEM = { name: 'MLKEM768', publicKeyLength: 1184, ciphertextLength: 1088 } as const

const TAG_LENGTH = 16

export interface Protocol {
  readonly name: string
  readonly pattern: Pattern
  readonly dh: DhName
  readonly cipher: CipherName
  readonly hash: HashName
  /** True for a pattern with `psk`: every `e` is mixed into the key too (9.2). */
  readonly psk: boolean
  readonly messages: readonly MessageLayout[]
}

/** One message as bytes: its fields in order, then the payload to the end. */
export interface MessageLayout {
  readonly writer: Role
  readonly tokens: Message
  readonly fields: readonly Field[]
  /** Bytes of the message with an empty payload: no shorter one exists. */
  readonly minimum: number
}

/** The bytes one token puts on the wire. */
export interface Field {
  readonly token: Token
  /** Length on the wire: with the tag where a key is there to encrypt with. */
  readonly length: number
}

/**
 * Parses a protocol name (Noise section 8), with `+MLKEM768` behind the DH where the pattern has `hfs`:
 * `Noise_XXhfs+psk3_25519+MLKEM768_ChaChaPoly_SHA256`.
 *
 * @throws noise/protocol on anything else (NO-1)
 */
export const parseProtocol = (name: string): Protocol => {
  const [prefix, patternName = '', dhName = '', cipher = '', hash = '', ...rest] = name.split('_')
  if (prefix !== 'Noise' || rest.length > 0 || !isKey(CIPHERS, cipher) || !isKey(HASHES, hash)) throw refuse(name)
  const pattern = parsePattern(patternName)
  const [dh = '', ...kems] = dhName.split('+')
  if (pattern === undefined || !isKey(DHS, dh)) throw refuse(name)
  // NO-4: the KEM is named if and only if the pattern uses it.
  if (kems.join('+') !== (pattern.messages.flat().includes('e1') ? KEM.name : '')) throw refuse(name)
  const psk = pskCount(pattern) > 0
  return { name, pattern, dh, cipher, hash, psk, messages: layout(pattern, psk, DHS[dh].length) }
}

const refuse = (name: string): SottoError =>
  SottoError.of('noise/protocol', `expected a protocol name of Noise revision 34 or hfs, got ${printable(name)}`)

const printable = (name: string): string => JSON.stringify(name.length > 255 ? `${name.slice(0, 255)}…` : name)

const isKey = <T extends object>(table: T, key: string): key is Extract<keyof T, string> => Object.hasOwn(table, key)

/** `XXfallback+psk0`: a base of capitals and digits, the first modifier right behind it, the others behind a plus. */
const parsePattern = (name: string): Pattern | undefined => {
  const split = name.search(/[^A-Z0-9]/)
  const base = split === -1 ? name : name.slice(0, split)
  if (!isKey(PATTERNS, base)) return undefined
  const modifiers = split === -1 ? [] : name.slice(split).split('+')
  let pattern: Pattern | undefined = PATTERNS[base]
  let previous = ''
  for (const modifier of modifiers) {
    if (!isKey(MODIFIERS, modifier) || !inOrder(previous, modifier)) return undefined
    pattern = pattern && MODIFIERS[modifier](pattern)
    previous = modifier
  }
  return pattern
}

/** NO-1: order has a meaning only around `fallback`, which no pattern takes twice; elsewhere it is alphabetical (8.1). */
const inOrder = (previous: string, modifier: ModifierName): boolean => modifier === 'fallback' || previous < modifier

const layout = (pattern: Pattern, psk: boolean, dhLength: number): readonly MessageLayout[] => {
  const lengths: Readonly<Partial<Record<Token, number>>> = {
    e: dhLength,
    s: dhLength,
    e1: KEM.publicKeyLength,
    ekem1: KEM.ciphertextLength,
  }
  // Of the tokens that mix a key no other is ever the first: message 1 has an `e` before all but `psk`, and `ekem1` follows `ee`.
  const mixesKey = (token: Token): boolean => isDh(token) || (psk && token === 'e')
  let keyed = false
  return pattern.messages.map((tokens, index) => {
    const fields: Field[] = []
    for (const token of tokens) {
      const length = lengths[token]
      if (length !== undefined) fields.push({ token, length: length + (keyed && token !== 'e' ? TAG_LENGTH : 0) })
      keyed ||= mixesKey(token)
    }
    const minimum = fields.reduce((sum, field) => sum + field.length, keyed ? TAG_LENGTH : 0)
    return { writer: writerOf(index), tokens, fields, minimum }
  })
}
