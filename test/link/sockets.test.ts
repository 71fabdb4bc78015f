import { mkdtempSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  bytes,
  type Contract,
  client,
  contract,
  type DialOptions,
  generateIdentity,
  type HostOptions,
  oneWay,
  requestResponse,
  SottoError,
} from '../../src/index.js'
import { CAPS } from '../../src/link/caps.js'
import { initiatorSideOf } from '../../src/link/options.js'
import { now } from '../../src/link/pump.js'
import { dial, type Endpoint, type Listener, listen } from '../../src/node.js'
import { Engine } from '../../src/session/engine.js'
import { alice, all, bob, code, codeOf, dialling, Echo, echo, failure, open, unhandled } from './sessions.js'

const folder = mkdtempSync(join(tmpdir(), 'sotto-link-'))
afterAll(() => rmSync(folder, { recursive: true }))

const KINDS: readonly (readonly [string, () => Endpoint])[] = [
  ['TCP', () => 'tcp:127.0.0.1:0'],
  ['a Unix socket', () => `unix:${join(folder, `${process.hrtime.bigint()}.sock`)}`],
]

const one = Uint8Array.of(1)

const answering = async (endpoint: Endpoint, over: Partial<HostOptions> = {}): Promise<Listener> => {
  const listener = await listen(endpoint, {
    identity: bob,
    trust: [alice.id],
    policy: open,
    serve: [echo()],
    ...over,
  })
  onTestFinished(() => listener.close())
  return listener
}

/** Sockets of this process that are open, listening ones apart. */
const sockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap' || name === 'PipeWrap').length

/** Resolves when so many sockets are open; they close in the turns that follow. */
const until = async (count: number): Promise<void> => {
  while (sockets() > count) await new Promise((resolve) => setImmediate(resolve))
}

const rawTo = (endpoint: Endpoint): Socket => {
  const [, host = '', port] = endpoint.split(':')
  const place = port === undefined ? { path: host } : { host, port: +port }
  return createConnection({ allowHalfOpen: true, ...place })
}

/** What the next read gives. */
const chunk = (socket: Socket): Promise<Buffer> => new Promise((resolve) => socket.once('data', resolve))

/** All that still comes, and how it ends. */
const rest = (socket: Socket): Promise<readonly [number, string]> =>
  new Promise((resolve) => {
    let bytes = 0
    socket.on('data', ({ length }) => {
      bytes += length
    })
    socket.on('end', () => {
      resolve([bytes, 'end'])
      socket.destroy()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve([bytes, error.code ?? 'error']))
  })

/** An initiator's engine on a raw socket, up to its message 3, which is not sent. */
const messages = async (socket: Socket): Promise<Uint8Array> => {
  const time = now()
  const engine = Engine.initiate(initiatorSideOf(dialling({ use: [Echo] }), time), time)
  socket.write(engine.take(time) ?? one)
  while (engine.state === 'I.answer') {
    engine.receive(await chunk(socket), time)
    const next = engine.take(time)
    if (next !== undefined) return next
  }
  throw new Error('expected a message 3')
}

const hello = (): Uint8Array => {
  const time = now()
  const engine = Engine.initiate(initiatorSideOf(dialling(), time), time)
  return engine.take(time) ?? one
}

const changed = (packet: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(packet)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

/** A Hello whose header announces a Noise message of 16,001 bytes. */
const oversized = (): Uint8Array => {
  const packet = Uint8Array.from(hello())
  packet.set([0x3e, 0x81], packet.length - 1_218)
  return packet
}

/** What one does who gets no session, and what the listener calls it. */
const FAULTS: readonly (readonly [string, (socket: Socket) => unknown, string])[] = [
  ['speaks HTTP', (socket) => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), 'session/malformed'],
  ['speaks TLS', (socket) => socket.write(Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3)), 'session/malformed'],
  ['announces a negotiation part over 128 bytes', (socket) => socket.write(Uint8Array.of(0, 129)), 'session/malformed'],
  ['announces a packet over 16,000 bytes', (socket) => socket.write(oversized()), 'session/malformed'],
  ['sends a packet of another magic', (socket) => socket.write(changed(hello(), 3)), 'session/malformed'],
  ['sends a low-order key', (socket) => socket.write(Uint8Array.from(hello()).fill(0, -1_216, -1_184)), 'noise/failed'],
  ['says nothing', () => undefined, 'session/timeout'],
  ['says half a Hello', (socket) => socket.write(hello().subarray(0, 100)), 'session/timeout'],
  ['ends before its Hello', (socket) => socket.end(), 'session/lost'],
  ['ends in its Hello', (socket) => socket.end(hello().subarray(0, 100)), 'session/lost'],
  ['changes its message 3', async (socket) => socket.write(changed(await messages(socket), 50)), 'noise/failed'],
  ['cuts its message 3', async (socket) => socket.write((await messages(socket)).subarray(0, 40)), 'session/timeout'],
  ['sends nothing after message 2', messages, 'session/timeout'],
  ['ends after message 2', async (socket) => messages(socket).then(() => socket.end()), 'session/lost'],
]

const Other = contract('other.v1', { echo: requestResponse({ request: bytes, response: bytes }) })
const Changed = contract('echo.v1', { echo: oneWay(bytes), wait: requestResponse({}), tell: oneWay(bytes) })
const More = contract('echo.v1', { more: requestResponse({}) })

/** What is refused after message 3, so with a reason: what is odd at one of the ends, and the code at both. */
const REFUSED: readonly (readonly [string, string, Partial<DialOptions>, Partial<HostOptions>])[] = [
  ['a peer that is not pinned', 'identity/not-trusted', {}, { trust: [] }],
  ['a contract that is not served', 'contract/unserved', { use: [Echo, Other] }, {}],
  ['an operation that is not served', 'contract/unserved', { use: [More] }, {}],
  ['an operation of another row', 'contract/changed', { use: [Changed] }, {}],
  ['a service that is not here', 'session/service', { protocol: { service: 'x' } }, {}],
  [
    'a contract that the policy keeps',
    'policy/denied',
    {},
    {
      policy: {
        version: 1,
        rules: [...open.rules, { id: 'keep', effect: 'deny', by: ['any'], verbs: ['initiate'], on: ['echo.v1'] }],
      },
    },
  ],
]

/** The codes of so many failures, and of what else failed before the listener was closed. */
const failuresOf = async (listener: Listener, count = 1): Promise<unknown[]> => {
  const codes: unknown[] = []
  for await (const { error } of listener.failures) if (codes.push(error.code) === count) break
  await listener.close()
  return [...codes, ...(await all(listener.failures)).map(({ error }) => error.code)]
}

describe.each(KINDS)('over %s', (kind, endpoint) => {
  test.each(FAULTS)('LI-2 one that %s sees no byte and one kind of end', async (_, act, expected) => {
    const lost = unhandled()
    const before = sockets()
    const listener = await answering(endpoint(), { protocol: { handshakeMs: 200 } })
    const listening = sockets()
    const socket = rawTo(listener.endpoint)
    await act(socket)
    expect(await rest(socket)).toEqual([0, 'end'])
    await until(listening)
    expect(listener.sessions.size).toBe(0)
    expect(await failuresOf(listener)).toEqual([expected])
    await until(before)
    expect(await lost()).toEqual([])
  })

  test('LI-2 one that floods is cut without a byte and without being read to the end', async () => {
    const listener = await answering(endpoint())
    const listening = sockets()
    const socket = rawTo(listener.endpoint)
    socket.on('error', () => undefined)
    const ended = rest(socket)
    socket.write(new Uint8Array(2 ** 23).fill(1))
    expect((await ended)[0]).toBe(0)
    expect(socket.bytesWritten - socket.writableLength).toBeLessThan(2 ** 23)
    socket.destroy()
    await until(listening)
    expect(await failuresOf(listener)).toEqual(['session/malformed'])
  })

  test('LI-1 LI-4 slow ones hold their places no longer than the handshake lasts, and others come in', async () => {
    const before = sockets()
    const listener = await answering(endpoint(), { protocol: { handshakeMs: 400 } })
    const slow = CAPS.halfOpenSource
    const held = Array.from({ length: slow }, () => rawTo(listener.endpoint))
    const ended = held.map(async (socket) => {
      socket.write(hello().subarray(0, 10))
      const dripping = setInterval(() => socket.write(one), 50)
      const seen = await rest(socket)
      clearInterval(dripping)
      return seen[0]
    })
    expect(await Promise.all(ended)).toEqual(Array(slow).fill(0))
    const session = await dial(listener.endpoint, dialling({ use: [Echo] }))
    expect(await client(session, Echo).echo(one)).toEqual(one)
    await session.close()
    const codes = await failuresOf(listener, slow)
    expect(codes).toEqual(Array(slow).fill('session/timeout'))
    await until(before)
  })

  test.each(REFUSED)('SE-29 %s is refused after message 3, as %s at both ends', async (_, expected, near, far) => {
    const before = sockets()
    const listener = await answering(endpoint(), far)
    const error = await failure(dial(listener.endpoint, dialling<Contract>({ use: [Echo], ...near })))
    expect(codeOf(error)).toBe(expected)
    expect(listener.sessions.size).toBe(0)
    expect(await failuresOf(listener)).toEqual([expected])
    await until(before)
  })

  test('SE-11 ID-8 another peer than the expected one, and the own key, are left before message 3', async () => {
    const before = sockets()
    const listener = await answering(endpoint(), { trust: [alice.id, bob.id] })
    const expected = generateIdentity().id
    const error = await failure(dial(listener.endpoint, dialling({ peer: expected })))
    expect(SottoError.is(error, 'identity/mismatch') && error.details).toEqual({ expected, seen: bob.id })
    expect(await code(dial(listener.endpoint, dialling({ identity: bob })))).toBe('identity/self')
    expect(await failuresOf(listener, 2)).toEqual(['session/lost', 'session/lost'])
    await until(before)
  })

  test('LI-3 a dial is given up before it connects, and while the other end keeps still', async () => {
    const before = sockets()
    const listener = await answering(endpoint())
    const reason = new Error('changed my mind')
    const early = await failure(dial(listener.endpoint, dialling({ signal: AbortSignal.abort(reason) })))
    expect(early instanceof SottoError && [early.code, early.cause]).toEqual(['session/closed', reason])
    const connecting = new AbortController()
    const dialled = failure(dial(listener.endpoint, dialling({ signal: connecting.signal })))
    connecting.abort(reason)
    expect(codeOf(await dialled)).toBe('session/closed')
    await listener.close()
    await until(before)
  })

  test('LI-1 the time for a dial is up where nobody answers, and options that cannot be open nothing', async () => {
    const before = sockets()
    const held: Socket[] = []
    const deaf = createServer((socket) => void held.push(socket))
    const place = kind === 'TCP' ? { host: '127.0.0.1', port: 0 } : { path: join(folder, 'deaf.sock') }
    await new Promise<void>((resolve) => deaf.listen(place, resolve))
    const address = deaf.address()
    const at: Endpoint = typeof address === 'object' ? `tcp:127.0.0.1:${address?.port ?? 0}` : `unix:${address ?? ''}`
    expect(await code(dial(at, dialling({ protocol: { handshakeMs: 100 } })))).toBe('session/timeout')
    expect(held).toHaveLength(1)
    expect(await failure(dial(at, dialling({ use: [Echo, Echo] })))).toBeInstanceOf(RangeError)
    expect(await code(dial(at, dialling({ peer: 'sotto1nobody' })))).toBe('identity/malformed')
    expect(held).toHaveLength(1)
    for (const socket of held) socket.destroy()
    deaf.close()
    await until(before)
  })

  test('a listener drains and closes: nothing new comes in, and its sockets are gone', async () => {
    const before = sockets()
    const listener = await answering(endpoint())
    const sessions = await Promise.all(
      Array.from({ length: 5 }, () => dial(listener.endpoint, dialling({ use: [Echo] }))),
    )
    expect(listener.sessions.size).toBe(5)
    const calls = sessions.map((session) => client(session, Echo).echo(new Uint8Array(100_000)))
    await Promise.all(calls)
    await listener.drain()
    for (const session of sessions) expect(await session.closed).toEqual({ clean: true })
    expect(await code(dial(listener.endpoint, dialling()))).toBe('transport/failed')
    expect(listener.sessions.size).toBe(0)
    await until(before)
  })

  test('a listener whose signal aborts is gone at once, and one that cannot listen leaves nothing behind', async () => {
    const before = sockets()
    const controller = new AbortController()
    const listener = await answering(endpoint(), { signal: controller.signal })
    const session = await dial(listener.endpoint, dialling())
    expect(await code(answering(listener.endpoint))).toBe('transport/failed')
    controller.abort()
    expect((await session.closed).clean).toBe(false)
    expect(await code(dial(listener.endpoint, dialling()))).toBe('transport/failed')
    const dead = await answering(endpoint(), { signal: controller.signal })
    expect(await code(dial(dead.endpoint, dialling()))).toBe('transport/failed')
    await until(before)
  })
})
