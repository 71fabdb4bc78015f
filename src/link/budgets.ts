import { MAX_DEPTH, MAX_ITEMS } from '../cborscan.js'
import { MAX_BUCKETS } from '../policy/limits.js'
import { MAX_WAITING } from '../session/exchanges.js'
import { MAX_FRAMES, MAX_LABELS } from '../session/frames.js'
import { MAX_OFFERS } from '../session/initiation.js'
import { UNREAD_WINDOWS } from '../session/intake.js'
import { LIMITS } from '../session/limits.js'
import { CONTROL_BUDGET } from '../session/outbox.js'
import { MAX_NEG, MAX_NOISE } from '../session/packets.js'
import { PING_BURST } from '../session/pulse.js'
import { CREDENTIAL_BURST } from '../session/standing.js'
import { CHUNKS, ROOM } from '../transport/transport.js'
import { CAPS } from './caps.js'
import { ONE_WAY_HANDLERS } from './dispatch.js'
import { NEWS } from './edge.js'
import { FAILURES } from './host.js'
import { WAITING, WAITING_BYTES } from './linkcalls.js'
import { CHANGES } from './linkchanges.js'
import { LEAVING } from './linkover.js'
import { HANDSHAKE_MS } from './options.js'

interface Budget {
  /** What has it: each of these has one of its own. */
  readonly per: 'process' | 'link' | 'host' | 'source' | 'attempt' | 'peer' | 'session' | 'record' | 'message'
  readonly most: number
  readonly unit: string
  /** The requirement that holds it, and names it in the titles of its tests. */
  readonly rule: string
  readonly why: string
}

/**
 * Every table that a peer can make grow, and all it can make wait, in one place (LI-56). Each number lives where it is kept;
 * those of a program's own limits and caps stand here as they are unless it says otherwise.
 */
export const BUDGETS = {
  halfOpen: {
    per: 'host',
    most: CAPS.halfOpen,
    unit: 'handshakes under way',
    rule: 'LI-4',
    why: 'each holds 19 KiB once it was answered, and at most a packet: 35 MiB',
  },
  halfOpenSource: {
    per: 'source',
    most: CAPS.halfOpenSource,
    unit: 'handshakes under way',
    rule: 'LI-4',
    why: '16 sources are needed to use the whole',
  },
  packet: {
    per: 'attempt',
    most: 4 + MAX_NEG + MAX_NOISE,
    unit: 'bytes',
    rule: 'SE-1',
    why: 'held as they come; the longest of today has 1,323',
  },
  handshakeMs: {
    per: 'attempt',
    most: HANDSHAKE_MS,
    unit: 'ms',
    rule: 'LI-1',
    why: 'two round trips and a lost segment; who stalls has its place no longer',
  },
  offers: {
    per: 'attempt',
    most: MAX_OFFERS,
    unit: 'contracts offered each way',
    rule: 'SE-21',
    why: 'within 11,264 bytes, and from a trusted peer',
  },
  sessions: {
    per: 'host',
    most: CAPS.sessions,
    unit: 'sessions',
    rule: 'LI-54',
    why: 'idle ones take some 210 MiB',
  },
  sessionsPeer: {
    per: 'peer',
    most: CAPS.sessionsPeer,
    unit: 'sessions of a host',
    rule: 'LI-54',
    why: 'more than an honest peer has lost and not missed yet',
  },
  failures: {
    per: 'host',
    most: FAILURES,
    unit: 'failures nobody has read',
    rule: 'LI-19',
    why: 'an error each: the newest say what is going on',
  },
  calls: {
    per: 'session',
    most: LIMITS.exchanges.default,
    unit: 'calls being handled',
    rule: 'SE-46',
    why: 'each may have a handler',
  },
  oneWayHandlers: {
    per: 'session',
    most: ONE_WAY_HANDLERS,
    unit: 'handlers of one-way messages',
    rule: 'LI-11',
    why: 'beyond them the session window holds the rest',
  },
  sessionWindow: {
    per: 'session',
    most: LIMITS.sessionWindow.default,
    unit: 'bytes not yet taken',
    rule: 'SE-50',
    why: 'each message takes 64 of it beside its body: 16,384 messages',
  },
  exchangeWindow: {
    per: 'session',
    most: LIMITS.exchangeWindow.default,
    unit: 'bytes of one exchange not yet taken',
    rule: 'SE-62',
    why: 'one exchange leaves room for others',
  },
  unreadItems: {
    per: 'session',
    most: UNREAD_WINDOWS * LIMITS.sessionWindow.default,
    unit: 'bytes of items nobody has read',
    rule: 'SE-125',
    why: 'who is slow to read leaves calls their credit; of a byte each, 40 MiB',
  },
  message: {
    per: 'session',
    most: LIMITS.message.default,
    unit: 'bytes of the one message in pieces',
    rule: 'SE-63',
    why: 'one buffer that grows with what has come',
  },
  plaintext: {
    per: 'session',
    most: LIMITS.plaintext.default,
    unit: 'bytes of a record that is not whole',
    rule: 'CH-2',
    why: 'held as they come',
  },
  unread: {
    per: 'session',
    most: ROOM,
    unit: 'bytes a transport holds',
    rule: 'TR-7',
    why: 'the system holds the rest, and then the peer',
  },
  chunks: {
    per: 'session',
    most: CHUNKS,
    unit: 'chunks a transport holds',
    rule: 'TR-7',
    why: 'a chunk of a byte costs more than its byte',
  },
  control: {
    per: 'session',
    most: CONTROL_BUDGET,
    unit: 'bytes of control frames unsent',
    rule: 'SE-53',
    why: 'a peer that makes them and does not read ends its session',
  },
  pings: {
    per: 'session',
    most: PING_BURST,
    unit: 'PINGs at once',
    rule: 'SE-53',
    why: '10 a second follow',
  },
  credentials: {
    per: 'session',
    most: CREDENTIAL_BURST,
    unit: 'CREDENTIALs at once',
    rule: 'SE-103',
    why: 'each costs a signature; one a minute follows',
  },
  waitingCalls: {
    per: 'session',
    most: MAX_WAITING,
    unit: 'own calls that wait for a slot',
    rule: 'SE-46',
    why: 'a peer that answers nothing makes them pile up',
  },
  news: {
    per: 'session',
    most: NEWS,
    unit: 'refusals nobody has read, and denials',
    rule: 'LI-19',
    why: 'three short texts each',
  },
  linkWaiting: {
    per: 'link',
    most: WAITING,
    unit: 'requests without a session',
    rule: 'LI-40',
    why: 'a peer that is away makes them pile up',
  },
  linkWaitingBytes: {
    per: 'link',
    most: WAITING_BYTES,
    unit: 'bytes of requests without a session',
    rule: 'LI-40',
    why: 'a peer that is away makes them pile up',
  },
  linkSessions: {
    per: 'link',
    most: LEAVING,
    unit: 'sessions that drain',
    rule: 'LI-36',
    why: 'a peer that drains every session at once would have each left open',
  },
  linkChanges: {
    per: 'link',
    most: CHANGES,
    unit: 'changes of its status nobody has read',
    rule: 'LI-35',
    why: 'a peer that comes and goes makes them pile up',
  },
  frames: {
    per: 'record',
    most: MAX_FRAMES,
    unit: 'frames',
    rule: 'CH-9',
    why: 'parsed whole before any has an effect',
  },
  labels: {
    per: 'message',
    most: MAX_LABELS,
    unit: 'labels',
    rule: 'SE-33',
    why: 'at most 5,201 bytes, which take of the session window',
  },
  depth: {
    per: 'message',
    most: MAX_DEPTH,
    unit: 'containers inside one another',
    rule: 'CB-14',
    why: 'found before anything is built',
  },
  items: {
    per: 'message',
    most: MAX_ITEMS,
    unit: 'items',
    rule: 'CB-15',
    why: 'found before anything is built',
  },
  buckets: {
    per: 'process',
    most: MAX_BUCKETS,
    unit: 'buckets of a policy',
    rule: 'PO-21',
    why: 'one for each rule with a limit and each peer; full ones make way',
  },
} as const satisfies Record<string, Budget>
