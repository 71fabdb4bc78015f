import { defaultProvider } from '../crypto/default.js'
import type { PeerId } from '../identity/id.js'
import { type Grant, issueCredential } from '../identity/issue.js'
import { Issuer } from '../identity/issuer.js'
import { Possession } from '../identity/possession.js'

const HOUR_MS = 3_600_000

/** Whose credentials a kit has trusted, and another. */
export const ISSUER = Issuer.of(new Uint8Array(32).fill(0x15), defaultProvider)
export const OTHER_ISSUER = Issuer.of(new Uint8Array(32).fill(0x16), defaultProvider)

/** The name in every credential, unless said. */
const NAME = 'spiffe://kit.test/peer'

/** What is trusted of an end that shows a credential, in either role. */
export const EXPECTED = { issuer: ISSUER.id, name: NAME } as const

export type Granted = Partial<Omit<Grant, 'possession'>>

/** A credential of a key that the kit itself has made; it ends in an hour unless said. */
export const issued = (id: PeerId, over: Granted = {}, issuer: Issuer = ISSUER): Uint8Array => {
  const now = Date.now()
  const possession = Possession.of(id, now)
  return issueCredential(issuer, { possession, notBeforeMs: now - HOUR_MS, ...inHours(1), name: NAME, ...over })
}

/** One that ends so many hours from now. */
export const inHours = (hours: number): { readonly expiresMs: number } => ({
  expiresMs: Date.now() + hours * HOUR_MS,
})
