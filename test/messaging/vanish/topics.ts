import type { Subscription } from '../../../src/index.js'
import { type Act, aside, drain, LEFT, times } from './acts.js'
import { ENDED, type Ends } from './ends.js'

const room = { room: 'hall' }

/** Everything that a subscription promises has to settle. */
const heard = <T, S>({ watch }: Ends, subscription: Subscription<T, S>): Subscription<T, S> => {
  aside(watch.settles('ready', subscription.ready, LEFT))
  return subscription
}

const publish = ({ watch, out }: Ends): Promise<void> => watch.settles('a publish', out.news.publish(room, 'x'), ENDED)

/** Of the service itself: it knows of no session, so it never fails with one. */
const say = ({ watch, local }: Ends, text = 'x'): Promise<void> =>
  watch.settles('a publish of the service', local.news.publish(room, text))

/** Nobody is left who makes it wait. */
const after = async (ends: Ends): Promise<void> => {
  await say(ends, 'after')
  await publish(ends)
  const next = heard(ends, ends.out.news.subscribe(room))[Symbol.asyncIterator]()
  await ends.watch.settles('what is retained', next.next())
}

export const TOPICS: Readonly<Record<string, Act>> = {
  publishing: {
    after,
    run: async (ends) => {
      for (const _ of times(3)) await publish(ends)
    },
  },
  'a subscription, and what the service publishes': {
    after,
    run: async (ends) => {
      const news = heard(ends, ends.out.news.subscribe(room))
      aside(ends.watch.settles('its reader', drain(news), LEFT))
      await news.ready
      for (const _ of times(3)) await say(ends)
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
    },
  },
  'a subscription, and what its own peer publishes': {
    after,
    run: async (ends) => {
      const news = heard(ends, ends.out.news.subscribe())
      const items = news[Symbol.asyncIterator]()
      await news.ready
      await publish(ends)
      await ends.watch.settles('a read', items.next(), LEFT)
    },
  },
  'subscriptions both ways at once': {
    run: async (ends) => {
      const subscriptions = [heard(ends, ends.out.lines.subscribe()), heard(ends, ends.in.lines.subscribe())]
      aside(...subscriptions.map((lines) => ends.watch.settles('a reader', drain(lines), LEFT)))
      await Promise.all(subscriptions.map(({ ready }) => ready))
      for (const acts of [ends.in, ends.out]) await ends.watch.settles('a publish', acts.lines.publish('x'), ENDED)
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
    },
  },
  'a subscription that nobody reads, and whose publishers wait': {
    after,
    run: async (ends) => {
      const news = heard(ends, ends.out.news.subscribe(room, { slow: 'block', credit: 1 }))
      await news.ready
      aside(...times(4).map(() => say(ends)))
      aside(...times(4).map(() => publish(ends)))
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
    },
  },
  'subscriptions that nobody reads, of each other way to be slow, and of a group': {
    after,
    run: async (ends) => {
      const slow = (['latest', 'drop-oldest', 'end'] as const).map((way) =>
        heard(ends, ends.out.news.subscribe({}, { slow: way, credit: 1 })),
      )
      const group = times(2).map(() => heard(ends, ends.out.news.subscribe({}, { group: 'all', credit: 1 })))
      await Promise.all([...slow, ...group].map(({ ready }) => ready))
      for (const _ of times(4)) await say(ends)
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
      const reading = [...slow, ...group].map(async (news) => {
        const iterator = news[Symbol.asyncIterator]()
        await iterator.next()
        await iterator.return?.()
      })
      aside(...reading.map((read) => ends.watch.settles('a reader', read, [...LEFT, 'topic/slow'])))
      await Promise.allSettled(reading)
    },
  },
  'a subscription that is left, and one that is disposed of': {
    after,
    run: async (ends) => {
      const [left, gone] = [heard(ends, ends.out.news.subscribe(room)), heard(ends, ends.out.news.subscribe())]
      await left.ready
      await say(ends)
      const leaving = (async () => {
        for await (const { value } of left) if (value === 'x') break
      })()
      aside(ends.watch.settles('its reader', leaving, LEFT))
      aside(ends.watch.settles('a disposal', Promise.resolve(gone[Symbol.asyncDispose]())))
      await Promise.all([leaving, ends.watch.settles('a ping', ends.near.ping(), ENDED)])
    },
  },
  'a subscription that is given up': {
    after,
    run: async (ends) => {
      const giving = new AbortController()
      const news = heard(ends, ends.out.news.subscribe(room, { signal: giving.signal }))
      aside(ends.watch.settles('its reader', drain(news), LEFT))
      await news.ready
      giving.abort()
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
    },
  },
}
