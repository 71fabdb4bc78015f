import type { Socket } from 'node:net'
import { EMPTY } from '../../src/bytes.js'
import { encodeHello } from '../../src/session/hello.js'
import { encodePacket } from '../../src/session/packets.js'
import { SUITES } from '../../src/session/suites.js'

/** What was recorded of an honest session: the packets 1 and 3 of its initiator. */
export interface Recording {
  readonly first: Uint8Array
  readonly third: Uint8Array
}

/** What one hostile connection does; `nth` counts those of its kind. */
type Kind = (socket: Socket, recording: Recording, nth: number) => void

/** The ways an attacker that holds no key goes about it. */
export const KINDS: Readonly<Record<string, Kind>> = {
  'says nothing': () => undefined,
  'a byte each 200 ms': (socket, { first }) => {
    let at = 0
    const timer = setInterval(() => socket.write(first.subarray(at, ++at)), 200)
    socket.once('close', () => clearInterval(timer))
  },
  'half of packet 1': (socket, { first }) => socket.write(first.subarray(0, first.length / 2)),
  'packet 1, then nothing': (socket, { first }) => socket.write(first),
  'a length out of bounds': (socket, _, nth) => socket.write(lengths[nth % lengths.length] ?? EMPTY),
  HTTP: (socket) => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n'),
  TLS: (socket) => socket.write(Buffer.concat([Buffer.from('16030102000100', 'hex'), Buffer.alloc(510, 3)])),
  SSH: (socket) => socket.write('SSH-2.0-OpenSSH_9.7\r\n'),
  // A SODEP message: a 64-bit id, then two strings behind their lengths.
  SODEP: (socket) => socket.write(Buffer.from('0000000000000001000000012f00000004726561640000', 'hex')),
  'packets 1 and 3 of another': (socket, { first, third }) => {
    socket.write(first)
    socket.once('data', () => socket.write(third))
  },
  'random bytes': (socket, _, nth) => socket.write(noise(nth, 4_096)),
  'a reset behind packet 1': (socket, { first }, nth) => {
    if (nth % 2 === 0) socket.resetAndDestroy()
    else socket.write(first, () => socket.resetAndDestroy())
  },
  'an end behind packet 1': (socket, { first }, nth) => socket.end(nth % 2 === 0 ? EMPTY : first),
  'its own words back': (socket, { first }) => {
    socket.write(first)
    socket.on('data', (chunk) => socket.write(chunk))
  },
  'never reads': (socket, { first }) => {
    socket.pause()
    socket.write(first)
    // Who does not read learns of the end when it writes.
    const timer = setInterval(() => socket.write(new Uint8Array(4_096)), 100)
    socket.once('close', () => clearInterval(timer))
  },
  'a forged packet 3': (socket, { first }, nth) => {
    socket.write(first)
    socket.once('data', () => socket.write(encodePacket({ neg: EMPTY, noise: noise(nth, 400) })))
  },
  'a suite for a Retry': (socket) => socket.write(worse),
}

const [best, other] = SUITES
/** Lists the best suite and tries another: what a responder answers with a Retry. */
const worse = encodePacket({
  neg: encodeHello({ suites: [best.id, other.id], tried: 1, pskId: EMPTY }),
  noise: new Uint8Array(other.sizes[0]),
})

const lengths: readonly Uint8Array[] = [
  Uint8Array.of(0xff, 0xff),
  Uint8Array.of(0, 129),
  Uint8Array.of(0, 0, 0x3e, 0x81),
]

/** The same bytes for the same number, so that a run can be repeated (xorshift32). */
const noise = (seed: number, length: number): Uint8Array => {
  let state = (seed + 1) * 2_654_435_761
  return Uint8Array.from({ length }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state
  })
}
