import { defaultProvider } from '../crypto/default.js'
import type { Members } from './members.js'
import { Opened } from './opened.js'
import { Player } from './player.js'
import type { SessionForm } from './sessionform.js'
import type { Opening } from './trafficform.js'

/** Asks of whole sessions, in which time is what the vector says. */
export const SESSION_ASKS = {
  session: (vector: Members) => playedByBoth(vector),
  traffic: (vector: Members) => playedByOne(vector),
  exchange: (vector: Members) => playedByOne(vector),
}

/** Each end against what the other says. */
const playedByBoth = (vector: Members) => {
  // The cast: vectors of sessions have these members, and no others are read.
  const session = vector.all as unknown as SessionForm
  const initiator = Player.play(session, 'initiator', defaultProvider)
  const responder = Player.play(session, 'responder', defaultProvider)
  const isOne = initiator.sessionId !== undefined && initiator.sessionId === responder.sessionId
  return {
    ...(isOne && { sessionId: initiator.sessionId }),
    events: { initiator: initiator.events, responder: responder.events },
  }
}

/** One end against records of its peer that are written out. */
const playedByOne = (vector: Members) => {
  // The cast: as above.
  const opening = vector.all as unknown as Opening
  const { events, says, closed } = Opened.play(opening, defaultProvider)
  if (closed?.error !== undefined && closed.at === opening.script.length - 1) throw closed.error
  return { events, says }
}
