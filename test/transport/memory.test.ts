import { describe, expect, test } from 'vitest'
import { memoryPair } from '../../src/transport/memory.js'
import { CHUNKS, ROOM } from '../../src/transport/transport.js'
import { isFailure } from './conformance.js'

describe('memoryPair', () => {
  test('TR-2 shares no bytes with the writer, not even where the writer gave a Buffer', async () => {
    const [near, far] = memoryPair()
    const written = Buffer.from('abc')
    void near.write(written)
    const { value } = await far[Symbol.asyncIterator]().next()
    written.fill(0)
    expect(value).toEqual(new Uint8Array([97, 98, 99]))
    expect(value.buffer).not.toBe(written.buffer)
  })

  test('TR-7 TR-8 has room for one byte less than 256 KiB, and has it again once all is read', async () => {
    const [near, far] = memoryPair()
    expect(near.write(new Uint8Array(ROOM - 1))).toBeUndefined()
    const waiting = near.write(new Uint8Array(1))
    expect(waiting).toBeInstanceOf(Promise)
    const reader = far[Symbol.asyncIterator]()
    await reader.next()
    expect(await Promise.race([waiting, Promise.resolve('still waiting')])).toBe('still waiting')
    await reader.next()
    await waiting
    expect(near.write(new Uint8Array(1))).toBeUndefined()
  })

  test('TR-7 has room for 1,023 chunks, however small they are', () => {
    const [near] = memoryPair()
    for (let i = 1; i < CHUNKS; i++) expect(near.write(Uint8Array.of(i))).toBeUndefined()
    expect(near.write(Uint8Array.of(0))).toBeInstanceOf(Promise)
  })

  test('TR-5 yields what arrived before a failure, throws the failure, then is over', async () => {
    const [near, far] = memoryPair()
    void near.write(Uint8Array.of(1))
    void near.write(Uint8Array.of(2))
    near.abort(new Error('lost'))
    const reader = far[Symbol.asyncIterator]()
    expect((await reader.next()).value).toEqual(Uint8Array.of(1))
    expect((await reader.next()).value).toEqual(Uint8Array.of(2))
    await expect(reader.next()).rejects.toSatisfy(isFailure)
    expect((await reader.next()).done).toBe(true)
    await expect(far.write(Uint8Array.of(3))).rejects.toSatisfy(isFailure)
  })

  test('TR-13 forgets what was not read when it is aborted, and says so even after the end came', async () => {
    const [near, far] = memoryPair()
    void near.write(Uint8Array.of(1))
    await near.close()
    far.abort(new Error('enough'))
    await expect(far[Symbol.asyncIterator]().next()).rejects.toSatisfy(isFailure)
  })

  test('TR-13 says so even when close follows', async () => {
    const [near] = memoryPair()
    near.abort(new Error('enough'))
    await near.close()
    await expect(near[Symbol.asyncIterator]().next()).rejects.toSatisfy(isFailure)
  })

  test('TR-4 TR-9 the peer of a closed end reads to the end and can write no more', async () => {
    const [near, far] = memoryPair()
    void near.write(Uint8Array.of(1))
    await near.close()
    await expect(far.write(Uint8Array.of(2))).rejects.toSatisfy(isFailure)
    const reader = far[Symbol.asyncIterator]()
    expect((await reader.next()).done).toBe(false)
    expect((await reader.next()).done).toBe(true)
  })
})
