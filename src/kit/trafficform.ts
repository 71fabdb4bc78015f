import type { ErrorCode, Ran } from '../errors.js'
import type { EngineEvent } from '../session/events.js'
import type { Limits } from '../session/limits.js'
import type { Role } from './sessionform.js'

/** What a vector of an open session gives (test-vectors/README.md): one end, and what happens at it. */
export interface Opening {
  readonly role: Role
  /** It has written message 3 and waits for a verdict. */
  readonly waits?: true | undefined
  readonly operations: readonly string[]
  readonly own: SomeLimits
  readonly peer: SomeLimits
  readonly policy?: unknown
  readonly script: readonly TrafficItem[]
}

/** Those that are not the defaults. */
export type SomeLimits = { readonly [L in keyof Limits]?: number | undefined }

export type TrafficItem =
  | { readonly record: string }
  | { readonly eof: true }
  | { readonly ms: number }
  | {
      readonly act: 'begin'
      readonly operation: string
      readonly body: string
      readonly subject?: string | undefined
      readonly standing?: boolean | undefined
      readonly ttlMs?: number | undefined
    }
  | { readonly act: 'reply' | 'item'; readonly exchange: number; readonly body: string }
  | { readonly act: 'fault'; readonly exchange: number; readonly name: string; readonly body: string }
  | { readonly act: 'take' | 'end' | 'stop' | 'cancel'; readonly exchange: number }
  | { readonly act: 'ping' | 'close' }

/** An event that a program hears of. */
export type Told = Exclude<EngineEvent, { readonly is: 'established' | 'over' | 'taken' | 'renewed' }>

/** What the application learns. */
export interface Learnt {
  readonly event: Told['is']
  readonly exchange?: number
  readonly index?: number
  readonly operation?: string
  readonly subject?: string
  readonly body?: string
  readonly ttlMs?: number
  readonly labels?: Record<string, string>
  readonly code?: ErrorCode | null
  readonly ran?: Ran
}

/** What it says of exchanges, beside messages and credit. */
export interface SaidOf {
  readonly is: 'FAULT' | 'RESET' | 'STOP'
  readonly exchange: number
  readonly code: ErrorCode
}
