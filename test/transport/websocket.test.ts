import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import { ROOM } from '../../src/transport/transport.js'
import { fromWebSocket, MAX_MESSAGE } from '../../src/transport/websocket.js'
import { browserSocket } from './browsersocket.js'
import { isFailure } from './conformance.js'

const listening = async (): Promise<{ readonly server: WebSocketServer; readonly url: string }> => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  onTestFinished(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  return { server, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** A socket for a transport, and the other end as it is; both are open. */
const opened = async (): Promise<{ readonly socket: WebSocket; readonly raw: WebSocket }> => {
  const { server, url } = await listening()
  const socket = new WebSocket(url)
  const [[raw]] = await Promise.all([once(server, 'connection'), once(socket, 'open')])
  return { socket, raw }
}

/** The next `count` messages. */
const messages = (raw: WebSocket, count: number): Promise<readonly (readonly [data: Buffer, isBinary: boolean])[]> =>
  new Promise((resolve) => {
    const all: [Buffer, boolean][] = []
    raw.on('message', (data: Buffer, isBinary) => {
      if (all.push([data, isBinary]) === count) resolve(all)
    })
  })

const code = (raw: WebSocket): Promise<number> => once(raw, 'close').then(([number]) => number)

describe('fromWebSocket', () => {
  test('TR-43 a socket that throws has failed: nothing is thrown at its events, and no write waits for ever', async () => {
    type Listener = (event: { readonly data: unknown; readonly code: number }) => void
    const opens: Listener[] = []
    const socket = {
      binaryType: '',
      readyState: 0,
      bufferedAmount: 0,
      addEventListener: (type: string, listener: Listener) => void (type === 'open' && opens.push(listener)),
      send: () => {
        throw new Error('the socket is gone')
      },
      close: () => undefined,
    }
    const written = fromWebSocket(socket).write(Uint8Array.of(1))
    socket.readyState = 1
    for (const open of opens) open({ data: undefined, code: 0 })
    await expect(written).rejects.toSatisfy(isFailure)
  })

  test('TR-40 TR-41 sends binary messages of at most 65,537 bytes', async () => {
    const { socket, raw } = await opened()
    const written = Uint8Array.from({ length: 2 * MAX_MESSAGE + 1 }, (_, i) => i % 251)
    const got = messages(raw, 3)
    void fromWebSocket(socket).write(written)
    const all = await got
    expect(all.map(([data, isBinary]) => [data.length, isBinary])).toEqual([
      [MAX_MESSAGE, true],
      [MAX_MESSAGE, true],
      [1, true],
    ])
    expect(Buffer.concat(all.map(([data]) => data)).equals(written)).toBe(true)
  })

  test('TR-41 takes a message of 65,537 bytes and fails on a longer one', async () => {
    const { socket, raw } = await opened()
    const transport = fromWebSocket(socket)
    const reader = transport[Symbol.asyncIterator]()
    raw.send(new Uint8Array(MAX_MESSAGE))
    expect((await reader.next()).value).toHaveLength(MAX_MESSAGE)
    const closed = code(raw)
    raw.send(new Uint8Array(MAX_MESSAGE + 1))
    await expect(reader.next()).rejects.toSatisfy(isFailure)
    await expect(transport.write(Uint8Array.of(1))).rejects.toSatisfy(isFailure)
    expect(await closed).not.toBe(1_000)
  })

  test('TR-40 fails on a text message, after the bytes before it', async () => {
    const { socket, raw } = await opened()
    const reader = fromWebSocket(socket)[Symbol.asyncIterator]()
    raw.send(Uint8Array.of(1))
    raw.send('')
    expect((await reader.next()).value).toEqual(Uint8Array.of(1))
    await expect(reader.next()).rejects.toSatisfy(isFailure)
  })

  test('TR-1 an empty message is no chunk and no end', async () => {
    const { socket, raw } = await opened()
    const reader = fromWebSocket(socket)[Symbol.asyncIterator]()
    raw.send(new Uint8Array(0))
    raw.send(Uint8Array.of(1))
    expect((await reader.next()).value).toEqual(Uint8Array.of(1))
  })

  test('TR-42 a socket that cannot be paused fails at 256 KiB that nobody reads, and yields them', async () => {
    const { socket, raw } = await opened()
    const transport = fromWebSocket(browserSocket(socket))
    const closed = code(raw)
    for (let i = 0; i < 8; i++) raw.send(new Uint8Array(65_536))
    expect(await closed).toBe(4_000)
    const reader = transport[Symbol.asyncIterator]()
    let waited = 0
    for (let i = 0; i < 4; i++) waited += (await reader.next()).value?.length ?? 0
    expect(waited).toBe(ROOM)
    await expect(reader.next()).rejects.toSatisfy(isFailure)
  })

  test('TR-7 a socket that can be paused stops taking bytes', async () => {
    const { socket, raw } = await opened()
    const transport = fromWebSocket(socket)
    for (let i = 0; i < 1_024; i++) raw.send(new Uint8Array(65_536))
    while (!socket.isPaused) await new Promise((resolve) => setImmediate(resolve))
    expect(raw.bufferedAmount).toBeGreaterThan(0)
    let read = 0
    for await (const chunk of transport) {
      read += chunk.length
      if (read === 1_024 * 65_536) break
    }
  })

  test.each([[1_000], [undefined]])('TR-4 TR-43 takes a close with code %s for an end', async (number) => {
    const { socket, raw } = await opened()
    const transport = fromWebSocket(socket)
    const reader = transport[Symbol.asyncIterator]()
    raw.send(Uint8Array.of(1))
    raw.close(number)
    expect((await reader.next()).value).toEqual(Uint8Array.of(1))
    expect((await reader.next()).done).toBe(true)
    await expect(transport.write(Uint8Array.of(1))).rejects.toSatisfy(isFailure)
  })

  test.each([1_001, 1_011, 4_000])('TR-5 TR-43 takes a close with code %s for a failure', async (number) => {
    const { socket, raw } = await opened()
    const reader = fromWebSocket(socket)[Symbol.asyncIterator]()
    raw.close(number)
    await expect(reader.next()).rejects.toThrow(`code ${number}`)
  })

  test('TR-5 TR-43 takes a lost connection for a failure', async () => {
    const { socket, raw } = await opened()
    const reader = fromWebSocket(socket)[Symbol.asyncIterator]()
    raw.terminate()
    await expect(reader.next()).rejects.toThrow('code 1006')
  })

  test('TR-44 close says 1000, and abort 4000 where it can only close', async () => {
    const first = await opened()
    const closed = code(first.raw)
    await fromWebSocket(first.socket).close()
    expect(await closed).toBe(1_000)
    const second = await opened()
    const aborted = code(second.raw)
    fromWebSocket(browserSocket(second.socket)).abort(new Error('enough'))
    expect(await aborted).toBe(4_000)
    const third = await opened()
    const cut = code(third.raw)
    fromWebSocket(third.socket).abort(new Error('enough'))
    expect(await cut).toBe(1_006)
  })

  test.each([
    ['ws', (socket: WebSocket) => socket],
    ['a browser', browserSocket],
  ])('TR-8 TR-45 sends what was written before a socket of %s was open, then has room', async (_, shape) => {
    const { server, url } = await listening()
    const transport = fromWebSocket(shape(new WebSocket(url)))
    const room = transport.write(Uint8Array.of(1, 2))
    expect(room).toBeInstanceOf(Promise)
    void transport.write(Uint8Array.of(3))
    const [raw] = await once(server, 'connection')
    expect((await messages(raw, 2)).flatMap(([data]) => [...data])).toEqual([1, 2, 3])
    await room
  })

  test('TR-1 TR-45 keeps the order of what is written before and in the event that opens the socket', async () => {
    const { server, url } = await listening()
    const socket = new WebSocket(url)
    socket.on('open', () => void transport.write(Uint8Array.of(2)))
    const transport = fromWebSocket(socket)
    void transport.write(Uint8Array.of(1))
    const [raw] = await once(server, 'connection')
    expect((await messages(raw, 2)).flatMap(([data]) => [...data])).toEqual([1, 2])
  })

  test('TR-10 TR-45 close of a socket that is not open yet sends all, then the end', async () => {
    const { server, url } = await listening()
    const transport = fromWebSocket(new WebSocket(url))
    void transport.write(Uint8Array.of(1))
    const closing = transport.close()
    const [raw] = await once(server, 'connection')
    const closed = code(raw)
    expect(await messages(raw, 1)).toEqual([[Buffer.of(1), true]])
    expect(await closed).toBe(1_000)
    await closing
  })

  test('TR-16 TR-24 a connection that is refused fails with its cause', async () => {
    const { server, url } = await listening()
    server.close()
    const transport = fromWebSocket(new WebSocket(url))
    const writing = transport.write(Uint8Array.of(1))
    const refused = (error: unknown): boolean =>
      isFailure(error) && error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'ECONNREFUSED'
    await expect(transport[Symbol.asyncIterator]().next()).rejects.toSatisfy(refused)
    await expect(writing).rejects.toSatisfy(refused)
    await transport.close()
  })

  test('TR-13 TR-16 abort of a socket that is not open yet ends it', async () => {
    const { url } = await listening()
    const socket = new WebSocket(url)
    const transport = fromWebSocket(socket)
    const reading = transport[Symbol.asyncIterator]().next()
    transport.abort(new Error('changed my mind'))
    await expect(reading).rejects.toSatisfy(isFailure)
    // Its error comes first; nobody but the transport hears it.
    await new Promise((resolve) => socket.on('close', resolve))
  })

  test('TR-5 TR-9 a socket that is closed already has failed', async () => {
    const { socket, raw } = await opened()
    raw.close()
    await once(socket, 'close')
    const transport = fromWebSocket(socket)
    await expect(transport[Symbol.asyncIterator]().next()).rejects.toSatisfy(isFailure)
    await expect(transport.write(Uint8Array.of(1))).rejects.toSatisfy(isFailure)
    await transport.close()
  })
})
