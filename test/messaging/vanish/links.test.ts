import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  type Client,
  client,
  type ErrorCode,
  type Link,
  linkOver,
  SottoError,
  type Transport,
} from '../../../src/index.js'
import { unhandled } from '../../link/sessions.js'
import { Cable, type How } from './cable.js'
import { ENDED, hosting, Ward } from './ends.js'
import { cutsOf, passed, settled } from './told.js'
import { Watch } from './watch.js'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

interface Linked {
  readonly watch: Watch
  readonly link: Link<typeof Ward>
  readonly out: Client<typeof Ward>
  readonly next: () => number
}

const LATE: readonly ErrorCode[] = [...ENDED, 'call/deadline', 'call/cancelled']
const text = 'x'

const aside = (...promises: Promise<unknown>[]): void => {
  for (const promise of promises) promise.catch(() => undefined)
}

const drain = async (from: AsyncIterable<unknown>): Promise<void> => {
  for await (const item of from) void item
}

/** Everything at once, before there is a session and in it. `again`: what has to come through in the next session. */
const script = async ({ watch, link, out, next }: Linked, again: boolean): Promise<void> => {
  aside(watch.settles('changes', drain(link.changes)), watch.settles('a session', link.session, LATE.concat(TRANSPORT)))
  const ask = (): Promise<string> => {
    const id = next()
    return watch.settles('a call that may run twice', out.ask({ id, text }), again ? [] : LATE, id)
  }
  const once = (): Promise<string> => {
    const id = next()
    return watch.settles('a call that may run once', out.once({ id, text }), LATE, id)
  }
  const tell = (): Promise<void> => {
    const id = next()
    return watch.settles('a message', out.tell({ id, text }), LATE)
  }
  const news = out.news.subscribe({ room: 'hall' })
  const hearing = drain(news)
  aside(watch.settles('a subscription', news.ready, LATE), watch.settles('its reader', hearing, LATE))
  aside(watch.settles('a publish', out.news.publish({ room: 'hall' }, text), LATE))
  const jobs = out.jobs.consume({}, { credit: 2 })
  const working = (async () => {
    for await (const job of jobs) aside(watch.settles('an ack', job.ack(), [...LATE, 'queue/lapsed']))
  })()
  aside(watch.settles('a consumer', working, LATE))
  aside(watch.settles('an enqueue', out.jobs.enqueue('1'), LATE))
  const giving = new AbortController()
  const early = [
    ask(),
    once(),
    tell(),
    watch.settles('a call that is late', out.hang({ id: next(), text }, { timeoutMs: 2_000 }), LATE),
    watch.settles('a call that is given up', out.hang({ id: next(), text }, { signal: giving.signal }), LATE),
  ]
  aside(...early)
  await link.session
  const id = next()
  const drip = out.drip({ id, text })
  aside(watch.settles('the items of a stream', drain(drip), LATE), watch.settles('a stream', drip.closed))
  await Promise.all([ask(), tell(), once().catch(() => undefined)])
  await Promise.all([ask(), ask(), once().catch(() => undefined)])
  giving.abort()
  const leaving = out.news.subscribe()
  aside(watch.settles('a subscription that is left', leaving.ready, LATE))
  await watch.settles('its disposal', Promise.resolve(leaving[Symbol.asyncDispose]()))
}

const TRANSPORT: readonly ErrorCode[] = ['transport/failed', 'session/timeout', 'channel/truncated']

interface Ran {
  readonly wrong: readonly string[]
  readonly bounds: readonly number[]
}

/** The first session of a link is cut; the next is whole, or there is none. */
const run = async (at: number, how: How, again: boolean): Promise<Ran> => {
  const watch = new Watch()
  const { answering, dialling, next } = hosting(watch, {})
  const first = new Cable()
  first.arm(at, how)
  const cables = again ? [first, new Cable(), new Cable()] : [first]
  const connect = async (): Promise<Transport> => {
    const cable = cables.shift()
    if (cable === undefined) throw SottoError.of('transport/failed', 'nobody is there')
    answering.accept(cable.right).catch(() => undefined)
    return cable.left
  }
  const link = linkOver(connect, dialling, { firstMs: 10, capMs: 20, giveUpMs: 20_000 })
  const running = script({ watch, link, out: client(link, Ward), next }, again)
  await passed(running)
  const { bounds } = first
  running.catch(() => undefined)
  if (!again) first.cut()
  else aside(watch.settles('the close of the link', link.close()))
  await settled(() => watch.open.length > 0)
  aside(watch.settles('the end of the link', link.closed), watch.settles('the close of the host', answering.close()))
  await settled(() => watch.open.length > 0)
  return { wrong: watch.wrong, bounds }
}

test.each([
  ['and its link finds another session', true],
  ['and its link finds none', false],
])(
  'ME-43 LI-37 LI-38 LI-39 wherever the peer vanishes, all that a link was asked settles truly, %s',
  async (_, again) => {
    const lost = unhandled()
    const whole = await run(Number.POSITIVE_INFINITY, 'ends', again)
    const cuts = cutsOf(whole.bounds)
    const wrong = new Set(whole.wrong.map((what) => `not cut: ${what}`))
    for (const [at, how] of cuts)
      for (const what of (await run(at, how, again)).wrong) wrong.add(`${how} at ${at}: ${what}`)
    expect([...wrong].slice(0, 20)).toEqual([])
    expect(cuts.length).toBeGreaterThan(10)
    expect(await lost()).toEqual([])
  },
  600_000,
)
