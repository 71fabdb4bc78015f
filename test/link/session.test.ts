import { expect, onTestFinished, test, vi } from 'vitest'
import {
  bytes,
  client,
  contract,
  fromStreams,
  memoryPair,
  oneWay,
  requestResponse,
  type Session,
  SottoError,
  serve,
} from '../../src/index.js'
import { ONE_WAY_HANDLERS } from '../../src/link/dispatch.js'
import { NEWS } from '../../src/link/edge.js'
import {
  alice,
  all,
  bob,
  code,
  dialling,
  Echo,
  echo,
  failure,
  gate,
  listening,
  open,
  pair,
  unhandled,
} from './sessions.js'

const Home = contract('home.v1', { ask: requestResponse({ request: bytes, response: bytes }), note: oneWay(bytes) })

const one = Uint8Array.of(1)

test('both ends agree on what the session is', async () => {
  const home = serve(Home, { ask: (value) => value, note: () => undefined })
  const { near, far } = await pair({
    near: { serve: [home], context: { from: 'alice' } },
    far: { use: [Home], context: 'bob' },
  })
  expect(near.id).toMatch(/^[0-9a-f]{32}$/)
  expect(far.id).toBe(near.id)
  expect([near.peer.id, far.peer.id]).toEqual([bob.id, alice.id])
  expect(near.suite).toMatch(/^Noise_XXhfs_25519\+MLKEM768_/)
  expect(far.suite).toBe(near.suite)
  expect([near.context, far.context]).toEqual(['bob', { from: 'alice' }])
  expect([near.uses, near.serves, far.uses, far.serves]).toEqual([[Echo], [Home], [Home], [Echo]])
  expect(near.exportKey('test key', one, 32)).toEqual(far.exportKey('test key', one, 32))
  expect(near.exportKey('test key', one, 32)).not.toEqual(far.exportKey('test key', Uint8Array.of(2), 32))
  for (const label of ['sotto key', '', 'schlüssel', 'a\n'])
    expect(() => near.exportKey(label, one, 32), label).toThrow(RangeError)
  expect(Object.isFrozen(near)).toBe(true)
})

test('calls and messages go both ways on one session, whoever dialled', async () => {
  const notes: Uint8Array[] = []
  const home = serve(Home, { ask: (value) => value, note: (value) => void notes.push(value) })
  const { near, far } = await pair({ near: { serve: [home] }, far: { use: [Home] } })
  const back = client<typeof Home, typeof Home>(far as Session<typeof Home>, Home)
  const there = client(near, Echo)
  const calls = Array.from({ length: 20 }, (_, i) => Uint8Array.of(i))
  expect(await Promise.all(calls.flatMap((value) => [there.echo(value), back.ask(value)]))).toEqual(
    calls.flatMap((value) => [value, value]),
  )
  await back.note(one)
  await far.close()
  await near.closed
  expect(notes).toEqual([one])
})

test('a server calls its client as soon as the session is open', async () => {
  const answered = gate<Uint8Array>()
  const service = serve(
    Echo,
    {
      opened: async (session) => {
        const home = client<typeof Home, typeof Home>(session as Session<typeof Home>, Home)
        answered.open(await home.ask(one))
      },
    },
    { echo: (value) => value, wait: () => undefined, tell: () => undefined },
  )
  const home = serve(Home, { ask: (value) => Uint8Array.of(...value, 2), note: () => undefined })
  await pair({ near: { serve: [home] }, far: { use: [Home], serve: [service] } })
  expect(await answered.passed).toEqual(Uint8Array.of(1, 2))
})

test('ME-20 LI-16 what opened, a handler or failed throw ends no session', async () => {
  const lost = unhandled()
  const printed = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  onTestFinished(() => printed.mockRestore())
  const broken = () => {
    throw new TypeError('broken')
  }
  for (const opened of [broken, async () => broken()]) {
    const service = serve(Echo, { opened, failed: broken }, { echo: broken, wait: async () => broken(), tell: broken })
    const { near } = await pair({ far: { serve: [service] } })
    const acts = client(near, Echo)
    expect(await code(acts.echo(one))).toBe('call/internal')
    expect(await code(acts.wait())).toBe('call/internal')
    await acts.tell(one)
    await near.close()
    expect(await near.closed).toEqual({ clean: true })
  }
  expect(await lost()).toEqual([])
})

test('LI-16 a service that breaks its own promises costs its session and no more', async () => {
  const lost = unhandled()
  const defect = new TypeError('broken')
  const bad = [
    () => {
      throw defect
    },
    () => Promise.reject(defect),
  ]
  for (const answer of bad) {
    const { near, far } = await pair({ far: { serve: [{ ...echo(), answer }] } })
    const error = await failure(client(near, Echo).wait())
    expect(SottoError.is(error, 'session/lost') && error.ran).toBe('maybe')
    const closed = await far.closed
    expect(closed.clean ? undefined : [closed.error.code, closed.error.cause]).toEqual(['session/lost', defect])
  }
  expect(await lost()).toEqual([])
})

test('an answer that has no form on the wire is call/internal, under the incident its service hears of', async () => {
  const failed: unknown[] = []
  const any = { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } } as const
  const Loose = contract('loose.v1', {
    get: requestResponse({ response: any as typeof bytes, faults: { Odd: any as typeof bytes } }),
  })
  const values: unknown[] = [new Date(0), undefined, new Uint8Array(2 ** 20 + 1)]
  const service = serve(
    Loose,
    { failed: (error, { address }, incident) => void failed.push([error instanceof Error, address, incident]) },
    {
      get: (_, context) => {
        const value = values.shift() as Uint8Array
        if (value === undefined) throw context.fault('Odd', new Uint8Array(20_000))
        return value
      },
    },
  )
  const { near } = await pair({ near: { use: [Loose] }, far: { serve: [service] } })
  const incidents: unknown[] = []
  for (let i = 0; i < 3; i++) {
    const error = await failure(client(near, Loose).get())
    incidents.push(SottoError.is(error, 'call/internal') && [true, 'loose.v1.get', error.details.incident])
  }
  expect(incidents).toEqual(failed)
  expect(failed).toHaveLength(3)
})

test('SE-46 600 calls at once share 256 exchanges, and each has its own answer', async () => {
  let running = 0
  let most = 0
  const waited = echo({
    echo: async (value) => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      return value
    },
  })
  const { near } = await pair({ far: { serve: [waited] } })
  const values = Array.from({ length: 600 }, (_, i) => Uint8Array.of(i & 255, i >> 8))
  expect(await Promise.all(values.map((value) => client(near, Echo).echo(value)))).toEqual(values)
  expect(most).toBeGreaterThan(1)
  expect(most).toBeLessThanOrEqual(256)
})

test('LI-11 a sender waits while more than 256 handlers of one-way messages run, and goes on when they end', async () => {
  const doors: (() => void)[] = []
  const tell = () => new Promise<void>((resolve) => void doors.push(resolve))
  const { near } = await pair({ far: { serve: [echo({ tell })] } })
  const body = new Uint8Array(8_192)
  let settled = 0
  // What 256 handlers hold is given back at once; then there is one session window.
  const room = ONE_WAY_HANDLERS + Math.floor(2 ** 20 / (body.length + 67))
  const sends = Array.from({ length: room + 20 }, async () => {
    await client(near, Echo).tell(body)
    settled++
  })
  while (doors.length < room) await new Promise((resolve) => setImmediate(resolve))
  // A PING overtakes messages: what had credit was sent before the second is answered.
  await near.ping()
  await near.ping()
  expect([settled, doors.length]).toEqual([room, room])
  for (let opened = 0; opened < room + 20; await near.ping()) for (; opened < doors.length; opened++) doors[opened]?.()
  await Promise.all(sends)
  expect(doors.length).toBe(room + 20)
  // All places are free again.
  await Promise.all(Array.from({ length: ONE_WAY_HANDLERS }, () => client(near, Echo).tell(body)))
  while (doors.length < room + 20 + ONE_WAY_HANDLERS) await new Promise((resolve) => setImmediate(resolve))
})

test('refusals tell of one-way messages the peer refused, under the decision it made', async () => {
  const policy = { version: 1, rules: [{ ...open.rules[0], verbs: ['call'] }] } as typeof open
  const { near, far } = await pair({ far: { policy } })
  for (let i = 0; i < 3; i++) await client(near, Echo).tell(one)
  await client(near, Echo).wait()
  await near.close()
  await far.closed
  const refusals = await all(near.refusals)
  expect(refusals).toEqual((await all(far.denials)).map(({ verb, address, decision }) => ({ verb, address, decision })))
  expect(refusals).toHaveLength(3)
})

test('LI-19 refusals that nobody reads are dropped, the oldest first', async () => {
  const { near, far } = await pair({ far: { policy: { version: 1, rules: [] } } })
  for (let i = 0; i < NEWS + 10; i++) await client(near, Echo).tell(one)
  // Its refusal comes behind theirs.
  expect(await code(client(near, Echo).wait())).toBe('policy/denied')
  await near.close()
  await far.closed
  const kept = await all(near.refusals)
  expect(kept).toHaveLength(NEWS)
  expect(kept.at(-1)?.decision).toBe(`${near.id.slice(0, 16)}.ir.${2 * (NEWS + 10) - 1}.0`)
})

test('LI-21 after its end every act of a session has an answer, and none is success', async () => {
  const lost = unhandled()
  for (const end of [(session: Session) => session.close(), async (session: Session) => session.abort()]) {
    const { near } = await pair()
    const acts = client(near, Echo)
    await end(near)
    await near.closed
    const first = await near.closed
    expect(await code(acts.echo(one))).toBe('session/closed')
    expect(await code(acts.tell(one))).toBe('session/closed')
    expect(await code(near.ping())).toBe('session/closed')
    expect(() => near.exportKey('test key', one, 32)).toThrow('noise/misuse')
    await near.close()
    await near.drain()
    near.abort(new Error('again'))
    await near[Symbol.asyncDispose]()
    expect(await near.closed).toBe(first)
    expect(await all(near.refusals)).toEqual([])
    expect(await all(near.denials)).toEqual([])
  }
  expect(await lost()).toEqual([])
})

test('a session runs over web streams as over anything else', async () => {
  const there = new TransformStream<Uint8Array, Uint8Array>()
  const back = new TransformStream<Uint8Array, Uint8Array>()
  const { near, far } = await pair({
    transports: [
      fromStreams({ readable: back.readable, writable: there.writable }),
      fromStreams({ readable: there.readable, writable: back.writable }),
    ],
  })
  const big = new Uint8Array(300_000).fill(7)
  expect(Buffer.compare(await client(near, Echo).echo(big), big)).toBe(0)
  await far.close()
  expect([await near.closed, await far.closed]).toEqual([{ clean: true }, { clean: true }])
})

test('disposal closes, and after an abort does nothing', async () => {
  const { near, far } = await pair()
  {
    await using session = near
    expect(await client(session, Echo).echo(one)).toEqual(one)
  }
  expect([await near.closed, await far.closed]).toEqual([{ clean: true }, { clean: true }])
  const other = await pair()
  {
    await using session = other.near
    session.abort()
  }
  expect((await other.near.closed).clean).toBe(false)
})

test('LI-15 an abort ends at once, without a byte, and says why at home alone', async () => {
  const [left, right] = memoryPair()
  let written = 0
  const counting = {
    write: (bytes: Uint8Array) => {
      written += bytes.length
      return left.write(bytes)
    },
    close: () => left.close(),
    abort: (reason: Error) => left.abort(reason),
    [Symbol.asyncIterator]: () => left[Symbol.asyncIterator](),
  }
  const { near, far } = await pair({ transports: [counting, right] })
  const call = client(near, Echo).wait()
  const before = written
  const reason = new Error('enough')
  near.abort(reason)
  const error = await failure(call)
  const [mine, theirs] = await Promise.all([near.closed, far.closed])
  expect(written).toBe(before)
  expect(SottoError.is(error, 'session/lost') && error.ran).toBe('no')
  expect(mine.clean ? undefined : [mine.error.code, mine.error.cause]).toEqual(['session/closed', reason])
  expect(theirs.clean ? undefined : theirs.error.code).toBe('channel/truncated')
  const again = await pair()
  const known = SottoError.of('identity/not-trusted', 'no more')
  again.near.abort(known)
  expect(await again.near.closed).toEqual({ clean: false, error: known })
})

test('options that cannot be are said before anything is sent, and the transport is freed', async () => {
  const [left, right] = memoryPair()
  const answering = listening()
  const accepted = failure(answering.accept(right))
  const { initiate } = await import('../../src/index.js')
  expect(await failure(initiate(left, dialling({ use: [Echo, Echo] })))).toBeInstanceOf(RangeError)
  expect(await accepted).toBeInstanceOf(SottoError)
  for (const protocol of [{ handshakeMs: 0 }, { handshakeMs: Number.NaN }, { keepalive: { everyMs: 199 } }]) {
    expect(await failure(initiate(memoryPair()[0], dialling({ protocol })))).toBeInstanceOf(RangeError)
    expect(() => listening({ protocol })).toThrow(RangeError)
  }
})
