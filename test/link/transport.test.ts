import { expect, test } from 'vitest'
import { client, initiate, memoryPair, type Session, SottoError, type Transport } from '../../src/index.js'
import { type Faults, faulty, never } from './faulty.js'
import { code, codeOf, dialling, Echo, echo, failure, listening, pair, unhandled } from './sessions.js'

const one = Uint8Array.of(1)
const broken = new TypeError('broken')

const throws = (): never => {
  throw broken
}
const rejects = (): Promise<never> => Promise.reject(broken)

const ends = async (session: Session): Promise<unknown> => {
  const closed = await session.closed
  return closed.clean ? 'clean' : closed.error.code
}

test.each<[string, Faults, unknown]>([
  ['throws in write', { write: throws }, 'channel/truncated'],
  ['rejects a write', { write: rejects }, 'channel/truncated'],
  ['throws in a read', { read: throws }, 'channel/truncated'],
  ['rejects a read', { read: rejects }, 'channel/truncated'],
  ['ends without END', { read: async () => ({ done: true, value: undefined }) }, 'channel/truncated'],
  // The cast: a transport in JavaScript keeps to no type.
  ['yields text', { read: async () => ({ done: false, value: 'text' as unknown as Uint8Array }) }, 'channel/truncated'],
  ['yields garbage', { read: async () => ({ done: false, value: new Uint8Array(64).fill(255) }) }, 'channel/forged'],
  ['writes and throws in abort', { write: rejects, abort: throws }, 'channel/truncated'],
])('LI-14 a transport that %s ends its session, typed and alone', async (_, faults, expected) => {
  const lost = unhandled()
  const [left, right] = memoryPair()
  const hostile = faulty(left)
  const { near } = await pair({
    transports: [hostile.transport, right],
    far: { serve: [echo({ wait: () => never<undefined>() })] },
  })
  const waiting = failure(client(near, Echo).wait())
  await near.ping()
  Object.assign(hostile.faults, faults)
  const calls = await Promise.all([waiting, failure(client(near, Echo).echo(new Uint8Array(300_000)))])
  expect(calls.map(codeOf)).toEqual(['session/lost', 'session/lost'])
  expect(calls[0] instanceof SottoError && calls[0].ran).toBe('maybe')
  expect(await ends(near)).toBe(expected)
  await near.close()
  left.abort(broken)
  expect(await lost()).toEqual([])
})

test.each<[string, Faults]>([
  ['throws in close', { close: throws }],
  ['rejects a close', { close: rejects }],
  ['throws in close and in abort', { close: throws, abort: throws }],
])('LI-14 a transport that %s after the last byte changes nothing', async (_, faults) => {
  const lost = unhandled()
  const [left, right] = memoryPair()
  const hostile = faulty(left)
  const { near, far } = await pair({ transports: [hostile.transport, right] })
  Object.assign(hostile.faults, faults)
  let aborted = 0
  hostile.faults.abort = (reason) => {
    aborted++
    faults.abort?.(reason)
  }
  await near.close()
  expect([await ends(near), aborted]).toEqual(['clean', 1])
  left.abort(broken)
  expect(await ends(far)).toBe('clean')
  expect(await lost()).toEqual([])
})

test.each<[string, Partial<Transport>]>([
  ['cannot be iterated', { [Symbol.asyncIterator]: throws }],
  ['throws in write', { write: throws }],
  ['rejects a write', { write: rejects }],
  ['throws in abort', { write: throws, abort: throws }],
  ['ends at once', { [Symbol.asyncIterator]: async function* () {} }],
])('LI-14 an attempt over a transport that %s fails, at both ends', async (_, over) => {
  const lost = unhandled()
  const [left, right] = memoryPair()
  const hostile = (inner: Transport): Transport => ({
    write: inner.write.bind(inner),
    close: inner.close.bind(inner),
    abort: inner.abort.bind(inner),
    [Symbol.asyncIterator]: inner[Symbol.asyncIterator].bind(inner),
    ...over,
  })
  const host = listening()
  const ends = [code(initiate(hostile(left), dialling())), code(host.accept(right))]
  left.abort(broken)
  expect(await Promise.all(ends)).toEqual(['session/lost', 'session/lost'])
  const [from, to] = memoryPair()
  const answered = [code(initiate(from, dialling())), code(host.accept(hostile(to)))]
  to.abort(broken)
  expect(await Promise.all(answered)).toEqual(['session/lost', 'session/lost'])
  expect(host.sessions.size).toBe(0)
  expect(await lost()).toEqual([])
})

test('what was sent before a write failed can have run, what was not cannot', async () => {
  const [left, right] = memoryPair()
  const { transport, faults } = faulty(left)
  const { near } = await pair({
    near: { protocol: { limits: { exchanges: 1 } } },
    transports: [transport, right],
    far: { serve: [echo({ wait: () => never<undefined>() })] },
  })
  const sent = failure(client(near, Echo).wait())
  const queued = failure(client(near, Echo).echo(one))
  await near.ping()
  faults.write = rejects
  const ping = code(near.ping())
  const errors = await Promise.all([sent, queued])
  expect(errors.map((error) => error instanceof SottoError && error.ran)).toEqual(['maybe', 'no'])
  expect(await ping).toBe('session/lost')
})
