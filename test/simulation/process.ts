import { noble } from '../../src/crypto/noble.js'
import type { Provider } from '../../src/crypto/provider.js'
import { Identity } from '../../src/identity/identity.js'
import { pinnedPeer } from '../../src/identity/peer.js'
import { type PolicyStore, policyStore } from '../../src/policy/store.js'
import { Engine } from '../../src/session/engine.js'
import { type Limits, limitsOf } from '../../src/session/limits.js'
import type { ResponderSide, Side } from '../../src/session/side.js'
import { Credentials, EPOCH_MS, TRUST } from './credentials.js'
import type { Role, Setting } from './script.js'
import { POLICIES, Service } from './service.js'

const identityOf = (fill: number): Identity => Identity.of(new Uint8Array(32).fill(fill), noble)

/** Of the initiator and the responder: the same in all scripts, for they cost time to make. */
const IDENTITIES = [identityOf(1), identityOf(2)] as const
const CREDENTIALS = [new Credentials(0, IDENTITIES[0].id), new Credentials(1, IDENTITIES[1].id)] as const

const PSK = { id: new Uint8Array(8).fill(3), key: new Uint8Array(32).fill(4) }

/** What outlives sessions, until it crashes: a clock and a policy. */
export class Process {
  readonly role: Role
  readonly store: PolicyStore
  readonly limits: Limits
  readonly #setting: Setting
  #policy = 0
  /** The number of the credential that is shown. */
  #shown = 0
  /** How far its clock is ahead of the world's. */
  skewMs: number

  constructor(role: Role, setting: Setting, skewMs: number) {
    this.role = role
    this.store = policyStore(POLICIES[0])
    this.limits = limitsOf(setting.limits[role])
    this.#setting = setting
    this.skewMs = skewMs
  }

  get policy(): number {
    return this.#policy
  }

  replace(policy: number): void {
    this.#policy = policy
    this.store.replace(POLICIES[policy])
  }

  start(made: Provider, nowMs: number): Engine {
    const provider = { ...made, nativeAes: made.nativeAes && this.#setting.aes[this.role] }
    const [initiator, responder] = IDENTITIES
    const { psk, credentials } = this.#setting
    this.#shown = CREDENTIALS[this.role].current(this.#shown, nowMs)
    const identity = IDENTITIES[this.role]
    const credential = credentials ? CREDENTIALS[this.role].at(this.#shown) : undefined
    const side = this.#side(provider, credential === undefined ? identity : identity.with(credential))
    if (this.role === 0) {
      const expected = credentials ? { name: CREDENTIALS[1].name, issuer: TRUST } : responder.id
      return Engine.initiate({ ...side, expected, ...(psk && { psk: PSK }) }, nowMs)
    }
    const trust: ResponderSide['trust'] = (id, shown, unixMs) => {
      if (credentials) return TRUST.check(id, shown, unixMs)
      return id === initiator.id ? pinnedPeer(initiator.id) : undefined
    }
    return Engine.respond({ ...side, trust, ...(psk && { pskOf: () => PSK.key }) }, nowMs)
  }

  /** The credential that follows on the one shown last; undefined if there is none. */
  get next(): Uint8Array | undefined {
    return this.#setting.credentials ? CREDENTIALS[this.role].at(this.#shown + 1) : undefined
  }

  /** The next one is shown. */
  renewed(): void {
    this.#shown++
  }

  #side(provider: Provider, identity: Identity): Side {
    const { suite, rekey, refreshMs, padding, keepaliveMs } = this.#setting
    return {
      identity,
      provider,
      policy: this.store,
      uses: [Service],
      serves: [Service],
      context: null,
      service: '',
      pq: suite === 'XX' ? 'off' : 'require',
      limits: this.limits,
      rekey: { records: rekey[this.role], refreshMs },
      padding,
      handshakeMs: 10_000,
      keepaliveMs,
      epochMs: EPOCH_MS,
    }
  }
}
