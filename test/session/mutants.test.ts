import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/bytes.js'
import { SottoError } from '../../src/errors.js'
import { cutOff, endedByPeer, firstDefect } from '../../src/session/ends.js'
import { isBodyOf } from '../../src/session/envelope.js'
import { Sent } from '../../src/session/sent.js'
import { watched } from '../noise/watched.js'
import { type Pair, pairOf } from './pair.js'

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

/** Carries `packets` packets, the initiator's first. */
const carried = (pair: Pair, packets: number): Uint8Array[] => {
  const seen: Uint8Array[] = []
  for (let n = 0; n < packets; n++) {
    const [from, to] = n % 2 === 0 ? [pair.initiator, pair.responder] : [pair.responder, pair.initiator]
    for (let bytes = from.take(0); bytes !== undefined; bytes = from.take(0)) {
      seen.push(bytes)
      to.receive(bytes, 0)
    }
  }
  return seen
}

describe.each([1, 2])('an end that is given up after %d packets of a handshake', (packets) => {
  test.each([
    [
      'aborts',
      (pair: Pair) => [pair.initiator, pair.responder].map((end) => end.abort(SottoError.of('session/lost', 'x'))),
    ],
    ['loses its transport', (pair: Pair) => [pair.initiator, pair.responder].map((end) => end.ended())],
    ['is out of time', (pair: Pair) => [pair.initiator, pair.responder].map((end) => end.wake(1_000_000))],
  ] as const)('NO-12 keeps no secret of it when it %s', (_, giveUp) => {
    const { provider, secrets } = watched()
    const side = { provider: { ...provider, nativeAes: false } }
    const pair = pairOf({ initiator: side, responder: side })
    const wire = carried(pair, packets).map(toHex).join()
    expect([pair.initiator.over, pair.responder.over]).toEqual([false, false])
    giveUp(pair)
    expect([pair.initiator.over, pair.responder.over]).toEqual([true, true])
    // What went over the wire, such as random padding, is no secret.
    const left = secrets.filter((secret) => !isZero(secret) && !wire.includes(toHex(secret)))
    expect(left).toEqual([])
    expect(secrets.length).toBeGreaterThan(2)
  })
})

describe('SE-54 the one-way messages that may still be refused', () => {
  test('are named by range, those in pieces and those that went whole', () => {
    const sent = new Sent(65_536, 1_000)
    sent.begins(2, 7, '', false)
    sent.begins(4, 7, '', true)
    sent.begins(6, undefined, '', true)
    sent.begins(8, 7, 'a', false)
    sent.begins(10, 7, 'b', true)
    expect([...sent.between(2, 10)].sort((a, b) => a - b)).toEqual([2, 4, 8, 10])
    expect([...sent.between(4, 8)].sort((a, b) => a - b)).toEqual([4, 8])
    expect([...sent.between(8, 8)]).toEqual([8])
    expect([...sent.between(6, 6)]).toEqual([])
    sent.tell(8)
    // One that went whole, or never was, is told of by nothing.
    sent.tell(4)
    expect(sent.refuse(8)).toEqual({ operation: 7, subject: 'a', told: true })
    expect(sent.refuse(8)).toBeUndefined()
    expect(sent.refuse(10)).toEqual({ operation: 7, subject: 'b', told: false })
    expect(sent.refuse(4)).toEqual({ operation: 7, subject: '', told: false })
    expect(sent.refuse(6)).toBeUndefined()
    expect([...sent.between(2, 10)]).toEqual([2])
  })

  test('are as many in pieces as credit lets be under way: the oldest is forgotten, with what was told of it', () => {
    const sent = new Sent(992, 992)
    for (const id of [2, 4]) sent.begins(id, 1, '', false)
    expect([...sent.between(0, 100)]).toEqual([2, 4])
    sent.tell(2)
    sent.begins(6, 1, '', false)
    expect([...sent.between(0, 100)]).toEqual([4, 6])
    sent.begins(2, 1, '', false)
    expect(sent.refuse(2)).toEqual({ operation: 1, subject: '', told: false })
  })
})

test('SE-43 SE-107 each end of a session has its own code', () => {
  expect(cutOff(undefined, undefined).code).toBe('session/lost')
  expect(cutOff(0, undefined)).toMatchObject({ code: 'channel/truncated', details: { records: 0 } })
  expect(endedByPeer(1).code).toBe('session/lost')
  const cause = new Error('first')
  const taken: number[] = []
  const steps = [0, 1, 2].map((n) => () => {
    taken.push(n)
    if (n === 1) throw cause
    if (n === 2) throw new Error('second')
  })
  expect(firstDefect(steps)).toMatchObject({ code: 'session/lost', cause })
  expect(taken).toEqual([0, 1, 2])
  expect(firstDefect([() => undefined])).toBeUndefined()
})

test('SE-147 what is enqueued has a value, a key of 256 bytes and a delay of 2^31-1 ms at most, and nothing else', () => {
  const takes = (body: Parameters<typeof isBodyOf>[1], verb = 'enqueue'): boolean =>
    // Only the verb of a route is asked for here.
    isBodyOf({ verb } as Parameters<typeof isBodyOf>[0], body)
  for (const body of [
    {},
    { value: 1 },
    { key: '' },
    { key: 'é'.repeat(128) },
    { delayMs: 0 },
    { delayMs: 2 ** 31 - 1 },
  ])
    expect(takes(body), JSON.stringify(body)).toBe(true)
  for (const body of [
    { key: 1 },
    { key: `${'é'.repeat(128)}x` },
    { delayMs: -1 },
    { delayMs: 2 ** 31 },
    { delayMs: 0.5 },
  ])
    expect(takes(body), JSON.stringify(body)).toBe(false)
  for (const body of [{ more: 1 }, [1], null, undefined, 'value', { delayMs: '1' }, { key: null }])
    expect(takes(body), JSON.stringify(body)).toBe(false)
  expect(takes([1], 'call')).toBe(true)
})

test('SE-105 SE-107 before its first packet an end stands through changes, and ends with what it is ended with', () => {
  const pair = pairOf()
  for (const end of [pair.initiator, pair.responder]) {
    end.retrust(0)
    end.reask(0)
    expect(end.over).toBe(false)
    end.abort(SottoError.of('session/timeout', 'given up'))
    const events = []
    for (let event = end.next(); event !== undefined; event = end.next()) events.push(event)
    expect(events).toMatchObject([{ is: 'closed', error: { code: 'session/timeout' } }])
  }
})
