import { concat, EMPTY } from '../../bytes.js'
import type { Case } from '../case.js'
import { bytesOf, cut } from '../hostileframes.js'
import { mutely, silently } from '../hostileoutcomes.js'
import { helloOf, packet } from '../hostilewords.js'
import { casesOf, type Row } from './row.js'

/** Lengths that no packet has, and transports that end where no session may. */

const MALFORMED = silently('session/malformed')
/** As soon as the length has come: nothing follows it. */
const negLength = (length: number): Uint8Array => bytesOf(length >>> 8, length & 0xff)

const AT_RESPONDER: readonly Row[] = [
  {
    name: 'declares 129 bytes of negotiation in packet 1',
    rule: 'SE-1',
    does: () => negLength(129),
    outcome: MALFORMED,
  },
  {
    name: 'declares 65,535 bytes of negotiation in packet 1',
    rule: 'SE-1',
    does: () => negLength(65_535),
    outcome: MALFORMED,
  },
  {
    name: 'declares 16,001 bytes of noise in packet 1',
    rule: 'SE-1',
    does: (peer) => concat(packet(helloOf([peer.suite.id]), EMPTY).slice(0, -2), negLength(16_001)),
    outcome: MALFORMED,
  },
  {
    name: 'sends a record in the place of packet 1',
    rule: 'SE-2',
    does: () => packet(new Uint8Array(17), new Uint8Array(32)),
    outcome: MALFORMED,
  },
  {
    name: 'ends the transport inside packet 1',
    rule: 'SE-9',
    does: (peer) => {
      peer.feed(cut(peer.hello()))
      peer.shim.eof()
    },
    outcome: silently('session/lost'),
  },
]

const AT_MESSAGE_3: readonly Row[] = [
  {
    name: 'declares 129 bytes of negotiation in packet 3',
    rule: 'SE-1',
    does: () => negLength(129),
    outcome: MALFORMED,
  },
  {
    name: 'declares 16,001 bytes of noise in packet 3',
    rule: 'SE-1',
    does: () => concat(bytesOf(0, 0), negLength(16_001)),
    outcome: MALFORMED,
  },
  {
    name: 'puts a negotiation part into packet 3',
    rule: 'SE-161',
    does: (peer) => concat(bytesOf(0, 1, 0), peer.message3().slice(2)),
    outcome: silently('session/malformed', 'session/unexpected'),
  },
  {
    name: 'sends a second Hello behind message 2',
    rule: 'SE-40',
    does: (peer) => peer.hello(),
    outcome: silently('session/malformed', 'session/unexpected'),
  },
  {
    name: 'ends the transport in the place of message 3',
    rule: 'SE-9',
    does: (peer) => peer.shim.eof(),
    outcome: silently('session/lost'),
  },
]

const AT_INITIATOR: readonly Row[] = [
  {
    name: 'declares 129 bytes of negotiation in packet 2',
    rule: 'SE-1',
    does: () => negLength(129),
    outcome: MALFORMED,
  },
  {
    name: 'declares 16,001 bytes of noise in packet 2',
    rule: 'SE-1',
    does: () => concat(bytesOf(0, 0), negLength(16_001)),
    outcome: MALFORMED,
  },
  {
    name: 'puts a negotiation part beside message 2',
    rule: 'SE-161',
    does: (peer) => concat(bytesOf(0, 1, 1), peer.message2().slice(2)),
    outcome: silently('session/malformed', 'session/unexpected'),
  },
  {
    name: 'sends packet 1 back to who sent it',
    rule: 'SE-40',
    does: ({ heard }) => packet(heard.neg, heard.noise),
    outcome: silently('session/malformed', 'session/unexpected', 'noise/failed'),
  },
  {
    name: 'sends message 1 back as message 2',
    rule: 'NO-15',
    does: ({ heard }) => packet(EMPTY, heard.noise),
    outcome: silently('noise/failed'),
  },
  {
    name: 'ends the transport in the place of message 2',
    rule: 'SE-9',
    does: (peer) => peer.shim.eof(),
    outcome: silently('session/lost'),
  },
]

const AT_VERDICT: readonly Row[] = [
  {
    name: 'ends the transport in the place of ACCEPT',
    rule: 'SE-9',
    does: (peer) => peer.shim.eof(),
    outcome: silently('session/lost'),
  },
  {
    name: 'ends the transport inside ACCEPT',
    rule: 'SE-9',
    does: (peer) => {
      peer.feed(cut(peer.sealed(peer.acceptance())))
      peer.shim.eof()
    },
    outcome: mutely('session/lost'),
  },
]

export const PACKETS: readonly Case[] = [
  ...casesOf({ from: 'start' }, AT_RESPONDER),
  ...casesOf({ from: 'answered' }, AT_MESSAGE_3),
  ...casesOf({ role: 'initiator', from: 'start' }, AT_INITIATOR),
  ...casesOf({ role: 'initiator', from: 'answered' }, AT_VERDICT),
]
