import type { Wire } from '../../cbor.js'
import { type Case, Finding } from '../case.js'
import type { Hostile } from '../hostile.js'
import { cbor, fault, nameOf, stop } from '../hostileframes.js'
import { ends, faults, type Outcome, unharmed } from '../hostileoutcomes.js'
import { casesOf, type Row } from './row.js'

/** Steps of conversations that may not come now, or do not say which conversation they are of. */

/** Bodies that say no key of 1 to 255 bytes. */
const KEYS: Readonly<Record<string, Wire>> = {
  'that says no conversation': {},
  'that is null': null,
  'that is a list': ['id'],
  'of a conversation that is a number': { id: 1 },
  'of a conversation that is empty': { id: '' },
  'of a conversation of 256 bytes': { id: 'a'.repeat(256) },
}

/** Steps of one conversation, of which the last is refused in `state`, and all before are handled. */
const refused = (name: string, state: string, expected: readonly string[], ...steps: readonly string[]): Row => ({
  name,
  rule: 'CV-11',
  does: async (peer) => {
    for (const [index, step] of steps.entries()) {
      peer.say(peer.begin(step, { exchange: peer.first + 2 * index, body: cbor({ id: 'one' }) }))
      if (index < steps.length - 1) await peer.frame('DATA')
    }
  },
  outcome: (peer) => faults('flow/refused', { state, expected }, peer.first + 2 * (steps.length - 1))(peer),
  heard: steps.slice(0, -1),
})

/** The first step is answered and the second refused. */
const inAnyOrder: Outcome = async (peer) => {
  const came: string[] = []
  while (came.length < 2) {
    const frame = await peer.next()
    if (frame.is !== 'CREDIT') came.push(nameOf(frame))
  }
  const expected = [`DATA of exchange ${peer.first}`, `FAULT of exchange ${peer.first + 2} flow/refused`]
  if (came.sort().join() !== expected.join()) throw new Finding(`expected ${expected.join()}, got ${came.join()}`)
  await unharmed(peer)
}

const GOING = ['finish', 'go'] as const

const STEPS: readonly Row[] = [
  ...Object.entries(KEYS).map(([name, body]) => ({
    name: `sends a step ${name}`,
    rule: 'SE-153',
    does: (peer: Hostile) => peer.say(peer.begin('start', { body: cbor(body) })),
    outcome: faults('contract/invalid', { path: 'id' }),
  })),
  refused('goes on with a conversation that has not begun', 'start', ['start'], 'go'),
  refused('ends a conversation that has not begun', 'start', ['start'], 'finish'),
  refused('begins a conversation twice', 'going', GOING, 'start', 'start'),
  refused('begins a conversation again that goes on', 'going', GOING, 'start', 'go', 'go', 'start'),
  refused('goes on with a conversation that has ended', 'start', ['start'], 'start', 'finish', 'go'),
  {
    name: 'sends two steps at once of which one may come',
    rule: 'CV-12',
    does: (peer) =>
      peer.say(
        peer.begin('start', { body: cbor({ id: 'one' }) }),
        peer.begin('start', { exchange: peer.first + 2, body: cbor({ id: 'one' }) }),
      ),
    outcome: inAnyOrder,
    heard: ['start'],
  },
  {
    name: 'gives up a step that waits for its turn',
    rule: 'SE-156',
    does: async (peer) => {
      const step = (nth: number, operation: string, more = {}): void =>
        peer.say(peer.begin(operation, { exchange: peer.first + 2 * nth, body: cbor({ id: 'one', ...more }) }))
      step(0, 'start')
      await peer.frame('DATA')
      step(1, 'go', { wait: true })
      step(2, 'finish')
      await peer.rest()
      for (const nth of [2, 1]) {
        peer.say(stop(peer.first + 2 * nth))
        await peer.frame('FAULT')
      }
      // The conversation is where it was: it would have ended.
      step(3, 'go')
      await peer.frame('DATA')
    },
    outcome: unharmed,
    heard: ['start', 'go', 'go'],
  },
]

/** FAULTs `flow/refused` whose details are none. */
const DETAILS: Readonly<Record<string, Wire>> = {
  'without a state': { expected: [] },
  'whose state is a number': { state: 0, expected: [] },
  'whose state has 256 bytes': { state: 'a'.repeat(256), expected: [] },
  'without what is expected': { state: 'going' },
  'that expects a number': { state: 'going', expected: [0] },
  'that expects 65 steps': { state: 'going', expected: Array.from({ length: 65 }, (_, index) => `s${index}`) },
  'with a member more': { state: 'going', expected: [], id: 'one' },
}

const FAULTS: readonly Row[] = Object.entries(DETAILS).map(([name, details]) => ({
  name: `refuses a step with details ${name}`,
  rule: 'SE-49',
  does: async (peer: Hostile) => {
    peer.act('call', { tag: 'it', operation: 'start', body: 'a16269646161' })
    peer.say(fault((await peer.frame('BEGIN')).exchange, 'flow/refused', cbor(details)))
  },
  outcome: ends('session/malformed'),
}))

export const FLOWS: readonly Case[] = casesOf({ level: 'messaging' }, [...STEPS, ...FAULTS])
