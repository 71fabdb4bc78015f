import type { Wire } from '../../cbor.js'
import { ERRORS } from '../../errors.js'
import type { Frame } from '../../session/frames.js'
import { type Case, Finding } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, credit, data, fault, nameOf, textOf } from '../hostileframes.js'
import { type Row, row } from './row.js'
import { delivered, nth, publish, says, sees, seesFault, seesNothing, stands } from './standing.js'
import { document, type RuleOf, under } from './under.js'

/** Another policy comes in force while something is open or waits, and deliveries that rules keep back. */

const ONE = bytesOf(1)

const VERBS = ['call', 'send', 'stream', 'publish', 'subscribe', 'enqueue', 'consume'] as const
const EVERYTHING: RuleOf = { verbs: VERBS, on: ['>'] }

const out = (verb: string, on: string, of: RuleOf = {}): RuleOf => ({
  effect: 'deny',
  to: ['any'],
  verbs: [verb],
  on: [on],
  ...of,
})

const replace = async (peer: Hostile, ...rules: readonly RuleOf[]): Promise<void> => {
  peer.act('replace', { policy: document(...rules) })
}

const fails = async (peer: Hostile, tag: string, ran: string): Promise<void> => {
  const event = await peer.event('fault')
  const found = [event.tag, event.code, event.ran].join()
  if (found !== [tag, 'policy/denied', ran].join())
    throw new Finding(`expected ${tag} to be denied and ${ran}, got ${found}`)
}

/** A call of this end is with its handler, which does not answer. */
const open = async (peer: Hostile): Promise<void> => {
  peer.say(peer.begin('never', { body: ONE }))
  await peer.event('heard')
}

const OPEN: readonly Row[] = [
  row('has been called when calling is forbidden', 'SE-129', async (peer) => {
    peer.act('call', { tag: 'it', operation: 'never', body: '01' })
    const { exchange } = await peer.frame('BEGIN')
    await replace(peer, EVERYTHING, out('call', 'kit.v1.never'))
    await peer.frame('STOP')
    await fails(peer, 'it', 'maybe')
    peer.say(fault(exchange, 'call/cancelled'))
  }),
  row(
    'has a call open that is over a limit by then',
    'SE-134',
    async (peer) => {
      peer.say(peer.begin('never', { body: ONE }), peer.begin('never', { exchange: nth(peer, 1), body: ONE }))
      await peer.event('heard')
      await peer.event('heard')
      await replace(peer, { ...EVERYTHING, limit: { concurrent: 1, perSecond: 1 } })
    },
    { heard: ['never', 'never'] },
  ),
  row(
    'has calls open both ways that another policy allows too',
    'SE-135',
    async (peer) => {
      await open(peer)
      peer.act('call', { tag: 'it', operation: 'echo', body: '01' })
      const { exchange } = await peer.frame('BEGIN')
      await replace(peer, { verbs: ['call'], on: ['kit.v1.never'] })
      await seesNothing(peer)
      peer.say(data(exchange, ONE))
      await peer.event('reply')
    },
    { heard: ['never'] },
  ),
  row(
    'has a session open whose initiation is forbidden by then',
    'SE-136',
    async (peer) => {
      const initiate = { effect: 'deny', verbs: ['initiate'], on: ['>'] }
      await replace(peer, EVERYTHING, initiate, { ...initiate, to: ['any'] })
      peer.say(peer.begin('echo', { body: ONE }))
      await peer.frame('DATA')
    },
    { heard: ['echo'] },
  ),
]

/** The shim's one place for a call is taken, or all of its credit. */
const WAITING: readonly Row[] = [
  row('keeps a call waiting that is forbidden by then', 'SE-130', async (peer) => {
    peer.act('call', { tag: 'one', operation: 'never', body: '01' })
    peer.act('call', { tag: 'two', operation: 'echo', body: '01' })
    const { exchange } = await peer.frame('BEGIN')
    await replace(peer, EVERYTHING, out('call', 'kit.v1.echo'))
    await fails(peer, 'two', 'no')
    peer.say(data(exchange, ONE))
    await peer.event('reply')
    await seesNothing(peer)
  }),
  row(
    'has a call open and keeps one waiting when all is forbidden',
    'SE-128',
    async (peer) => {
      await open(peer)
      peer.act('call', { tag: 'one', operation: 'never', body: '01' })
      peer.act('call', { tag: 'two', operation: 'echo', body: '01' })
      const { exchange } = await peer.frame('BEGIN')
      await replace(peer, out('call', 'kit.v1.>'))
      for (let count = 0; count < 2; count++) await peer.event('fault')
      const { frames } = await peer.rest()
      const found = frames.flatMap((frame) => (frame.is === 'CREDIT' ? [] : [nameOf(frame)])).toSorted()
      const expected = [`FAULT of exchange ${peer.first} policy/denied`, `STOP of exchange ${exchange} call/cancelled`]
      if (found.join() !== expected.join()) throw new Finding(`expected ${expected.join()}, got ${found.join()}`)
      peer.say(fault(exchange, 'call/cancelled'))
    },
    { mayHear: 'never' },
  ),
]

/** So long that their echoes, for which there is no credit, hold up the handler. */
const LEAST = 4_096
const ITEMS = 12
const LONG = textOf(16_000)

/** Gives credit for all that comes down in the stream, until it fails as denied. */
const paysFor = async (peer: Hostile, came: readonly Frame[]): Promise<void> => {
  let sum = 0
  for (const frame of came) if (frame.is === 'DATA') sum += frame.body.length
  peer.say(credit(peer.first, sum + LEAST))
  let frame = await peer.next()
  for (; frame.is !== 'FAULT'; frame = await peer.next()) {
    if (frame.is !== 'DATA') continue
    sum += frame.body.length
    if (frame.body.length > 1_024) peer.say(credit(peer.first, sum + LEAST))
  }
  if (frame.code !== ERRORS['policy/denied'].wire) throw new Finding(`expected policy/denied, got ${nameOf(frame)}`)
}

/** Items wait for the handler of a stream, whose items down wait for credit. */
const UNREAD: readonly Row[] = [
  row(
    'has an item wait for its handler that is forbidden by then',
    'SE-133',
    async (peer) => {
      peer.say(peer.begin('collect', { flags: 0, body: textOf(20) }))
      for (let count = 0; count < ITEMS; count++) peer.say(data(peer.first, LONG, 0))
      peer.say(data(peer.first, ONE, 0))
      const { frames } = await peer.rest()
      await replace(peer, EVERYTHING, {
        effect: 'deny',
        verbs: ['stream'],
        on: ['>'],
        when: [{ attribute: 'bytes', is: 'lt', value: 10 }],
      })
      await paysFor(peer, frames)
      await peer.rest()
      if (peer.told.some(({ event, body }) => event === 'heard' && body === '01'))
        throw new Finding('expected the last item not to be heard')
    },
    { mayHear: 'collect' },
  ),
]

const NEWS = ['publish', 'subscribe'] as const
const SECRET = 'kit.v1.news.secret'

const subscribes = async (peer: Hostile, request: Wire = {}): Promise<void> => {
  peer.say(stands(peer, 'news', 0, request, { subject: '*' }))
  await sees(peer, 0, null)
}

/** What is published to `secret` may go to nobody. */
const WITHHELD: readonly Row[] = [
  row('subscribes to what is retained, of which one may not go to it', 'SE-150', async (peer) => {
    peer.say(publish(peer, 0, 1, 'secret'), publish(peer, 1, 2, 'open'))
    await seesNothing(peer)
    peer.say(stands(peer, 'news', 2, {}, { subject: '*' }))
    await sees(peer, 2, null, delivered(peer, 2, 'open', 0, true))
  }),
  row('is slow for what may not go to it', 'SE-160', async (peer) => {
    await subscribes(peer, { credit: 1, slow: 'end' })
    for (const [index, subject] of ['open', 'secret', 'secret', 'open'].entries())
      peer.say(publish(peer, 1 + index, index, subject))
    await sees(peer, 0, delivered(peer, 0, 'open'))
    peer.say(says(peer, 0, 1))
    await sees(peer, 0, delivered(peer, 3, 'open'))
  }),
]

const DELIVERIES: readonly Case[] = [
  ...under([{ verbs: NEWS, on: ['kit.v1.news.*'] }, out('publish', SECRET)], WITHHELD, { beside: 'messaging' }),
  ...under(
    [
      { verbs: NEWS, on: ['kit.v1.news.*'] },
      { effect: 'deny', verbs: ['subscribe'], on: [SECRET] },
    ],
    [
      row('subscribes to every subject, of which it may not hear one', 'PO-58', async (peer) => {
        await subscribes(peer)
        peer.say(publish(peer, 1, 1, 'secret'), publish(peer, 2, 2, 'open'))
        await sees(peer, 0, delivered(peer, 2, 'open'))
      }),
    ],
    { beside: 'messaging' },
  ),
  ...under(
    [
      { verbs: ['publish'], on: ['kit.v1.news.*'] },
      { verbs: ['subscribe'], on: ['kit.v1.news.*'], limit: { perSecond: 1, bytesPerSecond: 10, concurrent: 1 } },
      { to: ['any'], verbs: ['publish'], on: ['kit.v1.news.*'], limit: { perSecond: 1 } },
    ],
    [
      row('is handed more in a second than it may subscribe', 'PO-59', async (peer) => {
        await subscribes(peer)
        peer.say(...[1, 2, 3].map((value) => publish(peer, value, value)))
        await sees(peer, 0, ...[1, 2, 3].map((value) => delivered(peer, value)))
      }),
    ],
    { beside: 'messaging' },
  ),
]

/** What is over the window of an exchange waits to be framed. */
const filled = async (peer: Hostile): Promise<void> => {
  await subscribes(peer)
  for (let value = 0; value < 3; value++) peer.say(publish(peer, 1 + value, [value, 'x'.repeat(3_000)]))
  await peer.frame('DATA')
  await peer.rest()
}

const STUCK: readonly Row[] = [
  row('has a delivery wait to be sent that may not go to it by then', 'SE-151', async (peer) => {
    await filled(peer)
    await replace(peer, EVERYTHING, out('publish', 'kit.v1.news.a'))
    await seesFault(peer, 0, 'policy/denied')
  }),
  row('has a subscription that is forbidden by then', 'TO-25', async (peer) => {
    await filled(peer)
    await replace(peer, { verbs: ['publish'], on: ['>'] })
    await seesFault(peer, 0, 'policy/denied')
    peer.say(publish(peer, 4, 4))
  }),
]

const FEW = { setup: { limits: { exchanges: 1 } } }
const SMALL = { beside: 'messaging', setup: { limits: { exchangeWindow: LEAST } } } as const

export const NARROWED: readonly Case[] = [
  ...under([EVERYTHING], OPEN),
  ...under([EVERYTHING], WAITING, FEW),
  ...under([EVERYTHING], [...UNREAD, ...STUCK], SMALL),
  ...DELIVERIES,
]
