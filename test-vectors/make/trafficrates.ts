import { begin, bytesOf, credential, ping, pong } from '../../src/kit/hostileframes.js'
import type { TrafficItem } from '../schema.js'
import { type Cases, CORE, type Edge, edgesOf, fine, type Over, type Refuse, record, wrong } from './trafficform.js'

/** What comes too often, out of turn or not at all. */

const MOST = Number.MAX_SAFE_INTEGER
const held = begin({ exchange: 1, operation: CORE.indexOf('never'), body: bytesOf(1) })
const pings = (count: number, from = 1): Uint8Array[] => Array.from({ length: count }, (_, i) => ping(from + i))
const shown = (count: number): Uint8Array[] => Array.from({ length: count }, () => credential(bytesOf(0x84)))
const PATIENT: Over = { own: { idleMs: 86_400_000 }, peer: { idleMs: 86_400_000 } }

const rates = (): Edge[] => [
  {
    rule: 'SE-53',
    name: 'as many PINGs as may come at once',
    at: [record(...pings(20))],
    beyond: [record(...pings(21))],
  },
  {
    rule: 'SE-53',
    name: 'a PING 100 ms behind as many as may come at once',
    at: [record(...pings(20)), { ms: 100 }, record(ping(21))],
    beyond: [record(...pings(20)), { ms: 99 }, record(ping(21))],
    more: 'a PING 99 ms behind as many as may come at once',
  },
  {
    rule: 'SE-53',
    name: 'ten PINGs a second behind as many as may come at once',
    at: [record(...pings(20)), { ms: 1_000 }, record(...pings(10, 21))],
    beyond: [record(...pings(20)), { ms: 1_000 }, record(...pings(11, 21))],
  },
  {
    rule: 'SE-53',
    name: 'as many PINGs as may come at once after an hour',
    over: PATIENT,
    at: [{ ms: 3_500_000 }, record(...pings(20))],
    beyond: [{ ms: 3_500_000 }, record(...pings(21))],
  },
  {
    rule: 'SE-103',
    name: 'as many CREDENTIALs as may come at once',
    at: [record(...shown(16))],
    beyond: [record(...shown(17))],
  },
  {
    rule: 'SE-103',
    name: 'a CREDENTIAL a minute behind as many as may come at once',
    over: PATIENT,
    at: [record(...shown(16)), { ms: 60_000 }, record(...shown(1))],
    beyond: [record(...shown(16)), { ms: 59_999 }, record(...shown(1))],
    more: 'a CREDENTIAL less than a minute behind as many as may come at once',
  },
]

/** Another code than the rest. */
const silences = (): Cases => {
  const idle: Over = { own: { idleMs: 1_000 } }
  const late = (name: string, script: readonly TrafficItem[], over: Over = idle): Refuse =>
    wrong('SE-61', name, 'session/timeout', script, over)
  return {
    accepted: [
      fine('SE-61', 'silence of 1 ms less than there may be', [{ ms: 999 }], idle),
      fine('SE-61', 'silence that a PING ends, and more silence', [{ ms: 999 }, record(ping(1)), { ms: 999 }], idle),
      fine('SE-61', 'the silence of a minute but for 1 ms', [{ ms: 59_999 }]),
    ],
    refused: [
      late('silence for as long as there may be', [{ ms: 1_000 }]),
      late('silence behind a PING', [{ ms: 999 }, record(ping(1)), { ms: 1_000 }]),
      late('the silence of a minute', [{ ms: 60_000 }], {}),
      late('silence while a call is with its handler', [record(held), { ms: 1_000 }]),
    ],
  }
}

const counts = (): Cases => {
  const no = (name: string, ...script: TrafficItem[]): Refuse => wrong('SE-69', name, 'session/malformed', script)
  const asked: TrafficItem = { act: 'ping' }
  return {
    accepted: [
      fine('SE-69', 'PINGs that count 1, 2 and 3', [record(ping(1), ping(2)), record(ping(3))]),
      fine('SE-69', 'a PONG', [asked, record(pong(1))]),
      fine('SE-69', 'three PONGs in a record', [asked, asked, asked, record(pong(1), pong(2), pong(3))]),
    ],
    refused: [
      no('PING 0 as the first', record(ping(0))),
      no('PING 2 as the first', record(ping(2))),
      no('PING 2^53-1 as the first', record(ping(MOST))),
      no('PING 1 twice', record(ping(1), ping(1))),
      no('PING 3 behind PING 1', record(ping(1)), record(ping(3))),
      no('PING 1 behind PING 2', record(ping(1), ping(2)), record(ping(1))),
      no('PONG 1 without a PING', record(pong(1))),
      no('PONG 0', asked, record(pong(0))),
      no('PONG 2 for PING 1', asked, record(pong(2))),
      no('PONG 2 before PONG 1', asked, asked, record(pong(2))),
      no('PONG 1 twice', asked, record(pong(1)), record(pong(1))),
      no('PONG 2^53-1', asked, record(pong(MOST))),
      no('a PONG with the number of its own PING', record(ping(1), pong(1))),
    ],
  }
}

export const rateCases = (): Cases => {
  const all = [edgesOf(rates()), silences(), counts()]
  return { accepted: all.flatMap(({ accepted }) => accepted), refused: all.flatMap(({ refused }) => refused) }
}
