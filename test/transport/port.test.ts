import { once } from 'node:events'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fromPort, MAX_PIECE, WINDOW } from '../../src/transport/port.js'
import { CHUNKS } from '../../src/transport/transport.js'
import { isFailure } from './conformance.js'
import { electronPort } from './electron.js'

const bytes = (length: number): ArrayBuffer => new ArrayBuffer(length)

/** A transport over one end of a channel, and the other end as it is. */
const opened = () => {
  const { port1, port2 } = new MessageChannel()
  onTestFinished(() => port2.close())
  return { transport: fromPort(port1), raw: port2 }
}

/** What came since the last time, once the messages under way have. */
const received = (raw: MessagePort): (() => Promise<readonly unknown[]>) => {
  const all: unknown[] = []
  raw.on('message', (message) => all.push(message))
  return async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    return all.splice(0)
  }
}

const lengths = (messages: readonly unknown[]): readonly unknown[] =>
  messages.map((message) => (message instanceof ArrayBuffer ? message.byteLength : message))

describe('fromPort', () => {
  test.each<[string, unknown]>([
    ['null', null],
    ['a view', Uint8Array.of(1)],
    ['shared memory', new SharedArrayBuffer(4)],
    ['another text', 'ends'],
    ['an object', { data: 'end' }],
    ['no bytes', bytes(0)],
    ['65,538 bytes', bytes(MAX_PIECE + 1)],
  ])('TR-46 fails on %s', async (_, message) => {
    const { transport, raw } = opened()
    const heard = received(raw)
    const reader = transport[Symbol.asyncIterator]()
    raw.postMessage(bytes(1))
    raw.postMessage(message)
    expect((await reader.next()).value).toHaveLength(1)
    await expect(reader.next()).rejects.toSatisfy(isFailure)
    await expect(transport.write(Uint8Array.of(1))).rejects.toSatisfy(isFailure)
    expect(await heard()).toEqual(['abort'])
  })

  test('TR-51 a port that throws has failed: nothing is thrown at its events, and close resolves', async () => {
    const listeners: ((message: unknown) => void)[] = []
    const hear = (type: string, listener: (message: unknown) => void): void =>
      void (type === 'message' && listeners.push(listener))
    const postMessage = (): never => {
      throw new Error('the port is gone')
    }
    const made = () => fromPort({ on: hear, postMessage })
    const reading = made()
    for (let piece = 0; piece < 4; piece++) listeners[0]?.(bytes(MAX_PIECE - 1))
    await expect(reading.write(Uint8Array.of(1))).rejects.toSatisfy(isFailure)
    const writing = made()
    expect(writing.write(Uint8Array.of(1))).toBeUndefined()
    await expect(writing.write(Uint8Array.of(1))).rejects.toSatisfy(isFailure)
    const closing = made()
    await closing.close()
    expect(() => made().abort(new Error('given up'))).not.toThrow()
  })

  test('TR-46 bytes behind an end fail the writing too', async () => {
    const { transport, raw } = opened()
    raw.postMessage('end')
    raw.postMessage(bytes(1))
    const reader = transport[Symbol.asyncIterator]()
    expect((await reader.next()).done).toBe(true)
    await received(raw)()
    await expect(transport.write(Uint8Array.of(1))).rejects.toSatisfy(isFailure)
  })

  test('TR-8 TR-47 sends 262,144 bytes, and more for credit alone', async () => {
    const { transport, raw } = opened()
    const heard = received(raw)
    expect(transport.write(new Uint8Array(WINDOW))).toBeUndefined()
    const writing = transport.write(new Uint8Array(100))
    expect(lengths(await heard())).toEqual([65_537, 65_537, 65_537, 65_533])
    raw.postMessage(255)
    expect(await heard()).toEqual([])
    raw.postMessage(1)
    expect(lengths(await heard())).toEqual([100])
    await writing
  })

  test('TR-47 a message costs 256 at least: 1,024 small ones go without credit', async () => {
    const { transport, raw } = opened()
    const heard = received(raw)
    for (let i = 0; i < CHUNKS; i++) expect(transport.write(Uint8Array.of(i))).toBeUndefined()
    expect(transport.write(Uint8Array.of(0))).toBeInstanceOf(Promise)
    expect(await heard()).toHaveLength(CHUNKS)
  })

  test('TR-7 TR-48 fails on bytes beyond the cost, and holds no more', async () => {
    const { transport, raw } = opened()
    // The reader's 1,024, and what was left of the window when they filled it.
    for (let i = 0; i < 1_536; i++) raw.postMessage(bytes(1))
    const heard = received(raw)
    expect(await heard()).toEqual([131_072])
    raw.postMessage(bytes(1))
    expect(await heard()).toEqual(['abort'])
    let read = 0
    const reading = (async () => {
      for await (const chunk of transport) read += chunk.length
    })()
    await expect(reading).rejects.toSatisfy(isFailure)
    expect(read).toBe(1_536)
  })

  test.each([0, -1, 0.5, Number.NaN, 257, Number.POSITIVE_INFINITY])('TR-48 fails on credit of %d', async (credit) => {
    const { transport, raw } = opened()
    void transport.write(Uint8Array.of(1))
    raw.postMessage(credit)
    await expect(transport[Symbol.asyncIterator]().next()).rejects.toSatisfy(isFailure)
  })

  test('TR-49 gives credit back in halves of the window, and when a reader that held back has read', async () => {
    const { transport, raw } = opened()
    const heard = received(raw)
    const reader = transport[Symbol.asyncIterator]()
    raw.postMessage(bytes(65_537))
    expect(await heard()).toEqual([])
    raw.postMessage(bytes(65_535))
    expect(await heard()).toEqual([131_072])
    for (let i = 0; i < 4; i++) raw.postMessage(bytes(65_000))
    expect(await heard()).toEqual([])
    for (let i = 0; i < 6; i++) await reader.next()
    expect(await heard()).toEqual([260_000])
  })

  test('TR-50 says abort and closes the port, and after both ends nothing', async () => {
    const first = opened()
    const heard = received(first.raw)
    first.transport.abort(new Error('enough'))
    await once(first.raw, 'close')
    expect(await heard()).toEqual(['abort'])
    const second = opened()
    const words = received(second.raw)
    second.raw.postMessage('end')
    await second.transport.close()
    expect(await words()).toEqual(['end'])
  })

  test('TR-13 TR-14 an abort of the other end fails both directions', async () => {
    const { transport, raw } = opened()
    raw.postMessage('abort')
    await expect(transport[Symbol.asyncIterator]().next()).rejects.toSatisfy(isFailure)
    await expect(transport.write(Uint8Array.of(1))).rejects.toSatisfy(isFailure)
  })

  test('TR-5 TR-51 a port that closes without an end has failed', async () => {
    const { transport, raw } = opened()
    raw.postMessage(bytes(1))
    raw.close()
    const reader = transport[Symbol.asyncIterator]()
    expect((await reader.next()).value).toHaveLength(1)
    await expect(reader.next()).rejects.toSatisfy(isFailure)
  })

  test('TR-51 a worker that throws fails it with the cause, one that exits fails it too', async () => {
    const throwing = fromPort(new Worker('throw new Error("defect")', { eval: true }))
    const because = (error: unknown): boolean =>
      isFailure(error) && error.cause instanceof Error && error.cause.message === 'defect'
    await expect(throwing[Symbol.asyncIterator]().next()).rejects.toSatisfy(because)
    const exiting = fromPort(new Worker('', { eval: true }))
    await expect(exiting[Symbol.asyncIterator]().next()).rejects.toSatisfy(isFailure)
  })

  test('TR-51 a message that cannot be read fails it', async () => {
    const listeners = new Map<string, (event: unknown) => void>()
    const port = {
      addEventListener: (type: string, listener: (event: unknown) => void) => listeners.set(type, listener),
      postMessage: () => undefined,
    }
    const reading = fromPort(port)[Symbol.asyncIterator]().next()
    listeners.get('messageerror')?.({})
    await expect(reading).rejects.toSatisfy(isFailure)
  })

  test('TR-2 TR-52 copies what it sends and nothing around it, and leaves the buffer whole', async () => {
    const { transport, raw } = opened()
    const heard = received(raw)
    const pool = Uint8Array.from({ length: 100 }, (_, i) => i)
    void transport.write(pool.subarray(10, 13))
    void transport.write(Buffer.from('abc'))
    const shared = new Uint8Array(new SharedArrayBuffer(2))
    void transport.write(shared)
    const [first, second, third] = await heard()
    expect([first, second, third]).toEqual([
      Uint8Array.of(10, 11, 12).buffer,
      Uint8Array.of(97, 98, 99).buffer,
      bytes(2),
    ])
    expect(pool.length).toBe(100)
  })

  test('TR-1 reads the events of Electron’s shape', async () => {
    const { port1, port2 } = new MessageChannel()
    const transport = fromPort(electronPort(port1))
    port2.postMessage(bytes(3))
    port2.postMessage('end')
    const reader = transport[Symbol.asyncIterator]()
    expect((await reader.next()).value).toEqual(new Uint8Array(3))
    expect((await reader.next()).done).toBe(true)
    port2.close()
  })
})
