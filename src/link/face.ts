import type { Wire } from '../cbor.js'
import type { Contract } from '../contract/define.js'
import type { SottoError } from '../errors.js'
import type { Conversations, Step } from '../session/conversations.js'
import type { Admitted } from '../session/gate.js'
import type { Closed, Session } from './session.js'

/** What messaging asks of a session; bodies are wire values, already checked by a shape. */
export interface Caller {
  /**
   * Settles with the decoded reply; undefined is an empty body.
   * @throws SottoError policy/denied, policy/limited, call/fault, call/internal, call/deadline, call/cancelled,
   * contract/unserved, contract/invalid, session/lost, session/closed
   */
  call(
    contract: string,
    operation: string,
    value: Wire | undefined,
    options: CallOptions,
    where?: Where,
  ): Promise<Wire | undefined>
  /** undefined at once while there is credit, else a promise that settles when the own gate and credit have taken it. */
  send(
    contract: string,
    operation: string,
    value: Wire | undefined,
    options: CallOptions,
    where?: Where,
  ): Promise<void> | undefined
  /** Of a topic or queue, what stands: a subscription or a consumer. @throws SottoError as `call` does, of what is known at once */
  stream(contract: string, operation: string, value: Wire | undefined, options: CallOptions, where?: Where): Stream
  /** Of a link alone: resolves when a session is there, or `signal` aborts; rejects once there will be none. */
  ready?(signal?: AbortSignal): Promise<void>
}

/** Where in an operation an act is. */
export interface Where {
  /** Of a topic or queue: its tokens joined by dots, `*` for any where it stands. */
  readonly subject?: string
  /** Of a step of a conversation: what rules read as `state`. */
  readonly state?: string
}

/** What a subscription or a consumer is handed. */
export interface Delivery {
  /** Without `*`. */
  readonly subject: string
  /** One CBOR item, as it goes out; not written to while it waits. */
  readonly item: Uint8Array
  /** Size of the message itself, and the message, for rules that read of it. */
  readonly bytes: number
  readonly content: () => Wire | undefined
}

/** One end of a stream; items are wire values, already checked by a shape. */
export interface Stream {
  /** Resolves when the stream has its outcome; never rejects. */
  readonly closed: Promise<Closed>
  /** Items that were read. */
  readonly count: number
  /** Why nothing more comes, if the peer did not end it. */
  readonly cut: SottoError | undefined
  /** undefined at once while there is room, else a promise of it. @throws SottoError, TypeError behind the end */
  write(value: Wire): Promise<void> | undefined
  /** As `write`, of a subscription or consumer here, once the rules let its peer have it: `denied` if they do not. */
  deliver(delivery: Delivery): Promise<void> | undefined | 'denied'
  /** Whether the rules let its peer have what is to wait for room before it is delivered, which asks again. */
  mayHear(delivery: Delivery): boolean
  /** This direction is over behind what was written. */
  end(): Promise<void> | undefined
  /** Gives the whole stream up. */
  abort(reason: unknown): void
  /** The next item; rejects with why there are no more, if the peer did not end them. */
  read(): Promise<IteratorResult<Wire, undefined>>
  /** No more is wanted of what comes. */
  stop(): void
}

export interface CallOptions {
  /**
   * Gives the call up: it rejects with call/cancelled, and the handler's signal aborts. With the signal of a handler's context
   * it has no more time than is left of the message that is handled.
   */
  readonly signal?: AbortSignal
  /** At most 2^31-1, and kept at both ends. 0 is none: then the end of the session is the call's. */
  readonly timeoutMs?: number
  /** What rules may read beside the message; names and values are plain text. */
  readonly labels?: Readonly<Record<string, string>>
}

/** One admitted message on its way to a handler. */
export interface Incoming {
  readonly admitted: Admitted
  readonly session: Session
  readonly operation: string
  /** Empty for operations that have none. */
  readonly subject: string
  readonly value: Wire | undefined
  /** Of a message of a conversation. */
  readonly step: Step | undefined
  readonly labels: Readonly<Record<string, string>>
  /** Made when it is first read. */
  readonly signal: AbortSignal
  /** Infinity for no end. */
  readonly timeLeftMs: number
  /** False if the policy denies it by now: to be asked by who has let it wait (LI-58). */
  readonly stands: boolean
  /** This end of it, if the operation is a stream. */
  readonly stream: Stream | undefined
}

export type Answer =
  | { readonly is: 'reply'; readonly value: Wire | undefined }
  | { readonly is: 'fault'; readonly name: string; readonly data: Wire | undefined }
  | { readonly is: 'internal'; readonly incident: string }
  | { readonly is: 'invalid'; readonly path: string; readonly item?: number }
  /** A topic or queue could not take it. */
  | { readonly is: 'refused'; readonly code: 'topic/slow' | 'broker/full' | 'broker/failed' }
  | { readonly is: 'misstep'; readonly state: string; readonly expected: readonly string[] }
  /** What its handler asked for it had no time left. */
  | { readonly is: 'late' }
  /** The handler of a stream is done. */
  | { readonly is: 'ended' }

/** What a host needs of a service; made by `serve`. None of it throws or rejects. */
export interface Served {
  readonly contract: Contract
  /** @internal At once if the handler was done at once; undefined if nobody waits for an answer. */
  answer(incoming: Incoming): Answer | undefined | Promise<Answer | undefined>
  /** @internal The answer instead of one that has no form on the wire, for the reason `error`. */
  unsent(error: unknown, incoming: Incoming): Answer
  /** @internal */
  opened?(session: Session): void
  /** @internal Of a contract with a flow. */
  readonly conversations?: Conversations
}

const callers = new WeakMap<object, Caller>()

/** @internal Registers the Caller of a new session or link; once each. */
export const bindCaller = (on: object, caller: Caller): void => {
  callers.set(on, caller)
}

/** @internal The Caller of a session or link. @throws TypeError if it is none of ours */
export const callerOf = (on: object): Caller => {
  const caller = callers.get(on)
  if (caller === undefined)
    throw new TypeError('expected a Session or Link made by dial, initiate, link, linkOver, host or listen')
  return caller
}
