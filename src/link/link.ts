import type { Contract } from '../contract/define.js'
import type { LinkStatus } from './linkstate.js'
import type { Closed, Session } from './session.js'

/** When a link tries again; in ms. */
export interface Retry {
  /** The longest first pause, which doubles with each attempt: 100 unless said. */
  readonly firstMs?: number
  /** The longest pause, and how long a session must live for the pauses to start anew: 30,000 unless said. */
  readonly capMs?: number
  /** Without a session for longer than this the link ends; no limit unless said. */
  readonly giveUpMs?: number
}

/**
 * Sessions with one peer, one after another. `client(link, …)` calls whoever is there: calls made while there is no session
 * wait for one within their time. Those that a lost session surely did not run, and those whose operation is idempotent,
 * are asked again of the next; all others fail, and their `ran` says what is known. Disposal is `close`, and never throws.
 */
export interface Link<U extends Contract = Contract> extends AsyncDisposable {
  /** Contracts this end may call here. */
  readonly uses: readonly U[]
  readonly status: LinkStatus
  /** Every change of the status from now on, once each, to every reader; the last 256 wait for a slow one. */
  readonly changes: AsyncIterable<LinkStatus>
  /** The present session, or else the next. Rejects with what ended the link. Ending it by hand does not end the link. */
  readonly session: Promise<Session<U>>
  /** Resolves when the link and all its sessions are over; never rejects. Clean if `close` ended it and every session. */
  readonly closed: Promise<Closed>
  /**
   * Shows `credential` (copied) from now on: in the present session, as `Session.renew` does, and in every later one.
   * @throws identity/credential unless it is one of the key this end dials with
   */
  renew(credential: Uint8Array): void
  /** No further session; those there are close as `Session.close` does, within 5 s. Never rejects. */
  close(): Promise<void>
}
