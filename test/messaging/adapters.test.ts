import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import * as z from 'zod'
import { contract } from '../../src/contract/define.js'
import { requestResponse, stream } from '../../src/contract/operation.js'
import { bytes } from '../../src/contract/shape.js'
import { SottoError } from '../../src/errors.js'
import { client } from '../../src/messaging/client.js'
import { toNode } from '../../src/messaging/nodestream.node.js'
import { type Handlers, serve } from '../../src/messaging/serve.js'
import { toWeb } from '../../src/messaging/webstream.js'
import type { Policy } from '../../src/policy/rule.js'
import { code, codeOf, failure, gate, pair, unhandled } from '../link/sessions.js'

const MIB = 1_048_576
/** What goes through the streams that count what is under way: SOTTO_STREAM_MIB for more. */
const FLOW = Number(process.env.SOTTO_STREAM_MIB ?? 64) * MIB
const CHUNK = 65_536
/** What may be under way: both windows of the exchange, what waits to be sent, and a few chunks in the hands of the adapters. */
const UNDER_WAY = 262_144 + 131_072 + 6 * CHUNK

const Depot = contract('depot.v1', {
  keep: stream({ up: bytes }),
  fetch: stream({ down: bytes }),
  turn: stream({ up: bytes, down: bytes }),
  count: stream({ up: z.number(), down: z.number() }),
  ping: requestResponse({}),
})

const all: Policy = {
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'stream'], on: ['>'] }],
}

const handlers: Handlers<typeof Depot> = {
  keep: async (_, { up }) => {
    for await (const chunk of up) void chunk
  },
  async *fetch() {
    yield Uint8Array.of(1, 2, 3)
  },
  turn: (_, { up }) => up,
  count: (_, { up }) => up,
  ping: () => undefined,
}

const depot = async (over: Partial<Handlers<typeof Depot>> = {}) => {
  const failures: unknown[] = []
  const failed = (error: unknown): void => void failures.push(error)
  const served = serve(Depot, { failed }, { ...handlers, ...over })
  const { near, far } = await pair({ near: { use: [Depot] }, far: { serve: [served], policy: all } })
  return { acts: client(near, Depot), near, far, failures }
}

const pattern = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) % 251)

/** A WHATWG source of `size` bytes, in chunks that fit nothing. */
const webSource = (content: Uint8Array, size = 50_001): ReadableStream<Uint8Array> => {
  let at = 0
  return new ReadableStream({
    pull: (controller) => {
      if (at >= content.length) controller.close()
      else controller.enqueue(content.slice(at, at + size))
      at += size
    },
  })
}

/** As `ReadableStream.from`, which not every browser has. */
const webOf = <T>(from: AsyncIterable<T>): ReadableStream<T> => {
  const items = from[Symbol.asyncIterator]()
  const source: UnderlyingDefaultSource<T> = {
    pull: async (controller) => {
      const item = await items.next()
      if (item.done === true) controller.close()
      else controller.enqueue(item.value)
    },
    cancel: async (reason) => void (await items.return?.(reason)),
  }
  return new ReadableStream(source, { highWaterMark: 0 })
}

const whole = async (from: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of from) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const turns = async (count = 30): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const endOf = async ({
  closed,
}: {
  readonly closed: Promise<{ readonly clean: boolean; readonly error?: unknown }>
}) => {
  const { clean, error } = await closed
  return clean ? 'clean' : codeOf(error)
}

const temporary = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-adapters-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test('ME-31 bytes go through WHATWG streams both ways and come as they were', async () => {
  const { acts } = await depot()
  const sent = pattern(700_000)
  const turn = acts.turn()
  const back = webSource(sent).pipeThrough(toWeb(turn))
  expect((await whole(back)).equals(sent)).toBe(true)
  expect(await endOf(turn)).toBe('clean')
})

test('ME-31 bytes go through Node streams both ways and come as they were', async () => {
  const { acts } = await depot()
  const folder = temporary()
  const sent = pattern(700_000)
  writeFileSync(join(folder, 'from'), sent)
  const turn = acts.turn()
  await pipeline(createReadStream(join(folder, 'from')), toNode(turn), createWriteStream(join(folder, 'to')))
  expect(readFileSync(join(folder, 'to')).equals(sent)).toBe(true)
  expect(await endOf(turn)).toBe('clean')
})

test('items that are no bytes go through WHATWG streams too', async () => {
  const { acts } = await depot()
  const numbers = new ReadableStream<number>({
    start: (controller) => {
      for (const n of [1, 2, 3]) controller.enqueue(n)
      controller.close()
    },
  })
  const seen: number[] = []
  for await (const n of numbers.pipeThrough(toWeb(acts.count()))) seen.push(n)
  expect(seen).toEqual([1, 2, 3])
})

test.each<[string, () => AsyncIterable<Uint8Array>]>([
  ['a ReadableStream', () => webSource(pattern(300_000))],
  ['a Node Readable', () => Readable.from([pattern(300_000).subarray(0, 9), pattern(300_000).subarray(9)])],
  ['a Node Transform', () => Readable.from([pattern(300_000)], { objectMode: false }).pipe(new PassThrough())],
])('ME-32 a handler may give %s', async (_, fetch) => {
  const { acts, failures } = await depot({ fetch })
  expect((await whole(acts.fetch())).equals(pattern(300_000))).toBe(true)
  expect(failures).toEqual([])
})

test('ME-32 a handler may hand on a stream of another session, which is given up with it', async () => {
  const told = gate<unknown>()
  const behind = await depot({
    async *fetch(_, { signal }) {
      signal.addEventListener('abort', () => told.open(signal.reason))
      yield Uint8Array.of(1)
      await new Promise(() => undefined)
    },
  })
  const { acts, failures } = await depot({ fetch: () => behind.acts.fetch() })
  const fetched = acts.fetch()
  const down = fetched[Symbol.asyncIterator]()
  expect(await down.next()).toEqual({ done: false, value: Uint8Array.of(1) })
  fetched.abort()
  expect(codeOf(await told.passed)).toBe('call/cancelled')
  await turns()
  expect(failures).toEqual([])
})

test('ME-31 a handler may pipe what comes up into Node and WHATWG streams', async () => {
  const sent = pattern(400_000)
  for (const way of ['node', 'web', 'readable'] as const) {
    const kept: Uint8Array[] = []
    const { acts, failures } = await depot({
      keep: async (_, { up }) => {
        const write = (chunk: Uint8Array): void => void kept.push(chunk)
        if (way === 'node')
          await pipeline(up, async (chunks: AsyncIterable<Uint8Array>) => {
            for await (const chunk of chunks) write(chunk)
          })
        else if (way === 'web') await webOf(up).pipeTo(new WritableStream({ write }))
        else for await (const chunk of Readable.from(up, { objectMode: false })) write(chunk)
      },
    })
    const keep = acts.keep()
    await webSource(sent).pipeTo(toWeb(keep).writable)
    expect([await endOf(keep), Buffer.concat(kept).equals(sent), failures]).toEqual(['clean', true, []])
  }
})

/** Counts what is under way between its two ends, and how much that ever was. */
const meter = () => {
  const count = { written: 0, read: 0, most: 0 }
  const wrote = (size: number): void => {
    count.written += size
    count.most = Math.max(count.most, count.written - count.read)
  }
  const read = (size: number): void => {
    count.read += size
  }
  return { count, wrote, read }
}

/** `FLOW` bytes, the same chunk again and again: what a reader holds of them shows in no copy of ours. */
async function* flow(wrote: (size: number) => void) {
  const chunk = pattern(CHUNK)
  for (let sent = 0; sent < FLOW; sent += CHUNK) {
    wrote(CHUNK)
    yield chunk
  }
}

/** Reads one chunk in a while: every other turn of the loop. */
async function* slowly(from: AsyncIterable<Uint8Array>, read: (size: number) => void) {
  let chunks = 0
  for await (const chunk of from) {
    if (chunks++ % 8 === 0) await new Promise((resolve) => setImmediate(resolve))
    read(chunk.length)
    yield chunk
  }
}

const drained = async (from: AsyncIterable<Uint8Array>): Promise<void> => {
  for await (const chunk of from) void chunk
}

test('ME-33 a slow reader holds a fast writer through WHATWG streams: what is under way is bounded, up and down', async () => {
  const [up, down] = [meter(), meter()]
  const { acts } = await depot({
    keep: (_, { up: chunks }) => drained(slowly(chunks, up.read)),
    fetch: () => webOf(flow(down.wrote)),
  })
  const keep = acts.keep()
  await webOf(flow(up.wrote)).pipeTo(toWeb(keep).writable)
  await drained(slowly(toWeb(acts.fetch()).readable, down.read))
  for (const { count } of [up, down]) {
    expect([count.written, count.read]).toEqual([FLOW, FLOW])
    expect(count.most).toBeLessThanOrEqual(UNDER_WAY)
  }
}, 600_000)

test('ME-33 a slow reader holds a fast writer through Node streams: what is under way is bounded, up and down', async () => {
  const [up, down] = [meter(), meter()]
  const { acts } = await depot({
    keep: (_, { up: chunks }) => drained(slowly(chunks, up.read)),
    fetch: () => Readable.from(flow(down.wrote), { objectMode: false, highWaterMark: CHUNK }),
  })
  await pipeline(Readable.from(flow(up.wrote), { objectMode: false, highWaterMark: CHUNK }), toNode(acts.keep()))
  await drained(slowly(toNode(acts.fetch()), down.read))
  for (const { count } of [up, down]) {
    expect([count.written, count.read]).toEqual([FLOW, FLOW])
    expect(count.most).toBeLessThanOrEqual(UNDER_WAY)
  }
}, 600_000)

test('ME-33 with no reader at all the writer of either kind stops, and the rest of the session goes on', async () => {
  const door = gate()
  const { acts } = await depot({ keep: () => door.passed })
  for (const way of ['web', 'node'] as const) {
    const { count, wrote } = meter()
    const keep = acts.keep()
    const writing = (
      way === 'web'
        ? webOf(flow(wrote)).pipeTo(toWeb(keep).writable)
        : pipeline(Readable.from(flow(wrote), { objectMode: false, highWaterMark: CHUNK }), toNode(keep))
    ).catch(codeOf)
    await turns(60)
    const before = count.written
    expect(before).toBeLessThanOrEqual(UNDER_WAY)
    await acts.ping()
    await turns()
    expect(count.written).toBe(before)
    keep.abort()
    expect(await writing).toBe('call/cancelled')
  }
  door.open()
})

test('ME-42 half-close: what was ended up still answers down, through both', async () => {
  const { acts } = await depot({
    async *turn(_, { up }) {
      const hash = createHash('sha256')
      for await (const chunk of up) hash.update(chunk)
      yield new Uint8Array(hash.digest())
    },
  })
  const sent = pattern(300_000)
  const expected = createHash('sha256').update(sent).digest()
  const web = toWeb(acts.turn())
  await webSource(sent).pipeTo(web.writable)
  expect((await whole(web.readable)).equals(expected)).toBe(true)
  const node = toNode(acts.turn())
  node.end(sent)
  expect((await whole(node)).equals(expected)).toBe(true)
})

test('ME-42 the end of what goes up, with nothing to come down, waits for the handler and fails with it', async () => {
  const door = gate()
  let fails = false
  const { acts } = await depot({
    keep: async (_, { up }) => {
      await drained(up)
      await door.passed
      if (fails) throw new TypeError('no room')
    },
  })
  const ways = {
    web: () => webSource(pattern(9)).pipeTo(toWeb(acts.keep()).writable),
    node: () => pipeline(Readable.from([pattern(9)]), toNode(acts.keep())),
  }
  let done = false
  const first = Promise.all([ways.web(), ways.node()]).then(() => {
    done = true
  })
  await turns()
  expect(done).toBe(false)
  door.open()
  await first
  fails = true
  for (const way of [ways.web, ways.node]) expect(await code(way())).toBe('call/internal')
})

test('ME-42 a source that fails gives the stream up with its failure for a reason, and its handler is told', async () => {
  const broken = new Error('disk')
  const told: unknown[] = []
  const { acts } = await depot({
    keep: async (_, { up, signal }) => {
      signal.addEventListener('abort', () => told.push(codeOf(signal.reason)))
      await drained(up)
    },
  })
  async function* failing() {
    yield pattern(9)
    await acts.ping()
    throw broken
  }
  const [web, node] = [acts.keep(), acts.keep()]
  expect(await failure(webOf(failing()).pipeTo(toWeb(web).writable))).toBe(broken)
  expect(await failure(pipeline(Readable.from(failing()), toNode(node)))).toBe(broken)
  for (const { closed } of [web, node]) {
    const end = await closed
    expect(!end.clean && [end.error.code, end.error.cause]).toEqual(['call/cancelled', broken])
  }
  await acts.ping()
  expect(told).toEqual(['call/cancelled', 'call/cancelled'])
})

test('ME-35 a handler that fails is what readers and writers of both fail with, behind what it gave', async () => {
  const lost = unhandled()
  const { acts } = await depot({
    async *turn() {
      yield Uint8Array.of(7)
      throw new TypeError('secret')
    },
    keep: () => Promise.reject(new TypeError('secret')),
  })
  const web = toWeb(acts.turn()).readable.getReader()
  expect((await web.read()).value).toEqual(Uint8Array.of(7))
  expect(await code(web.read())).toBe('call/internal')
  const node = toNode(acts.turn())
  const seen: Uint8Array[] = []
  expect(await code(pipeline(node, new Writable({ write: (chunk, _, done) => done(void seen.push(chunk)) })))).toBe(
    'call/internal',
  )
  expect(Buffer.concat(seen)).toEqual(Buffer.of(7))
  // A writer that has nothing to write.
  const idle = toWeb(acts.keep()).writable.getWriter()
  expect(await code(idle.closed)).toBe('call/internal')
  const quiet = toNode(acts.keep())
  const [error] = await new Promise<unknown[]>((resolve) => quiet.once('error', (...args) => resolve(args)))
  expect(codeOf(error)).toBe('call/internal')
  expect(await lost()).toEqual([])
})

test('ME-34 cancelling a reader, aborting a writer and destroying a Node stream give the stream up', async () => {
  const reason = new Error('enough')
  const ways: ((turn: ReturnType<Awaited<ReturnType<typeof depot>>['acts']['turn']>) => unknown)[] = [
    (turn) => toWeb(turn).readable.cancel(reason),
    (turn) => toWeb(turn).writable.abort(reason),
    (turn) =>
      toNode(turn)
        .on('error', () => undefined)
        .destroy(reason),
  ]
  for (const way of ways) {
    const told = gate<unknown>()
    const { acts } = await depot({
      async *turn(_, { signal, up }) {
        signal.addEventListener('abort', () => told.open(signal.reason))
        yield* up
      },
    })
    const turn = acts.turn()
    await turn.write(Uint8Array.of(1))
    await acts.ping()
    way(turn)
    const end = await turn.closed
    expect(!end.clean && [end.error.code, end.error.cause]).toEqual(['call/cancelled', reason])
    expect(codeOf(await told.passed)).toBe('call/cancelled')
  }
})

test('pipeTo with a signal gives the stream up', async () => {
  const giving = new AbortController()
  const { acts } = await depot({ keep: () => new Promise<void>(() => undefined) })
  const keep = acts.keep()
  const piping = failure(new ReadableStream<Uint8Array>().pipeTo(toWeb(keep).writable, { signal: giving.signal }))
  const reason = new Error('enough')
  giving.abort(reason)
  expect(await piping).toBe(reason)
  expect(await endOf(keep)).toBe('call/cancelled')
})

test('a Node stream that was read and written to its end is over and leaves nothing', async () => {
  const { acts } = await depot()
  for (const began of [acts.fetch(), acts.turn(), acts.keep()]) {
    const node = toNode<Uint8Array | undefined, Uint8Array | undefined>(began)
    if (node.writable) node.end(Uint8Array.of(1))
    if (node.readable) node.resume()
    await new Promise((resolve) => node.once('close', resolve))
    expect([await endOf(began), node.destroyed, node.errored]).toEqual(['clean', true, null])
  }
})

test('a Node stream reads one way and writes the other as the operation carries', async () => {
  const { acts } = await depot()
  const sides = [acts.keep(), acts.fetch(), acts.turn()].map((began) => {
    const node = toNode<Uint8Array | undefined, Uint8Array | undefined>(began)
    const side = [node.readable, node.writable]
    node.destroy()
    return side
  })
  expect(sides).toEqual([
    [false, true],
    [true, false],
    [true, true],
  ])
})

test('LI-12 a session that is lost fails both kinds on both sides, and nothing is left unhandled', async () => {
  const lost = unhandled()
  const { acts, near } = await depot({ keep: () => new Promise<void>(() => undefined) })
  const web = toWeb(acts.turn())
  const [reader, writer] = [web.readable.getReader(), web.writable.getWriter()]
  const node = toNode(acts.keep())
  const failed = new Promise((resolve) => node.once('error', resolve))
  const read = code(reader.read())
  near.abort()
  expect([await read, await code(writer.closed), codeOf(await failed)]).toEqual(Array(3).fill('session/lost'))
  expect(await lost()).toEqual([])
})

test('ME-41 a source of a handler that waits is left when its stream is given up', async () => {
  const cancelled = vi.fn()
  const destroyed = gate()
  const silent = {
    web: () => new ReadableStream<Uint8Array>({ cancel: cancelled }),
    node: () =>
      new Readable({
        read: () => undefined,
        destroy: (error, done) => {
          destroyed.open()
          done(error)
        },
      }),
  }
  for (const fetch of [silent.web, silent.node]) {
    const { acts, near, failures } = await depot({ fetch })
    const fetched = acts.fetch()
    await acts.ping()
    fetched.abort()
    await near.ping()
    await turns()
    expect(failures).toEqual([])
  }
  expect(cancelled).toHaveBeenCalledOnce()
  expect(SottoError.is(cancelled.mock.calls[0]?.[0], 'call/cancelled')).toBe(true)
  await destroyed.passed
})

test('ME-41 a source that fails is a failure of its handler, and one that ends before its stream is not asked again', async () => {
  const { acts, failures } = await depot({
    fetch: () =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => controller.error(new TypeError('secret')),
      }),
    turn: () =>
      new Transform({
        read() {
          this.destroy(new TypeError('secret'))
        },
      }),
  })
  expect(await code(whole(acts.fetch()))).toBe('call/internal')
  expect(await code(whole(acts.turn()))).toBe('call/internal')
  expect(failures.map(String)).toEqual(['TypeError: secret', 'TypeError: secret'])
})
