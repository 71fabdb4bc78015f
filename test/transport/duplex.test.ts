import { spawn } from 'node:child_process'
import { Duplex, PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { fromDuplex } from '../../src/transport/duplex.node.js'
import { fromChild } from '../../src/transport/stdio.node.js'
import { isFailure } from './conformance.js'

describe('fromDuplex', () => {
  test('TR-5 TR-9 fails both directions when the stream errors, after what had arrived', async () => {
    const stream = new PassThrough()
    const transport = fromDuplex(stream)
    void transport.write(Uint8Array.of(1))
    const reader = transport[Symbol.asyncIterator]()
    expect((await reader.next()).value).toEqual(Uint8Array.of(1))
    const cause = new Error('cable cut')
    const reading = reader.next()
    stream.destroy(cause)
    await expect(reading).rejects.toSatisfy((error: unknown) => isFailure(error) && error.cause === cause)
    await expect(transport.write(Uint8Array.of(2))).rejects.toSatisfy(isFailure)
  })

  test('TR-5 a stream that closes without an end has failed', async () => {
    const stream = new PassThrough()
    const transport = fromDuplex(stream)
    stream.destroy()
    await expect(transport[Symbol.asyncIterator]().next()).rejects.toSatisfy(isFailure)
  })

  test('TR-3 refuses streams of objects or of text, and one that is being read', () => {
    expect(() => fromDuplex(new PassThrough({ objectMode: true }))).toThrow(TypeError)
    expect(() => fromDuplex(new PassThrough().setEncoding('utf8'))).toThrow(TypeError)
    const read = new PassThrough()
    read.on('data', () => undefined)
    expect(() => fromDuplex(read)).toThrow(TypeError)
  })

  test('TR-8 believes a stream that has more room than 256 KiB', () => {
    const stream = new Duplex({ writableHighWaterMark: 1_048_576, read: () => undefined, write: () => undefined })
    const transport = fromDuplex(stream)
    expect(transport.write(new Uint8Array(1_000_000))).toBeUndefined()
    expect(transport.write(new Uint8Array(100_000))).toBeInstanceOf(Promise)
  })
})

describe('fromChild', () => {
  test('TR-26 fails with the cause when the child does not start', async () => {
    const transport = fromChild(spawn('/nowhere/sotto-no-such-program', { stdio: 'pipe' }))
    const notFound = (error: unknown): boolean =>
      isFailure(error) && error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'ENOENT'
    await expect(transport[Symbol.asyncIterator]().next()).rejects.toSatisfy(notFound)
    await transport.close()
  })

  test('TR-9 TR-16 a child that ends while it is written to fails the writing and ends the reading', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdout.write("bye"), process.exit()'], { stdio: 'pipe' })
    const transport = fromChild(child)
    await expect(transport.write(new Uint8Array(33_554_432))).rejects.toSatisfy(isFailure)
    const chunks: Uint8Array[] = []
    for await (const chunk of transport) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString()).toBe('bye')
    await transport.close()
  })

  test('TR-26 refuses a child whose input and output are not piped', () => {
    const child = spawn(process.execPath, ['-e', ''], { stdio: ['ignore', 'pipe', 'inherit'] })
    expect(() => fromChild(child)).toThrow(TypeError)
  })
})
