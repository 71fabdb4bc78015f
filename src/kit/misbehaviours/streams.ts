import { EMPTY, equal } from '../../bytes.js'
import { FLAG } from '../../session/frames.js'
import { type Case, Finding } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, cbor, data, fault, reset, stop, textOf } from '../hostileframes.js'
import { ends, faults, givesUp, unharmed } from '../hostileoutcomes.js'
import { casesOf, type Row } from './row.js'

/** Items and chunks where none can come, and streams of the other end that are served badly. */

const MALFORMED = ends('session/malformed')
const LIMIT = ends('session/limit')
const ONE = bytesOf(1)

const first = (name: string, rule: string, frames: (peer: Hostile) => readonly Uint8Array[]): Row => ({
  name,
  rule,
  does: (peer) => peer.say(...frames(peer)),
  outcome: MALFORMED,
})

/** A stream of this end that the shim serves. */
const begun = (
  operation: string,
  { name, rule, outcome = MALFORMED, heard = [operation] }: Pick<Row, 'name' | 'rule'> & Partial<Row>,
  ...frames: readonly ((exchange: number) => Uint8Array)[]
): Row => ({
  name,
  rule,
  does: async (peer) => {
    peer.say(peer.begin(operation, { flags: 0, body: ONE }))
    await peer.event('heard')
    peer.say(...frames.map((frame) => frame(peer.first)))
  },
  outcome,
  heard,
})

const item = (exchange: number): Uint8Array => data(exchange, ONE, 0)
const noCbor = (exchange: number): Uint8Array => data(exchange, bytesOf(0xff), 0)

const SERVED: readonly Row[] = [
  first('begins a stream that may go on where nothing can follow', 'SE-121', (peer) => [
    peer.begin('count', { flags: 0, body: ONE }),
  ]),
  first('sends an item where nothing can come up', 'SE-39', (peer) => [
    peer.begin('count', { flags: FLAG.more, body: ONE }),
    data(peer.first, ONE, 0),
  ]),
  begun('pour', { name: 'sends a chunk in pieces', rule: 'SE-122' }, (id) => data(id, ONE, FLAG.more)),
  begun('collect', { name: 'sends an empty item', rule: 'SE-39' }, (id) => data(id, EMPTY, 0)),
  begun(
    'collect',
    {
      name: 'sends an item that is no CBOR',
      rule: 'SE-126',
      outcome: faults('contract/invalid', { path: '', item: 1 }),
    },
    noCbor,
  ),
  begun(
    'collect',
    {
      name: 'sends an item with a number in a longer form than need be',
      rule: 'SE-126',
      outcome: faults('contract/invalid', { path: '', item: 1 }),
    },
    (id) => data(id, bytesOf(0x18, 1), 0),
  ),
  begun(
    'collect',
    {
      name: 'sends an item of two items',
      rule: 'SE-126',
      outcome: faults('contract/invalid', { path: '', item: 1 }),
    },
    (id) => data(id, bytesOf(1, 1), 0),
  ),
  {
    name: 'sends a second item that is no CBOR',
    rule: 'SE-126',
    does: async (peer) => {
      peer.say(peer.begin('collect', { flags: 0, body: ONE }), item(peer.first))
      await peer.frame('DATA')
      peer.say(noCbor(peer.first))
    },
    outcome: faults('contract/invalid', { path: '', item: 2 }),
    heard: ['collect', 'collect'],
  },
  begun(
    'collect',
    { name: 'sends an item behind the end of its direction', rule: 'SE-39' },
    (id) => data(id, EMPTY),
    item,
  ),
  begun('pour', { name: 'resets a stream with less than it has sent', rule: 'SE-36' }, (id) => reset(id, 0)),
  begun('collect', { name: 'sends an item behind RESET', rule: 'SE-39' }, (id) => reset(id, 1), item),
  begun(
    'collect',
    { name: 'resets a stream whose direction has ended', rule: 'SE-36' },
    (id) => data(id, EMPTY),
    (id) => reset(id, 1),
  ),
  begun('collect', { name: 'stops a stream twice', rule: 'SE-37' }, stop, stop),
  begun('collect', { name: 'stops a stream with the code of a denial', rule: 'SE-37' }, (id) =>
    stop(id, 'policy/denied'),
  ),
  begun(
    'collect',
    { name: 'begins a second message in pieces beside an item', rule: 'SE-47' },
    (id) => data(id, ONE, FLAG.more),
    () => bytesOf(3, FLAG.more, 3, 0, 0, 1, 1),
  ),
]

const LONG: readonly Row[] = [
  begun(
    'collect',
    { name: 'sends an item that is longer than a message may be', rule: 'SE-63', outcome: LIMIT },
    (id) => data(id, textOf(1_025), 0),
  ),
]

/** A stream of the shim that this end serves. */
const serving = (
  operation: string,
  { name, rule, outcome = MALFORMED }: Pick<Row, 'name' | 'rule'> & Partial<Row>,
  ...frames: readonly ((exchange: number) => Uint8Array)[]
): Row => ({
  name,
  rule,
  does: async (peer) => {
    peer.act('stream', { tag: 'it', operation, body: '01' })
    const { exchange } = await peer.frame('BEGIN')
    peer.say(...frames.map((frame) => frame(exchange)))
  },
  outcome,
})

const SERVING: readonly Row[] = [
  serving(
    'collect',
    { name: 'serves an item that is no CBOR', rule: 'SE-126', outcome: givesUp('contract/invalid') },
    noCbor,
  ),
  serving('count', { name: 'serves an empty item', rule: 'SE-39' }, (id) => data(id, EMPTY, 0)),
  serving('pour', { name: 'serves a chunk in pieces', rule: 'SE-122' }, (id) => data(id, ONE, FLAG.more)),
  serving('count', { name: 'serves an item behind its end', rule: 'SE-39' }, (id) => data(id, EMPTY), item),
  serving(
    'collect',
    { name: 'serves an item behind its failure', rule: 'SE-39' },
    (id) => fault(id, 'call/cancelled'),
    item,
  ),
  serving(
    'collect',
    { name: 'fails a stream behind its end', rule: 'SE-35' },
    (id) => data(id, EMPTY),
    (id) => fault(id, 'call/cancelled'),
  ),
  serving('collect', { name: 'finds an item invalid that was not sent', rule: 'SE-49' }, (id) =>
    fault(id, 'contract/invalid', cbor({ path: '', item: 1 })),
  ),
  serving('collect', { name: 'denies an item that was not sent', rule: 'SE-49' }, (id) =>
    fault(id, 'policy/denied', cbor({ item: 1 })),
  ),
  serving('collect', { name: 'fails a stream with a slow reader', rule: 'SE-149' }, (id) => fault(id, 'topic/slow')),
  serving('collect', { name: 'resets a stream that it serves', rule: 'SE-36' }, (id) => reset(id, 1)),
  serving('collect', { name: 'stops what comes up twice', rule: 'SE-37' }, stop, stop),
  serving('collect', { name: 'stops what comes up behind its own end', rule: 'SE-123' }, (id) => data(id, EMPTY), stop),
  serving('collect', { name: 'stops what comes up with the code of a failure', rule: 'SE-37' }, (id) =>
    stop(id, 'call/internal'),
  ),
]

/** Both programs leave off reading; what goes the other way goes on where it can. */
const LEFT: readonly Row[] = [
  {
    name: 'is left by the program that began a stream',
    rule: 'ME-34',
    does: async (peer) => {
      peer.act('stream', { tag: 'it', operation: 'collect', body: '01' })
      const { exchange } = await peer.frame('BEGIN')
      peer.say(item(exchange))
      await peer.event('item')
      peer.act('leave', { tag: 'it' })
      await peer.event('ended')
      const { frames } = await peer.rest()
      const said = frames.flatMap((frame) => (frame.is === 'CREDIT' ? [] : [frame.is]))
      if (said.toSorted().join() !== 'RESET,STOP')
        throw new Finding(`expected the stream to be given up, got ${said.join(', ') || 'nothing'}`)
    },
    outcome: unharmed,
  },
  {
    name: 'is left by the handler of a stream that goes on',
    rule: 'ME-34',
    does: async (peer) => {
      peer.say(peer.begin('collect', { flags: 0, body: ONE }), data(peer.first, cbor(null), 0))
      const { exchange } = await peer.frame('STOP')
      const { body } = await peer.frame('DATA')
      if (exchange !== peer.first || !equal(body, cbor(null)))
        throw new Finding('expected null of the handler that reads no more')
      peer.say(reset(peer.first, 2))
    },
    outcome: unharmed,
    heard: ['collect', 'collect'],
  },
]

const WINDOW: readonly Row[] = [
  serving(
    'collect',
    { name: 'serves an item of a byte more than the window of an exchange', rule: 'SE-124', outcome: LIMIT },
    (id) => data(id, textOf(4_096 - 63), 0),
  ),
]

export const STREAMS: readonly Case[] = [
  ...casesOf({ level: 'messaging' }, [...SERVED, ...SERVING, ...LEFT]),
  ...casesOf({ level: 'messaging', setup: { open: { limits: { message: 1_024 } } } }, LONG),
  ...casesOf({ level: 'messaging', setup: { open: { limits: { exchangeWindow: 4_096 } } } }, WINDOW),
]
