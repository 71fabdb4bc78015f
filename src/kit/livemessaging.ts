import type { Case, End } from './case.js'
import { item, told } from './live.js'
import { ways } from './livecore.js'

/** Streams, topics, queues and conversations, with a peer that does as it must. */

const counted = async (from: End, to: End): Promise<void> => {
  from.act({ do: 'stream', tag: 'it', operation: 'count', body: item(3) })
  await told(to, 'heard', { operation: 'count', body: item(3) })
  for (const value of [0, 1, 2]) await told(from, 'item', { tag: 'it', body: item(value) })
  await told(from, 'ended', { tag: 'it' })
}

const collected =
  (operation: string, bodies: readonly string[]) =>
  async (from: End, to: End): Promise<void> => {
    from.act({ do: 'stream', tag: 'it', operation, body: '01' })
    await told(to, 'heard', { operation, body: '01' })
    for (const body of bodies) {
      from.act({ do: 'item', tag: 'it', body })
      await told(to, 'heard', { operation, body })
      await told(from, 'item', { tag: 'it', body })
    }
    from.act({ do: 'end', tag: 'it' })
    await told(from, 'ended', { tag: 'it' })
  }

const cut = async (from: End, to: End): Promise<void> => {
  from.act({ do: 'stream', tag: 'it', operation: 'collect', body: '01' })
  await told(to, 'heard', { operation: 'collect' })
  from.act({ do: 'cancel', tag: 'it' })
  await told(from, 'fault', { tag: 'it', code: 'call/cancelled' })
  await told(to, 'over', { operation: 'collect', code: 'call/cancelled' })
}

/** Its program has enough. */
const left = async (from: End, to: End): Promise<void> => {
  from.act({ do: 'stream', tag: 'it', operation: 'collect', body: '01' })
  from.act({ do: 'item', tag: 'it', body: '01' })
  await told(from, 'item', { tag: 'it', body: '01' })
  from.act({ do: 'leave', tag: 'it' })
  await told(from, 'ended', { tag: 'it' })
  await told(to, 'over', { operation: 'collect', code: 'call/cancelled' })
}

/** Its handler has. */
const leftOff = async (from: End, to: End): Promise<void> => {
  from.act({ do: 'stream', tag: 'it', operation: 'collect', body: '01' })
  from.act({ do: 'item', tag: 'it', body: NULL })
  await told(to, 'heard', { operation: 'collect', body: '01' })
  await told(to, 'heard', { operation: 'collect', body: NULL })
  await told(from, 'item', { tag: 'it', body: NULL })
  await told(from, 'ended', { tag: 'it' })
}

const subscribed = async (from: End, to: End): Promise<void> => {
  from.act({ do: 'subscribe', tag: 'it', operation: 'news', subject: 'a' })
  await told(from, 'ready', { tag: 'it' })
  for (const value of [1, 2]) from.act({ do: 'publish', operation: 'news', subject: 'a', body: item(value) })
  for (const value of [1, 2]) await told(from, 'item', { tag: 'it', subject: 'a', body: item(value) })
  from.act({ do: 'cancel', tag: 'it' })
  await to.settled()
}

const wild = async (from: End): Promise<void> => {
  from.act({ do: 'subscribe', tag: 'it', operation: 'news', subject: '*' })
  await told(from, 'ready', { tag: 'it' })
  for (const subject of ['a', 'b']) {
    from.act({ do: 'publish', operation: 'news', subject, body: '01' })
    await told(from, 'item', { tag: 'it', subject, body: '01' })
  }
}

/** The last value is there for who comes later. */
const retained = async (from: End): Promise<void> => {
  from.act({ do: 'publish', operation: 'news', subject: 'a', body: item(7) })
  from.act({ do: 'subscribe', tag: 'it', operation: 'news', subject: 'a' })
  await told(from, 'item', { tag: 'it', subject: 'a', body: item(7) })
}

const queued = async (from: End): Promise<void> => {
  from.act({ do: 'enqueue', tag: 'in', operation: 'work', subject: 'a', body: item(5) })
  await told(from, 'reply', { tag: 'in' })
  from.act({ do: 'consume', tag: 'it', operation: 'work', subject: 'a' })
  await told(from, 'item', { tag: 'it', subject: 'a', body: item(5) })
}

const inTurn = async (from: End): Promise<void> => {
  from.act({ do: 'consume', tag: 'it', operation: 'work', subject: 'a', credit: 1 })
  await told(from, 'ready', { tag: 'it' })
  for (const value of [1, 2, 3]) {
    from.act({ do: 'enqueue', tag: `in ${value}`, operation: 'work', subject: 'a', body: item(value) })
    await told(from, 'item', { tag: 'it', body: item(value) })
  }
}

const NULL = item(null)

const STEP = item({ id: 'one' })

const step = async (from: End, operation: string, body = STEP): Promise<void> => {
  from.act({ do: 'call', tag: `${operation} ${body}`, operation, body })
  await told(from, 'reply', { body })
}

const conversed = async (from: End, to: End): Promise<void> => {
  for (const [turn, operation] of ['start', 'go', 'finish', 'start'].entries()) {
    from.act({ do: 'call', tag: `${operation} ${turn}`, operation, body: STEP })
    await told(to, 'heard', { operation, body: STEP })
    await told(from, 'reply', { body: STEP })
  }
}

const misstepped = async (from: End): Promise<void> => {
  from.act({ do: 'call', tag: 'it', operation: 'go', body: STEP })
  await told(from, 'fault', { tag: 'it', code: 'flow/refused', ran: 'no' })
  await step(from, 'start')
  from.act({ do: 'call', tag: 'again', operation: 'start', body: STEP })
  await told(from, 'fault', { tag: 'again', code: 'flow/refused' })
  await step(from, 'finish')
}

const apart = async (from: End): Promise<void> => {
  await step(from, 'start')
  await step(from, 'start', item({ id: 'two' }))
  await step(from, 'go')
}

const MESSAGING = { level: 'messaging' } as const

const CHUNKS = ['00ff', '01'.repeat(5_000)] as const

export const LIVE_MESSAGING: readonly Case[] = [
  ...ways({ asks: 'reads a stream', answers: 'serves a stream' }, 'ME-32', counted, MESSAGING),
  ...ways(
    { asks: 'streams items both ways', answers: 'takes and gives items of a stream' },
    'ME-31',
    collected('collect', [item(1), item('two'), item([3])]),
    MESSAGING,
  ),
  ...ways(
    { asks: 'streams bytes both ways', answers: 'takes and gives bytes of a stream' },
    'SE-122',
    collected('pour', CHUNKS),
    MESSAGING,
  ),
  ...ways({ asks: 'gives up a stream', answers: 'has a stream given up' }, 'SE-57', cut, MESSAGING),
  ...ways({ asks: 'leaves a stream', answers: 'has a stream left' }, 'ME-34', left, MESSAGING),
  ...ways(
    { asks: 'has a handler leave off reading', answers: 'leaves off reading in a handler' },
    'ME-34',
    leftOff,
    MESSAGING,
  ),
  ...ways({ asks: 'subscribes and publishes', answers: 'serves a topic' }, 'TO-34', subscribed, MESSAGING),
  ...ways({ asks: 'subscribes to all subjects', answers: 'serves all subjects of a topic' }, 'TO-4', wild, MESSAGING),
  ...ways(
    { asks: 'is told the last value', answers: 'keeps the last value of a subject' },
    'TO-4',
    retained,
    MESSAGING,
  ),
  ...ways({ asks: 'enqueues and consumes', answers: 'serves a queue' }, 'QU-4', queued, MESSAGING),
  ...ways({ asks: 'consumes one at a time', answers: 'delivers within the credit' }, 'QU-4', inTurn, MESSAGING),
  ...ways({ asks: 'goes through a conversation', answers: 'serves a conversation' }, 'CV-13', conversed, MESSAGING),
  ...ways({ asks: 'missteps', answers: 'refuses a misstep' }, 'CV-11', misstepped, MESSAGING),
  ...ways({ asks: 'has two conversations', answers: 'keeps conversations apart' }, 'CV-9', apart, MESSAGING),
]
