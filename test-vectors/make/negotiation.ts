import { concat, EMPTY, toHex, utf8 } from '../../src/bytes.js'
import { encodeHello, encodeRetry, prologueOf } from '../../src/session/hello.js'
import { encodePacket } from '../../src/session/packets.js'
import { SUITES } from '../../src/session/suites.js'
import { counting, fromHex, hexOf } from '../hex.js'
import type { Vectors } from '../schema.js'
import { refusedFields } from './negotiationrefused.js'

type Negotiation = Vectors<'negotiation'>
type Refused = Negotiation['refused'][number]

export const negotiationVectors = (): Negotiation => ({
  about:
    'What travels in clear (spec/session.md). hellos and retries: negotiation parts; packets: both parts, each behind its length. ' +
    'prologues: `negs` is the negotiation parts Hello, or Hello1, Retry and Hello2. ' +
    'refused: the code; of a packet already at the header that is wrong.',
  hellos: [
    hello('two suites, the second tried', [0x0001, 0x0011], 1),
    hello('suites unknown here are kept', [0xffff, 0x0000, 0x0001], 2),
    hello(
      '16 suites',
      Array.from({ length: 16 }, (_, i) => 0x0100 + i),
      15,
    ),
    hello('a psk id of 32 bytes', [0x0021], 0, counting(0, 32)),
    hello('all suites with a psk, the last tried', [0x0121, 0x0021, 0x0131, 0x0031], 3, counting(0, 8)),
    hello('all suites without, the first tried', [0x0101, 0x0001, 0x0111, 0x0011], 0),
    ...SUITES.map(({ id, name }) => hello(`${name} alone`, [id], 0, name.includes('psk') ? counting(1, 16) : EMPTY)),
    ...[2, 3, 8, 15].map((count) =>
      hello(
        `${count} suites, the last tried`,
        Array.from({ length: count }, (_, i) => 0x0101 * (i + 1)),
        count - 1,
      ),
    ),
    ...[1, 2, 16, 31].map((length) => hello(`a psk id of ${length} bytes`, [0x0021], 0, counting(0x80, length))),
  ],
  retries: SUITES.map((suite) => ({ name: suite.name, as: 'retry', hex: toHex(encodeRetry(suite)), suite: suite.id })),
  packets: [
    packet('a retry, without a Noise part', fromHex('010011'), EMPTY),
    packet('a later message, without a negotiation part', EMPTY, counting(0, 64)),
    packet('a hello and message 1', encodeHello({ suites: [0x0011], tried: 0, pskId: EMPTY }), counting(0x20, 32)),
    packet('the longest negotiation part', counting(0, 128), EMPTY),
  ],
  prologues: prologues(),
  refused: once([...refusedHellos(), ...refusedRetries(), ...refusedPackets(), ...refusedFields()]),
})

/** Of two names for the same bytes the first. */
const once = (all: readonly Refused[]): Refused[] =>
  all.filter(({ as, hex }, at) => all.findIndex((other) => other.as === as && other.hex === hex) === at)

const hello = (
  name: string,
  suites: number[],
  tried: number,
  pskId: Uint8Array = EMPTY,
): Negotiation['hellos'][number] => ({
  name,
  as: 'hello',
  hex: toHex(encodeHello({ suites, tried, pskId })),
  hello: { suites, tried, pskId: toHex(pskId) },
})

const packet = (name: string, neg: Uint8Array, noise: Uint8Array): Negotiation['packets'][number] => ({
  name,
  as: 'packet',
  hex: toHex(encodePacket({ neg, noise })),
  neg: toHex(neg),
  noise: toHex(noise),
})

const prologues = (): Negotiation['prologues'] => {
  const neg = (tried: number): Uint8Array => encodeHello({ suites: [0x0011, 0x0001], tried, pskId: EMPTY })
  return [prologue('one hello, m = 1', [neg(0)]), prologue('a retry, m = 3', [neg(0), fromHex('010001'), neg(1)])]
}

const prologue = (name: string, negs: readonly Uint8Array[]): Negotiation['prologues'][number] => ({
  name,
  negs: negs.map(toHex),
  prologue: toHex(prologueOf(negs)),
})

const no = (
  as: Refused['as'],
  rule: string,
  name: string,
  hex: string,
  code: Refused['code'] = 'session/malformed',
): Refused => ({
  name,
  code,
  rule,
  as,
  hex,
})

const SOTTO = utf8('SOTTO')

const refusedHellos = (): Refused[] => {
  const start = hexOf(SOTTO, '01')
  const list = (count: number): string =>
    hexOf(Uint8Array.of(count), concat(...Array.from({ length: count }, (_, i) => Uint8Array.of(1, i))))
  const bad = (name: string, hex: string): Refused => no('hello', 'SE-2', name, hex)
  return [
    bad('nothing', ''),
    bad('another name', hexOf(utf8('SOTTA'), '01', '010001', '0000')),
    bad('another version', hexOf(SOTTO, '02', '010001', '0000')),
    bad('no suite', `${start}000000`),
    bad('17 suites', `${start}${list(17)}0000`),
    bad('a suite listed twice', `${start}02000100010000`),
    bad('a tried that is not listed', `${start}0100010100`),
    bad('a psk id of 33 bytes', `${start}010001002100${'00'.repeat(32)}`),
    bad('a psk id cut short', `${start}01000100020a`),
    bad('no psk length', `${start}01000100`),
    bad('a byte behind', `${start}010001000000`),
  ]
}

const refusedRetries = (): Refused[] => [
  no('retry', 'SE-3', 'nothing', ''),
  no('retry', 'SE-3', 'another version', '020001'),
  no('retry', 'SE-3', 'half a suite', '0100'),
  no('retry', 'SE-3', 'a byte behind', '01000100'),
  no('retry', 'SE-7', 'a suite nobody knows', '01ffff', 'session/suite'),
]

const refusedPackets = (): Refused[] => [
  no('packet', 'SE-1', 'a negotiation part of 129 bytes', '0081'),
  no('packet', 'SE-1', 'a Noise part of 16,001 bytes', '00003e81'),
  no('packet', 'SE-1', 'a Noise part of 65,535 bytes behind a retry', '0003010001ffff'),
]
