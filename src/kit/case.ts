import type { IssuerId, PeerId } from '../identity/id.js'
import type { Level } from './kitcontract.js'

/** One thing that the kit tries with a shim. */
export interface Case {
  /** In words, unique among all cases: `refuses a record whose tag is wrong`. */
  readonly name: string
  readonly level: Level
  /** The question, of a case that is a vector. */
  readonly ask?: string
  /** The requirement it is about. */
  readonly rule: string
  /** The role of the shim, where there is a session. */
  readonly role?: 'initiator' | 'responder'
  /** The suites it is for, by id; it is skipped unless the shim has one of them. */
  readonly suites?: readonly number[]
  /** Throws a `Finding` if the shim does otherwise than it must. */
  run(shim: Shim): Promise<void>
}

/** What a case has in its hands: the shim under test. */
export interface Shim {
  readonly levels: readonly Level[]
  /** Ids of the suites it claims. */
  readonly suites: readonly number[]
  /** What it makes of a vector: its answer, or the code it refuses with. */
  ask(ask: string, vector: unknown): Promise<Answer>
  /** One end of a session, over a pipe that the case holds the other end of; with a sink, what it writes goes there. */
  open(options: OpenOptions, sink?: Sink): Promise<End>
}

/** Where the bytes of a session go that a case does not look at. */
export interface Sink {
  /** Freshly allocated. */
  bytes(bytes: Uint8Array): void
  /** The shim closed its side of the pipe. */
  eof(): void
}

export type Answer =
  | { readonly answer: Readonly<Record<string, unknown>> }
  | { readonly code: string }
  | { readonly unsupported: true }

/** The members of `open` (spec/conformance.md), but for its number. */
export interface OpenOptions {
  readonly role: 'initiator' | 'responder'
  /** 32 bytes in hex. */
  readonly secret: string
  /** One of these: whom it expects or trusts, or whose credentials it trusts. */
  readonly peer?: PeerId
  readonly issuer?: IssuerId
  /** That an initiator asks of the credential of whom it expects. */
  readonly name?: string
  /** The own one, in hex. */
  readonly credential?: string
  readonly pq?: 'require' | 'prefer' | 'off'
  readonly psk?: { readonly id: string; readonly key: string }
  readonly service?: string
  readonly context?: string
  readonly limits?: Readonly<Record<string, number>>
  readonly rekey?: { readonly records?: number; readonly refreshMs?: number }
  /** To buckets, or to a multiple of so many bytes. */
  readonly padding?: 'buckets' | number
  readonly policy?: unknown
  readonly serves?: readonly string[]
}

/** The shim's end of one session. All that waits gives up after a few seconds, with a `Finding`. */
export interface End {
  /** Bytes that come out of the shim's end of the pipe; borrowed. */
  feed(bytes: Uint8Array): void
  /** The pipe is at its end. */
  eof(): void
  /** An act of the table, without `session`. */
  act(act: Readonly<Record<string, unknown>> & { readonly do: string }): void
  /** The next bytes the shim writes that have not been taken, `length` of them, or all of what is there if it is not given. */
  bytes(length?: number): Promise<Uint8Array>
  /** The next event that has not been taken; with a name, the next of that name, which passes over others. */
  event(name?: string): Promise<Event>
  /** All events and bytes that have not been taken, when the shim has worked through all that it was given. */
  settled(): Promise<{ readonly events: readonly Event[]; readonly bytes: Uint8Array }>
}

export type Event = Readonly<Record<string, unknown>> & { readonly event: string }

/** What a shim did otherwise: the message says what was expected and what came. */
export class Finding {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

/** What did not come in time. */
export class Late extends Finding {}

/** Thrown by a case that is not for this shim: says what it does not claim. */
export class Skipped {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}
