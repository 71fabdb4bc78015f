import { noble } from '../../src/crypto/noble.js'
import type { Provider } from '../../src/crypto/provider.js'
import { Identity } from '../../src/identity/identity.js'
import { pinnedPeer } from '../../src/identity/peer.js'
import { type PolicyStore, policyStore } from '../../src/policy/store.js'
import { Engine } from '../../src/session/engine.js'
import { type Limits, limitsOf } from '../../src/session/limits.js'
import type { Side } from '../../src/session/side.js'
import type { Role, Setting } from './script.js'
import { POLICIES, Service } from './service.js'

/** Of the initiator and the responder: the same in all scripts, for they cost time to make. */
const IDENTITIES = [1, 2].map((fill) => Identity.of(new Uint8Array(32).fill(fill), noble))

const PSK = { id: new Uint8Array(8).fill(3), key: new Uint8Array(32).fill(4) }

/** What outlives sessions, until it crashes: a clock and a policy. */
export class Process {
  readonly role: Role
  readonly store: PolicyStore
  readonly limits: Limits
  readonly #setting: Setting
  #policy = 0
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
    if (initiator === undefined || responder === undefined) throw new RangeError('expected two identities')
    const side = this.#side(provider, this.role === 0 ? initiator : responder)
    const { psk } = this.#setting
    if (this.role === 0) return Engine.initiate({ ...side, expected: responder.id, ...(psk && { psk: PSK }) }, nowMs)
    const trust = (id: string) => (id === initiator.id ? pinnedPeer(initiator.id) : undefined)
    return Engine.respond({ ...side, trust, ...(psk && { pskOf: () => PSK.key }) }, nowMs)
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
      epochMs: 0,
    }
  }
}
