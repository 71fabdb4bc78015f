import type { Act } from '../../src/session/acts.js'
import type { Established } from '../../src/session/established.js'
import type { EngineEvent } from '../../src/session/events.js'
import type { Exchange } from '../../src/session/exchange.js'
import { decodeFrames, type Frame } from '../../src/session/frames.js'
import { limitsOf } from '../../src/session/limits.js'
import { Traffic } from '../../src/session/traffic.js'
import { pairOf, responderSide, settle } from './pair.js'
import { admitted, anyAct, Flow, Places, Streams } from './wire.js'

const contracts = [Flow, Streams, Places]
const both = { uses: contracts, serves: contracts, pq: 'off', policy: anyAct() } as const
const SIDE = responderSide(both)

/** What a true handshake has established at both ends, whose limits are the same. */
export type Agreed = readonly [initiator: Established, responder: Established]

export const agreed = (limits: Readonly<Record<string, number>> = {}): Agreed => {
  const side = { ...both, limits: limitsOf(limits) }
  const { initiatorEvents, responderEvents } = settle(pairOf({ initiator: side, responder: side }))
  const [near] = initiatorEvents
  const [far] = responderEvents
  if (near?.is !== 'established' || far?.is !== 'established') throw new Error('expected a session')
  return [near.established, far.established]
}

/** What goes on at one end of a session, without keys and without an end. */
export class End {
  readonly traffic: Traffic
  readonly #events: EngineEvent[] = []

  constructor(established: Established) {
    const { peer } = established
    const proved = { peer, credential: undefined, judge: () => peer }
    this.traffic = new Traffic(established, proved, SIDE, (event) => this.#events.push(event), 0)
  }

  begin(act: Act, nowMs = 0): Exchange {
    const { exchanges } = this.traffic
    return exchanges.begin(admitted(exchanges.acts.admit(act, nowMs)), nowMs).exchange
  }

  /** The frames of the next record, if anything can go. */
  record(): readonly Frame[] | undefined {
    const plaintext = this.traffic.exchanges.outbox.fill()
    return plaintext && decodeFrames(plaintext.slice())
  }

  /** All frames that can go now. */
  said(): readonly Frame[] {
    const frames: Frame[] = []
    for (let record = this.record(); record !== undefined; record = this.record()) frames.push(...record)
    return frames
  }

  hear(frames: readonly Frame[], nowMs = 0): void {
    for (const frame of frames) {
      if (frame.is === 'ACCEPT' || frame.is === 'REFUSE' || frame.is === 'REKEY') throw new Error(`got ${frame.is}`)
      if (frame.is === 'REFRESH' || frame.is === 'END') throw new Error(`got ${frame.is}`)
      this.traffic.frame(frame, nowMs)
    }
  }

  /** The events since the last call. */
  take(): readonly EngineEvent[] {
    return this.#events.splice(0)
  }
}

/** Both ends of `established`, and nothing between them. */
export const ends = ([initiator, responder]: Agreed): { readonly near: End; readonly far: End } => ({
  near: new End(initiator),
  far: new End(responder),
})

/** All that can go goes to the other end: the frames that did. */
export const carry = (from: End, to: End): readonly Frame[] => {
  const frames = from.said()
  to.hear(frames)
  return frames
}
