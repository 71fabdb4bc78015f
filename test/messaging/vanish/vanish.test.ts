import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Closed, initiate } from '../../../src/index.js'
import { unhandled } from '../../link/sessions.js'
import { ACTS, type Act, aside } from './acts.js'
import { Cable, HOW, type How } from './cable.js'
import { CUT, ENDED, hosting } from './ends.js'
import { QUEUES } from './queues.js'
import { TALKS } from './talks.js'
import { cutsOf, PATIENCE_MS, passed, settled, turns } from './told.js'
import { TOPICS } from './topics.js'
import { Watch } from './watch.js'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

const ALL: Readonly<Record<string, Act>> = { ...ACTS, ...TOPICS, ...QUEUES, ...TALKS }

const endOf = async (closed: Promise<Closed>): Promise<void> => {
  const end = await closed
  if (!end.clean) throw end.error
}

interface Ran {
  readonly wrong: readonly string[]
  readonly bounds: readonly number[]
}

/** The act, with the peer gone once `at` bytes have gone over; at the end of the act if it comes to its end before. */
const run = async (act: Act, at: number, how: How): Promise<Ran> => {
  const watch = new Watch()
  const ends = hosting(watch, act)
  const cable = new Cable()
  const met = await ends.meet(cable)
  for (const session of [met.near, met.far]) aside(watch.settles('a session', endOf(session.closed), CUT))
  cable.arm(at, how)
  const script = act.run(met)
  // What fails a script was told to the watch.
  aside(script)
  await passed(script)
  const { bounds } = cable
  cable.cut()
  await settled(() => watch.open.length > 0)
  const left = ends.answering.sessions.size
  const open = watch.open.map((what) => `${what} waits`)
  await afterwards(watch, ends, act)
  return { wrong: [...watch.wrong, ...open, ...(left > 0 ? [`${left} sessions are left`] : [])], bounds }
}

/** The host and its services go on as if nothing had been: no place of a handler is lost. */
const afterwards = async (
  watch: Watch,
  { answering, meet }: ReturnType<typeof hosting>,
  { concurrency = 1, after }: Omit<Act, 'run'>,
): Promise<void> => {
  // A host that drains takes nobody.
  const meeting = watch.settles('a session afterwards', meet(), ENDED)
  const again = await meeting.catch(() => undefined)
  if (again !== undefined) {
    const asks = Array.from({ length: concurrency + 1 }, () => again.out.once({ id: again.next(), text: 'x' }))
    aside(watch.settles('calls afterwards', Promise.all(asks)))
    if (after !== undefined) aside(watch.settles('what comes after', after(again)))
  }
  await settled(() => watch.open.length > 0)
  aside(watch.settles('the close of the host', answering.close()))
  await settled(() => watch.open.length > 0)
}

test.each(Object.entries(ALL))(
  'ME-43 ME-44 SE-59 LI-12 wherever the peer vanishes, all settles truly: %s',
  async (name, act) => {
    const lost = unhandled()
    const whole = await run(act, Number.POSITIVE_INFINITY, 'ends')
    const cuts = cutsOf(whole.bounds)
    const wrong = new Set(whole.wrong.map((what) => `${name}, not cut: ${what}`))
    for (const [at, how] of cuts)
      for (const what of (await run(act, at, how)).wrong) wrong.add(`${name}, ${how} at ${at}: ${what}`)
    expect([...wrong].slice(0, 20)).toEqual([])
    expect(cuts.length).toBeGreaterThan(1)
    expect(await lost()).toEqual([])
  },
  600_000,
)

test('LI-1 LI-2 SE-9 wherever the peer vanishes in a handshake, both ends are told', async () => {
  const lost = unhandled()
  const shake = async (at: number, how: How): Promise<Ran> => {
    const watch = new Watch()
    const { answering, dialling } = hosting(watch, {})
    const cable = new Cable()
    cable.arm(at, how)
    const end = async (session: Promise<{ readonly closed: Promise<Closed> }>) => endOf((await session).closed)
    watch.settles('a dial', end(initiate(cable.left, dialling)), CUT).catch(() => undefined)
    watch.settles('an answer', end(answering.accept(cable.right)), CUT).catch(() => undefined)
    await turns(10)
    const { bounds } = cable
    cable.cut()
    await settled(() => watch.open.length > 0)
    const left = answering.sessions.size
    watch.settles('the close of the host', answering.close()).catch(() => undefined)
    await settled(() => watch.open.length > 0)
    return { wrong: [...watch.wrong, ...(left > 0 ? [`${left} sessions are left`] : [])], bounds }
  }
  const whole = await shake(Number.POSITIVE_INFINITY, 'ends')
  const wrong = new Set(whole.wrong)
  for (const [at, how] of cutsOf(whole.bounds))
    for (const what of (await shake(at, how)).wrong) wrong.add(`${how} at ${at}: ${what}`)
  expect([...wrong].slice(0, 20)).toEqual([])
  expect(await lost()).toEqual([])
}, 600_000)

/** After so many whatever is there is held by something. */
const COLLECTIONS = 50

test('LI-12 ME-44 nothing keeps a session that is over: neither its host, nor its service, nor what was asked in it', async () => {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new TypeError('expected a collector')
  const held: { readonly what: string; readonly of: WeakRef<object> }[] = []
  const watches: Watch[] = []
  const hosts: unknown[] = []
  for (const [name, act] of Object.entries(ALL))
    for (const how of HOW) {
      const watch = new Watch()
      const { answering, meet } = hosting(watch, act)
      await vanishing(name, act.run, how, meet, held)
      await settled(() => watch.open.length > 0)
      watches.push(watch)
      hosts.push(answering)
    }
  // What a close has still to wait for holds it until then.
  await vi.advanceTimersByTimeAsync(PATIENCE_MS)
  const alive = () => held.filter(({ of }) => of.deref() !== undefined).map(({ what }) => what)
  // A collector says nothing of when: what is kept is kept however often it is asked.
  for (let round = 0; round < COLLECTIONS && alive().length > 0; round++) {
    await turns(10)
    collect()
  }
  expect(watches.flatMap(({ open }) => open)).toEqual([])
  expect([hosts.length, held.length]).toEqual([HOW.length * Object.keys(ALL).length, 2 * hosts.length])
  expect(alive()).toEqual([])
}, 600_000)

/** In a function of its own, so that nothing of it is left on the stack. */
const vanishing = async (
  name: string,
  act: Act['run'],
  how: How,
  meet: ReturnType<typeof hosting>['meet'],
  held: { readonly what: string; readonly of: WeakRef<object> }[],
): Promise<void> => {
  const ends = await meet()
  for (const [end, session] of Object.entries({ near: ends.near, far: ends.far }))
    held.push({ what: `${end} of ${name}, ${how}`, of: new WeakRef(session) })
  ends.cable.arm(200, how)
  const script = act(ends).catch(() => undefined)
  await passed(script)
  ends.cable.cut()
}
