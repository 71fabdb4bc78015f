import { afterEach, describe, expect, test, vi } from 'vitest'
import { fromStreams } from '../../src/transport/streams.js'
import type { Transport } from '../../src/transport/transport.js'
import { isFailure } from './conformance.js'

afterEach(() => vi.useRealTimers())

describe('fromStreams', () => {
  test('TR-1 yields no empty chunk and writes none', async () => {
    const written: unknown[] = []
    const readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const length of [0, 3, 0]) controller.enqueue(new Uint8Array(length))
        controller.close()
      },
    })
    const writable = new WritableStream({ write: (chunk) => void written.push(chunk) })
    const transport = fromStreams({ readable, writable })
    for (const length of [0, 2, 0]) await transport.write(new Uint8Array(length))
    const lengths: number[] = []
    for await (const chunk of transport) lengths.push(chunk.length)
    expect(lengths).toEqual([3])
    await transport.close()
    expect(written).toEqual([new Uint8Array(2)])
  })

  test('TR-15 abort ends a close that waits for a sink that never answers', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const transport = await new Promise<Transport>((resolve) => {
      const write = (): Promise<never> => {
        resolve(stuck)
        return new Promise(() => undefined)
      }
      const stuck = fromStreams({ readable: new ReadableStream(), writable: new WritableStream({ write }) })
      void stuck.write(Uint8Array.of(1))
    })
    const closing = transport.close()
    transport.abort(new Error('now'))
    await closing
  })

  test('TR-5 throws when the stream errors, with its error as the cause', async () => {
    const cause = new Error('radio silence')
    const readable = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(cause) })
    const transport = fromStreams({ readable, writable: new WritableStream() })
    const reading = transport[Symbol.asyncIterator]().next()
    await expect(reading).rejects.toSatisfy((error: unknown) => isFailure(error) && error.cause === cause)
  })

  test('TR-9 rejects what is written after the sink failed', async () => {
    const cause = new Error('full')
    const writable = new WritableStream({ write: () => Promise.reject(cause) })
    const transport = fromStreams({ readable: new ReadableStream(), writable })
    await expect(transport.write(Uint8Array.of(1))).rejects.toSatisfy(isFailure)
    await expect(transport.write(Uint8Array.of(2))).rejects.toSatisfy(isFailure)
  })

  test('TR-5 fails on a chunk that is not bytes', async () => {
    const readable = new ReadableStream({ start: (controller) => controller.enqueue('text') })
    const transport = fromStreams({ readable, writable: new WritableStream() })
    await expect(transport[Symbol.asyncIterator]().next()).rejects.toSatisfy(isFailure)
  })

  test('TR-3 a locked stream is refused', () => {
    const readable = new ReadableStream<Uint8Array>()
    readable.getReader()
    expect(() => fromStreams({ readable, writable: new WritableStream() })).toThrow(TypeError)
  })
})
