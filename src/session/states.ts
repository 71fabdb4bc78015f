import { SottoError } from '../errors.js'

/** What can happen to a session from outside. Frames map to events by the table FRAMES. */
export const EVENTS = [
  'hello',
  'retry',
  'message2',
  'message3',
  'accept',
  'refuse',
  'data',
  'ping',
  'rekey',
  'refresh',
  'credential',
  'drain',
  'end',
] as const
export type SessionEvent = (typeof EVENTS)[number]

/** The states; R. is the responder's, I. the initiator's. `ending` has sent END and waits for the peer's. */
export const STATE_NAMES = [
  'R.hello',
  'R.hello2',
  'R.message3',
  'I.answer',
  'I.answer2',
  'I.verdict',
  'open',
  'ending',
  'refused',
  'closed',
  'dead',
] as const
export type StateName = (typeof STATE_NAMES)[number]

type Row = { readonly [E in SessionEvent]?: readonly StateName[] }

/**
 * The table the session runs on (SE-40): for each state, the events it takes and where each may lead.
 * Any other event ends the session.
 */
export const STATES: Readonly<Record<StateName, Row>> = {
  'R.hello': { hello: ['R.hello2', 'R.message3'] },
  'R.hello2': { hello: ['R.message3'] },
  'R.message3': { message3: ['open', 'refused'] },
  'I.answer': { retry: ['I.answer2'], message2: ['I.verdict'] },
  'I.answer2': { message2: ['I.verdict'] },
  'I.verdict': { accept: ['open'], refuse: ['dead'] },
  open: {
    data: ['open'],
    ping: ['open'],
    rekey: ['open'],
    refresh: ['open'],
    credential: ['open'],
    drain: ['open'],
    end: ['closed', 'dead'],
  },
  ending: {
    data: ['ending'],
    ping: ['ending'],
    rekey: ['ending'],
    refresh: ['ending'],
    credential: ['ending'],
    drain: ['ending'],
    end: ['closed', 'dead'],
  },
  refused: {},
  closed: {},
  dead: {},
}

/** Asked before an event is looked into. @throws session/unexpected (SE-40) */
export const expectEvent = (state: StateName, event: SessionEvent): void => {
  if (STATES[state][event] === undefined)
    throw SottoError.of('session/unexpected', `the event ${event} cannot happen in the state ${state}`)
}

/** `to`, if the table has that edge. @throws RangeError if not: a defect of ours */
export const follow = (from: StateName, event: SessionEvent, to: StateName): StateName => {
  if (STATES[from][event]?.includes(to) !== true) throw new RangeError(`no edge from ${from} by ${event} to ${to}`)
  return to
}
