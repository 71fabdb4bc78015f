import { type ErrorCode, SottoError } from '../errors.js'

/** Where a link stands. `waiting` is the pause before the next attempt, and why there is one; `attempt` counts from 0. */
export type LinkStatus =
  | { readonly is: 'connecting' | 'handshaking' | 'established' | 'draining' | 'closed' }
  | { readonly is: 'waiting'; readonly attempt: number; readonly delayMs: number; readonly cause: SottoError }

type StateName = LinkStatus['is']

/** What can happen to a link. */
export const LINK_EVENTS = ['reached', 'opened', 'drained', 'lost', 'failed', 'final', 'due', 'close', 'over'] as const
export type LinkEvent = (typeof LINK_EVENTS)[number]

/** The table a link runs on (LI-30): for each state, the events that can come and where each may lead. */
export const LINK_STATES: Readonly<Record<StateName, { readonly [E in LinkEvent]?: readonly StateName[] }>> = {
  connecting: {
    reached: ['handshaking'],
    failed: ['waiting'],
    final: ['draining', 'closed'],
    close: ['draining', 'closed'],
  },
  handshaking: {
    opened: ['established'],
    failed: ['waiting'],
    final: ['draining', 'closed'],
    close: ['draining', 'closed'],
  },
  established: { drained: ['draining'], lost: ['waiting'], final: ['draining', 'closed'], close: ['draining'] },
  waiting: { due: ['connecting'], close: ['draining', 'closed'] },
  draining: { due: ['connecting'], close: ['draining', 'closed'], over: ['closed'] },
  closed: {},
}

/**
 * What a link does after an attempt or a session that ended so (LI-33). `final` is what the peer said with its key
 * proved, another key than the one expected, and what is wrong at this end: the next attempt would end the same.
 */
export const AFTER = {
  'cbor/malformed': 'final',
  'cbor/forbidden': 'final',
  'cbor/limit': 'final',
  'cbor/unencodable': 'final',
  'crypto/unavailable': 'final',
  'crypto/bad-key': 'final',
  'crypto/zero-shared': 'retry',
  'noise/protocol': 'final',
  'noise/failed': 'retry',
  'noise/misuse': 'final',
  'noise/decrypt': 'retry',
  'noise/exhausted': 'retry',
  'channel/forged': 'retry',
  'channel/malformed': 'retry',
  'channel/exhausted': 'retry',
  'channel/truncated': 'retry',
  'contract/unserved': 'final',
  'contract/changed': 'final',
  'contract/invalid': 'final',
  'contract/malformed': 'final',
  'identity/malformed': 'final',
  'identity/mismatch': 'final',
  'identity/changed': 'final',
  'identity/self': 'final',
  'identity/not-trusted': 'final',
  'identity/credential': 'final',
  'identity/file': 'final',
  'policy/malformed': 'final',
  'policy/denied': 'final',
  'policy/limited': 'retry',
  'audit/broken': 'final',
  'audit/file': 'final',
  'audit/sink': 'final',
  'audit/limit': 'final',
  'session/malformed': 'retry',
  'session/unexpected': 'retry',
  'session/suite': 'retry',
  'session/limit': 'retry',
  'session/timeout': 'retry',
  'session/lost': 'retry',
  'session/closed': 'retry',
  'session/service': 'final',
  'session/extension': 'final',
  'session/busy': 'retry',
  'call/cancelled': 'final',
  'call/deadline': 'final',
  'call/fault': 'final',
  'call/internal': 'final',
  'call/too-large': 'final',
  'flow/refused': 'final',
  'topic/slow': 'final',
  'broker/full': 'final',
  'queue/lapsed': 'final',
  'broker/failed': 'final',
  'broker/corrupt': 'final',
  'transport/failed': 'retry',
} as const satisfies Record<ErrorCode, 'retry' | 'final'>

/** How patient a link is, in ms. */
export interface Patience {
  /** The longest first pause; it doubles with each attempt. */
  readonly firstMs: number
  /** The longest pause, and how long a session lives to be a success. */
  readonly capMs: number
  /** Without a session for longer than this, the link ends. */
  readonly giveUpMs: number
}

/**
 * What a link does next. It owns no session and no timer and reads no clock: times are monotonic ms, and `random` gives
 * numbers from 0 up to 1.
 */
export class LinkState {
  readonly #patience: Patience
  readonly #random: () => number
  #status: LinkStatus = Object.freeze({ is: 'connecting' })
  #error: SottoError | undefined
  #ending = false
  #attempt = 0
  #live = 0
  #openedMs = 0
  #withoutMs: number
  #dueMs = Number.POSITIVE_INFINITY

  constructor(patience: Patience, random: () => number, nowMs: number) {
    this.#patience = patience
    this.#random = random
    this.#withoutMs = nowMs
  }

  /** The same object until it changes; frozen. */
  get status(): LinkStatus {
    return this.#status
  }

  /** True once no further session will be made. */
  get ending(): boolean {
    return this.#ending
  }

  /** What ended the link; undefined if that was `close`. */
  get error(): SottoError | undefined {
    return this.#error
  }

  /** When `wake` has something to do; Infinity for never. */
  get dueMs(): number {
    return this.#dueMs
  }

  /** There is a transport. */
  reached(): void {
    this.#follow('reached', { is: 'handshaking' })
  }

  /** There is a session. */
  opened(nowMs: number): void {
    this.#live++
    this.#openedMs = nowMs
    this.#follow('opened', { is: 'established' })
  }

  /** The attempt came to nothing. */
  failed(error: SottoError, nowMs: number): void {
    const delayMs = this.#pause(error, nowMs)
    if (delayMs !== undefined) this.#wait('failed', delayMs, error)
  }

  /** The peer takes nothing new in the present session, which goes on until what is open has ended (LI-36). */
  drained(nowMs: number): void {
    this.#left(nowMs)
    const delayMs = this.#pause(SottoError.of('session/closed', 'the peer drains the session'), nowMs)
    if (delayMs !== undefined) this.#follow('drained', { is: 'draining' })
  }

  /** The present session is over. */
  lost(error: SottoError, nowMs: number): void {
    this.#live--
    this.#left(nowMs)
    const delayMs = this.#pause(error, nowMs)
    if (delayMs !== undefined) this.#wait('lost', delayMs, error)
  }

  /** A session is over that drained or was to end. */
  over(): void {
    this.#live--
    if (this.#ending && this.#live === 0) this.#follow('over', { is: 'closed' })
  }

  /** The timer. Too early a call does nothing. */
  wake(nowMs: number): void {
    if (nowMs < this.#dueMs) return
    this.#dueMs = Number.POSITIVE_INFINITY
    this.#follow('due', { is: 'connecting' })
  }

  /** No further session; the link closes when what is live is over. */
  close(error: SottoError | undefined): void {
    if (!this.#ending) this.#end('close', error)
  }

  /** A session that lived for the longest pause was a success: patience starts anew (LI-32). */
  #left(nowMs: number): void {
    this.#withoutMs = nowMs
    if (nowMs - this.#openedMs >= this.#patience.capMs) this.#attempt = 0
  }

  /** How long to wait, from 0 up to a bound that doubles (LI-31); undefined where the link ends instead (LI-33, LI-34). */
  #pause(error: SottoError, nowMs: number): number | undefined {
    const { firstMs, capMs, giveUpMs } = this.#patience
    const code: ErrorCode = error.code
    if (AFTER[code] === 'final') {
      this.#end('final', error)
      return undefined
    }
    const delayMs = Math.round(this.#random() * Math.min(capMs, firstMs * 2 ** this.#attempt))
    if (nowMs + delayMs - this.#withoutMs > giveUpMs) {
      const what = `no session in ${giveUpMs} ms`
      this.#end('final', SottoError.of('session/timeout', what, { cause: error }))
      return undefined
    }
    this.#dueMs = nowMs + delayMs
    this.#attempt++
    return delayMs
  }

  #wait(event: LinkEvent, delayMs: number, cause: SottoError): void {
    this.#follow(event, { is: 'waiting', attempt: this.#attempt - 1, delayMs, cause })
  }

  #end(event: 'final' | 'close', error: SottoError | undefined): void {
    this.#follow(event, { is: this.#live > 0 ? 'draining' : 'closed' })
    this.#ending = true
    this.#error = error
    this.#dueMs = Number.POSITIVE_INFINITY
  }

  #follow(event: LinkEvent, to: LinkStatus): void {
    const from = this.#status.is
    if (LINK_STATES[from][event]?.includes(to.is) !== true)
      throw new RangeError(`${event} leads from ${from} to ${to.is} nowhere in the table`)
    if (to.is !== from) this.#status = Object.freeze(to)
  }
}
