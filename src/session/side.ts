import type { Wire } from '../cbor.js'
import type { Contract } from '../contract/define.js'
import type { Provider } from '../crypto/provider.js'
import type { Expected } from '../identity/expected.js'
import type { PeerId } from '../identity/id.js'
import type { Identity } from '../identity/identity.js'
import type { Peer } from '../identity/peer.js'
import type { PolicyStore } from '../policy/store.js'
import type { ConversationsOf } from './flows.js'
import type { Limits } from './limits.js'
import type { PostQuantum } from './suites.js'

/** What one end brings to a session, whichever role it has. */
export interface Side {
  readonly identity: Identity
  readonly provider: Provider
  readonly policy: PolicyStore
  readonly uses: readonly Contract[]
  readonly serves: readonly Contract[]
  /** Of the contracts it serves that have a flow. */
  readonly conversations?: ConversationsOf
  readonly context: Wire
  /** The service asked for, or offered; empty for none. */
  readonly service: string
  readonly pq: PostQuantum
  readonly limits: Limits
  /** Lowers when keys are replaced: after so many records, or plaintext bytes, or by fresh ephemerals after so many ms. */
  readonly rekey: { readonly records?: number; readonly bytes?: number; readonly refreshMs?: number }
  /** How long the plaintext of a record is made: as it is, up to one of a few lengths, or up to a multiple of so many bytes. */
  readonly padding: 'none' | 'buckets' | { readonly multiple: number }
  /** Told every secret of the session, a line each: for debugging only. */
  readonly keyLog?: (line: string) => void
  /** From start to ACCEPT (SE-9). */
  readonly handshakeMs: number
  /** A record is sent at least this often, so that a held one cannot run late unnoticed. */
  readonly keepaliveMs: number
  /** Unix time in ms at the clock's zero: what rules see as `time`. */
  readonly epochMs: number
}

export interface InitiatorSide extends Side {
  readonly expected: Expected
  /** With it psk suites alone are listed (SE-80). */
  readonly psk?: Psk
}

export interface ResponderSide extends Side {
  /** The trusted peer of an id, or undefined. `unixMs` is Unix time. */
  readonly trust: (id: PeerId, credential: Uint8Array | undefined, unixMs: number) => Peer | undefined
  /** Why `trust` gave no peer; the cause of what this end reports (SE-18). */
  readonly whyNot?: (id: PeerId, credential: Uint8Array | undefined, unixMs: number) => unknown
  /** False if a peer that is trusted may not have another session (LI-54). */
  readonly hasRoom?: (id: PeerId) => boolean
  /** With it psk suites alone are allowed (SE-80). The key of an id, borrowed; undefined for an id nobody knows (SE-82). */
  readonly pskOf?: (id: Uint8Array) => Uint8Array | undefined
}

/** A shared secret of 32 bytes, and its name on the wire of 1 to 32. */
export interface Psk {
  readonly id: Uint8Array
  readonly key: Uint8Array
}
