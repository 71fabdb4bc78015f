import type { Client } from '../../../src/index.js'
import { type Act, aside, LEFT, times } from './acts.js'
import { ENDED, type Ends, type Ward } from './ends.js'
import type { Watch } from './watch.js'

type Consumer = ReturnType<Client<typeof Ward>['jobs']['consume']>
type Job = Awaited<ReturnType<ReturnType<Consumer[typeof Symbol.asyncIterator]>['next']>>['value']

/** What was said of messages, by their numbers: no later delivery may gainsay it. */
interface Said {
  readonly done: Set<string>
  readonly dead: Set<string>
}

const said = new WeakMap<Watch, Said>()

const saidIn = (watch: Watch): Said => {
  const known = said.get(watch) ?? { done: new Set(), dead: new Set() }
  said.set(watch, known)
  return known
}

/** The message is its number, so that who gets it can say that it was stored. */
const enqueue = ({ watch, out, next }: Ends): Promise<unknown> => {
  const id = next()
  return watch.settles('an enqueue', out.jobs.enqueue(String(id), { timeoutMs: 0 }), ENDED, id)
}

const stored = async ({ watch, local, next }: Ends, count: number): Promise<void> => {
  for (const _ of times(count)) {
    const id = next()
    await watch.settles('an enqueue of the service', local.jobs.enqueue(String(id)), [], id)
  }
}

const consuming = (ends: Ends, credit: number): AsyncIterator<Job> => {
  const items = ends.out.jobs.consume({}, { credit })[Symbol.asyncIterator]()
  return {
    next: async () => {
      const job = await ends.watch.settles('a delivery', items.next(), LEFT)
      if (job.done !== true) ends.watch.ran(Number(job.value.value))
      return job
    },
  }
}

const jobOf = (job: IteratorResult<Job>): NonNullable<Job> => {
  if (job.done === true || job.value === undefined) throw new RangeError('expected a delivery')
  return job.value
}

/** A settlement has an outcome, and one that is said to have been stored holds. */
const settle = async (ends: Ends, how: 'ack' | 'reject' | 'retry' | 'extend', job: NonNullable<Job>): Promise<void> => {
  const { done, dead } = saidIn(ends.watch)
  const asked = {
    ack: () => job.ack(),
    reject: () => job.reject('bad'),
    retry: () => job.retry({ afterMs: 50 }),
    extend: () => job.extend(2_000),
  }[how]()
  await ends.watch.settles(`a settlement, ${how}`, asked, [...LEFT, 'queue/lapsed'])
  if (how === 'ack') done.add(job.value)
  if (how === 'reject') dead.add(job.value)
}

/** All that was stored and is not done comes again, and nothing that is. */
const after = async (ends: Ends): Promise<void> => {
  const { watch, queues, out } = ends
  const { done, dead } = saidIn(watch)
  const items = out.jobs.consume({}, { credit: 4 })[Symbol.asyncIterator]()
  for (;;) {
    const { ready, delayed, leased } = await queues.jobs.metrics()
    if (ready + delayed + leased === 0) break
    const job = jobOf(await watch.settles('a delivery afterwards', items.next()))
    watch.ran(Number(job.value))
    if (done.has(job.value) || dead.has(job.value)) watch.blame(`message ${job.value} came after it was settled`)
    await watch.settles('an ack afterwards', job.ack())
  }
  await watch.settles('the end of the consumer', Promise.resolve(items.return?.()))
  const letters = await queues.jobs.dead()
  for (const letter of dead)
    if (!letters.some(({ value }) => value === letter)) watch.blame(`message ${letter} is no dead letter`)
  for (const { value = '' } of letters) watch.ran(Number(value))
}

export const QUEUES: Readonly<Record<string, Act>> = {
  enqueueing: {
    after,
    run: async (ends) => {
      for (const _ of times(2)) await enqueue(ends)
      await Promise.all(times(4).map(() => enqueue(ends)))
    },
  },
  'a consumer that acknowledges': {
    after,
    run: async (ends) => {
      await stored(ends, 3)
      const items = consuming(ends, 1)
      for (const _ of times(3)) await settle(ends, 'ack', jobOf(await items.next()))
    },
  },
  'a consumer that holds what it gets, and waits for more': {
    after,
    run: async (ends) => {
      await stored(ends, 2)
      const items = consuming(ends, 4)
      await items.next()
      await items.next()
      aside(items.next())
      await enqueue(ends)
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
    },
  },
  'a consumer that settles in every way, many at once': {
    after,
    run: async (ends) => {
      await stored(ends, 5)
      const items = consuming(ends, 5)
      const jobs = await Promise.all(times(5).map(async () => jobOf(await items.next())))
      const ways = ['ack', 'reject', 'retry', 'extend', 'ack'] as const
      const settling = ways.map((way, i) => {
        const job = jobs[i]
        return job === undefined ? Promise.resolve() : settle(ends, way, job)
      })
      aside(...settling)
      await Promise.all(settling)
    },
  },
  'a consumer that is left, and one that is disposed of': {
    after,
    run: async (ends) => {
      await stored(ends, 3)
      const [left, gone] = [ends.out.jobs.consume(), ends.out.jobs.consume()]
      const leaving = (async () => {
        for await (const job of left) {
          ends.watch.ran(Number(job.value))
          aside(settle(ends, 'ack', job))
          break
        }
      })()
      aside(ends.watch.settles('its reader', leaving, LEFT))
      await leaving
      await ends.watch.settles('a disposal', Promise.resolve(gone[Symbol.asyncDispose]()))
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
    },
  },
}
