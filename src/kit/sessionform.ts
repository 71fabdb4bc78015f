import type { Limits } from '../session/limits.js'
import type { Side } from '../session/side.js'

/** What a vector of a whole session gives (test-vectors/README.md): its two ends, and what they do and say. */

export type Role = 'initiator' | 'responder'

export interface SessionForm {
  readonly initiator: SideForm
  readonly responder: SideForm
  /** Exported contracts, by the names that the ends give them. */
  readonly contracts: Readonly<Record<string, unknown>>
  readonly script: readonly SessionItem[]
}

export interface SideForm {
  readonly secretKey: string
  readonly unixMs: number
  readonly credential: string
  readonly peer: string
  readonly issuer: string | null
  readonly uses: readonly string[]
  readonly serves: readonly string[]
  readonly context: string
  readonly service: string
  readonly pq: Side['pq']
  readonly aes: boolean
  readonly psk: { readonly id: string; readonly key: string } | null
  readonly limits: Limits
  readonly rekeyRecords: number | null
  /** All is allowed if it is absent. */
  readonly policy?: unknown
  readonly trusts: boolean
  readonly random: readonly { readonly name: string; readonly bytes: string }[]
}

/** An act of an application, or bytes that an end writes. */
export type SessionItem = Act | { readonly from: Role; readonly bytes: string }

export type Act = { readonly by: Role } & (
  | {
      readonly act: 'call' | 'send' | 'stream'
      readonly contract: string
      readonly operation: string
      readonly body: string
      readonly ttlMs: number
      readonly labels: Readonly<Record<string, string>>
    }
  | { readonly act: 'reply' | 'item'; readonly body: string }
  | { readonly act: 'fault'; readonly name: string; readonly body: string }
  | { readonly act: 'consume' | 'cancel' | 'end' | 'stop' | 'ping' | 'close' }
)

const VERBS = ['call', 'send', 'stream', 'publish', 'subscribe', 'enqueue', 'consume']

/** What is in force where a vector gives no policy. */
export const ALL_ALLOWED = {
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: VERBS, on: ['>'] }],
}
