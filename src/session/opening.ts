import type { SottoError } from '../errors.js'
import type { Established, Finished } from './established.js'
import type { Frame } from './frames.js'
import type { Packet } from './packets.js'
import type { SessionEvent, StateName } from './states.js'

/** What a packet led to. */
export interface Step {
  readonly to: StateName
  /** To be sent. */
  readonly packet?: Uint8Array
  /** From here on records travel. */
  readonly finished?: Finished
  /** The plaintext of the first record. */
  readonly record?: Uint8Array
  readonly outcome?: Established | SottoError
}

/** The handshake of either role. Each packet is answered once; any throw ends the session without a byte. */
export interface Opening {
  /** The packet that starts it, if this end does. */
  start(): Uint8Array | undefined
  /** Which event of the state table `packet` is. */
  eventOf(state: StateName, packet: Packet): SessionEvent
  take(event: SessionEvent, packet: Packet, nowMs: number): Step
  /** The first record's only frame. @throws the refusal */
  verdict(frame: Frame, finished: Finished): Established
  /** The session is over: no key stays here, and what the policy counted goes back. */
  end(): void
}
