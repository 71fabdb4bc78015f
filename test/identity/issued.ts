import { concat, utf8 } from '../../src/bytes.js'
import { type Control, encodeControl } from '../../src/cbor.js'
import { noble } from '../../src/crypto/noble.js'
import type { Provider } from '../../src/crypto/provider.js'
import { Identity } from '../../src/identity/identity.js'
import { type Grant, issueCredential } from '../../src/identity/issue.js'
import { Issuer } from '../../src/identity/issuer.js'
import { checkProof, makeChallenge, type Possession, proveIdentity } from '../../src/identity/possession.js'

/** A second of the year 2026, in ms. */
export const NOW = 1_767_225_600_000
export const DAY = 86_400_000

const counting = (from: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => from + i)

export const issuer = Issuer.of(counting(0x20), noble)
export const otherIssuer = Issuer.of(counting(0x60), noble)
export const identity = Identity.of(counting(0), noble)
export const otherIdentity = Identity.of(counting(0x80), noble)

/** The possession that `of` shows to `to`. */
export const shownBy = (of: Identity, to: Issuer = issuer, unixMs = NOW): Possession =>
  checkProof(to, proveIdentity(of, makeChallenge(to, unixMs), to.id), unixMs)

/** A credential of `identity` by `issuer`, good for a day from now. */
export const issued = (grant: Partial<Grant> = {}, by: Issuer = issuer, provider: Provider = noble): Uint8Array =>
  issueCredential(by, { possession: shownBy(identity, by), expiresMs: NOW + DAY, ...grant }, provider)

/** The parts of a credential, to be made wrong. */
export interface Parts {
  readonly header: Uint8Array
  readonly aad: Uint8Array
  readonly context: string
  readonly payload: Uint8Array
}

/** A statement's map, as the chapter has it. */
export const claimsOf = (issuerId: string, x: Uint8Array): Map<number, Control> =>
  new Map<number, Control>([
    [1, issuerId],
    [2, 'spiffe://example.org/kitchen/thermostat'],
    [4, (NOW + DAY) / 1000],
    [5, NOW / 1000],
    [7, counting(0x40).subarray(0, 16)],
    [
      8,
      new Map<number, Control>([
        [
          1,
          new Map<number, Control>([
            [1, 1],
            [-1, 4],
            [-2, x],
          ]),
        ],
      ]),
    ],
    [-65_537, ['operator', 'sensor']],
    [-65_538, { room: 'kitchen', floor: 2, indoors: true }],
  ])

/** A credential whose signature is right for parts that may be wrong; by hand, apart from the code that issues. */
export const signed = (
  payload: Uint8Array,
  {
    header = Uint8Array.of(0xa1, 0x01, 0x32),
    aad = utf8('Sotto/1 credential'),
    context = 'Signature1',
  }: Partial<Parts> = {},
  secretKey = counting(0x20),
): Uint8Array => {
  const message = encodeControl([context, header, aad, payload])
  return encodeControl([header, new Map(), payload, noble.ed25519.sign(secretKey, message)])
}

/** `bytes` with `wrong` in place of its only `right`. */
export const replaced = (bytes: Uint8Array, right: Uint8Array, wrong: Uint8Array): Uint8Array => {
  const at = bytes.findIndex((_, i) => right.every((byte, j) => bytes[i + j] === byte))
  if (at < 0) throw new Error('expected what is replaced to be there')
  return concat(bytes.subarray(0, at), wrong, bytes.subarray(at + right.length))
}
