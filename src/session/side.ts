import type { Wire } from '../cbor.js'
import type { Contract } from '../contract/define.js'
import type { Provider } from '../crypto/provider.js'
import type { PeerId } from '../identity/id.js'
import type { Identity } from '../identity/identity.js'
import type { Peer } from '../identity/peer.js'
import type { PolicyStore } from '../policy/store.js'
import type { Limits } from './limits.js'
import type { PostQuantum } from './suites.js'

/** What one end brings to a session, whichever role it has. */
export interface Side {
  readonly identity: Identity
  readonly provider: Provider
  readonly policy: PolicyStore
  readonly uses: readonly Contract[]
  readonly serves: readonly Contract[]
  readonly context: Wire
  /** The service asked for, or offered; empty for none. */
  readonly service: string
  readonly pq: PostQuantum
  readonly limits: Limits
  readonly rekey: { readonly records?: number; readonly bytes?: number }
  /** From start to ACCEPT (SE-9). */
  readonly handshakeMs: number
  /** A record is sent at least this often, so that a held one cannot run late unnoticed. */
  readonly keepaliveMs: number
  /** Unix time in ms at the clock's zero: what rules see as `time`. */
  readonly epochMs: number
}

export interface InitiatorSide extends Side {
  readonly expected: PeerId
}

export interface ResponderSide extends Side {
  /** The trusted peer of an id, or undefined. `unixMs` is Unix time. */
  readonly trust: (id: PeerId, unixMs: number) => Peer | undefined
}
