import { native } from '../../src/crypto/native.js'
import { noble } from '../../src/crypto/noble.js'
import { SKEW_MS } from '../../src/identity/credential.js'
import type { PeerId } from '../../src/identity/id.js'
import { issueCredential } from '../../src/identity/issue.js'
import { Issuer } from '../../src/identity/issuer.js'
import { Possession } from '../../src/identity/possession.js'
import { type TrustStore, trustStore } from '../../src/identity/trust.js'
import { Random } from '../random.js'
import type { Role } from './script.js'

/** Unix time at the zero of the virtual clock. */
export const EPOCH_MS = 1_800_000_000_000
/** From the end of trust by one credential to that by the next. */
const LASTS_MS = 3_000
const COUNT = 60

const NAMES = ['spiffe://test/initiator', 'spiffe://test/responder'] as const

/** Credentials that one end shows, one after another; what they say is the same in all scripts. */
export class Credentials {
  readonly name: string
  readonly #all: readonly Uint8Array[]

  constructor(role: Role, id: PeerId) {
    this.name = NAMES[role]
    this.#all = Array.from({ length: COUNT }, (_, number) =>
      issueCredential(
        ISSUER,
        {
          possession: Possession.of(id, EPOCH_MS),
          name: this.name,
          expiresMs: EPOCH_MS + endOf(number) - SKEW_MS,
          notBeforeMs: EPOCH_MS - 2 * SKEW_MS,
        },
        PROVIDER,
      ),
    )
  }

  /** Undefined behind the last. */
  at(number: number): Uint8Array | undefined {
    return this.#all[number]
  }

  /** The first, from `number` on, that holds for a while. */
  current(number: number, nowMs: number): number {
    let at = number
    while (at < COUNT - 1 && endOf(at) <= nowMs + LASTS_MS / 4) at++
    return at
  }
}

/** When trust by a credential ends, in ms of the virtual clock. */
const endOf = (number: number): number => (number + 1) * LASTS_MS

const RANDOM = new Random(6, 0)
const PROVIDER = { ...(native ?? noble), randomBytes: (length: number) => RANDOM.bytes(length) }
const ISSUER = Issuer.of(new Uint8Array(32).fill(5), noble)

/** Both ends trust whom the issuer names. */
export const TRUST: TrustStore = trustStore([ISSUER.id])
