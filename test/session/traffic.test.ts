import { describe, expect, test } from 'vitest'
import { encode } from '../../src/cbor.js'
import { ERRORS, SottoError } from '../../src/errors.js'
import type { EngineEvent } from '../../src/session/events.js'
import type { Exchange } from '../../src/session/exchange.js'
import { agreed, carry, type End, ends } from './bare.js'
import { act, placed, stretch, textOf } from './wire.js'

const DEFAULTS = agreed()
const SMALL = agreed({ exchanges: 1, exchangeWindow: 4_096, sessionWindow: 8_192, message: 20_000 })

const kinds = (list: readonly { readonly is: string }[]): readonly string[] => list.map(({ is }) => is)

/** The exchange of the one message that came. */
const asked = (end: End): Exchange => {
  const [event, more] = end.take()
  if (event?.is !== 'message' || more !== undefined) throw new Error('expected one message')
  end.traffic.arrivals.intake.consumed(event)
  return event.exchange
}

const only = <Is extends EngineEvent['is']>(end: End, is: Is): Extract<EngineEvent, { readonly is: Is }> => {
  const [event, more] = end.take()
  if (event?.is !== is || more !== undefined) throw new Error(`expected one event ${is}, got ${event?.is}`)
  return event as Extract<EngineEvent, { readonly is: Is }>
}

describe('a call', () => {
  test('SE-44 SE-45 has an id of its side, each in its turn, and is past when it is answered', () => {
    const { near, far } = ends(DEFAULTS)
    for (const [from, to, ids] of [
      [near, far, [1, 3, 5]],
      [far, near, [2, 4, 6]],
    ] as const)
      for (const id of ids) {
        const exchange = from.begin(act('call', id))
        expect([exchange.id, from.traffic.exchanges.idle]).toEqual([0, false])
        expect(carry(from, to)).toMatchObject([{ is: 'BEGIN', exchange: id, end: true, body: encode(id) }])
        expect([exchange.id, from.traffic.exchanges.lastMine, from.traffic.exchanges.find(id)]).toEqual([
          id,
          id,
          exchange,
        ])
        const theirs = asked(to)
        expect([theirs.id, to.traffic.exchanges.theirs, to.traffic.exchanges.find(id)]).toEqual([id, 1, theirs])
        to.traffic.exchanges.reply(theirs, 'yes')
        expect(carry(to, from)).toMatchObject([{ is: 'DATA', exchange: id, end: true, body: encode('yes') }])
        expect(only(from, 'reply')).toMatchObject({ exchange, value: 'yes' })
        for (const end of [from, to]) {
          expect([end.traffic.exchanges.idle, end.traffic.exchanges.find(id)]).toEqual([true, undefined])
          expect(end.traffic.exchanges.theirs).toBe(0)
        }
      }
  })

  test('SE-46 waits for its place, in order, and has it when the one before is past', () => {
    const { near, far } = ends(SMALL)
    for (const name of ['a', 'b', 'c']) near.begin(act('call', name))
    for (const name of ['a', 'b', 'c']) {
      expect(carry(near, far)).toMatchObject([{ is: 'BEGIN', body: encode(name) }])
      far.traffic.exchanges.reply(asked(far), undefined)
      carry(far, near)
      expect(only(near, 'reply').value).toBe(undefined)
    }
    expect(near.traffic.exchanges.idle).toBe(true)
  })

  test('SE-35 SE-49 ends with a FAULT of its handler, and one that was given up with a FAULT that says so', () => {
    const { near, far } = ends(DEFAULTS)
    const failed = near.begin(act('call', 'a'))
    carry(near, far)
    far.traffic.exchanges.faultBehind(asked(far), { code: 'call/internal', incident: 'i' })
    expect(carry(far, near)).toMatchObject([{ is: 'FAULT', exchange: 1, code: ERRORS['call/internal'].wire }])
    expect(only(near, 'fault')).toMatchObject({ exchange: failed, error: { code: 'call/internal', ran: 'yes' } })
    const given = near.begin(act('call', 'b'))
    carry(near, far)
    const theirs = asked(far)
    near.traffic.exchanges.cancel(given, 'call/deadline')
    expect(only(near, 'fault')).toMatchObject({ exchange: given, error: { code: 'call/deadline', ran: 'maybe' } })
    expect(carry(near, far)).toEqual([{ is: 'STOP', exchange: 3, code: ERRORS['call/deadline'].wire }])
    expect(only(far, 'cancelled')).toMatchObject({ exchange: theirs, error: { code: 'call/deadline' } })
    far.traffic.exchanges.reply(theirs, 'late')
    expect(carry(far, near)).toMatchObject([{ is: 'FAULT', exchange: 3, code: ERRORS['call/deadline'].wire }])
    expect([near.take(), near.traffic.exchanges.idle, far.traffic.exchanges.idle]).toEqual([[], true, true])
  })

  test('SE-57 SE-162 is given up at its deadline by both ends', () => {
    const { near, far } = ends(DEFAULTS)
    const exchange = near.begin(act('call', 'a', { ttlMs: 50 }), 10)
    carry(near, far)
    const theirs = asked(far)
    expect([near.traffic.wakeAt, far.traffic.wakeAt]).toEqual([60, 50])
    near.traffic.wake(59)
    far.traffic.wake(49)
    expect([near.take(), far.take()]).toEqual([[], []])
    near.traffic.wake(60)
    far.traffic.wake(50)
    expect(only(near, 'fault')).toMatchObject({ exchange, error: { code: 'call/deadline' } })
    expect(only(far, 'cancelled')).toMatchObject({ exchange: theirs, error: { code: 'call/deadline' } })
  })
})

describe('a one-way message', () => {
  test('SE-48 SE-50 that credit covers is taken at once, and one that waits for it once it has gone', () => {
    const { near, far } = ends(SMALL)
    // 2,048 bytes each of 8,192.
    const sent = [1_984, 1_984, 1_984, 1_984, 1_984].map((size) => near.begin(act('note', textOf(size))))
    expect(sent.map(({ awaited }) => awaited)).toEqual([false, false, false, false, true])
    expect(carry(near, far)).toHaveLength(4)
    expect([near.take(), near.traffic.exchanges.idle]).toEqual([[], false])
    for (const event of far.take()) if (event.is === 'message') far.traffic.arrivals.intake.consumed(event)
    expect(carry(far, near)).toEqual([
      { is: 'CREDIT', exchange: 0, limit: 8_192 + 4_096 },
      { is: 'CREDIT', exchange: 0, limit: 8_192 + 8_192 },
    ])
    expect(carry(near, far)).toMatchObject([{ is: 'BEGIN', exchange: 9 }])
    expect(only(near, 'taken').exchange).toBe(sent[4])
    expect(asked(far).oneWay).toBe(true)
    expect([near.traffic.exchanges.idle, far.traffic.exchanges.idle]).toEqual([true, true])
  })

  test('SE-47 SE-52 longer than every window goes in pieces, with credit that comes back as they do', () => {
    const { near, far } = ends(SMALL)
    const exchange = near.begin(act('note', textOf(20_000)))
    for (let turn = 0; !near.traffic.exchanges.idle; turn++) {
      expect(turn).toBeLessThan(20)
      carry(near, far)
      carry(far, near)
    }
    expect(only(near, 'taken').exchange).toBe(exchange)
    const [message] = far.take()
    expect(message).toMatchObject({ is: 'message', value: textOf(20_000) })
    expect([exchange.sent, far.traffic.exchanges.idle]).toEqual([20_000, true])
  })

  test('SE-145 SE-143 of a topic carries its subject', () => {
    const { near, far } = ends(DEFAULTS)
    near.begin(placed('news', { n: 1 }, { subject: 'of.a.b', labels: { l: 'x' } }))
    expect(carry(near, far)).toMatchObject([{ is: 'BEGIN', subject: 'of.a.b', labels: { l: 'x' }, standing: false }])
    expect(only(far, 'message')).toMatchObject({ value: { n: 1 }, labels: { l: 'x' } })
  })
})

describe('a stream', () => {
  test('SE-121 SE-124 carries items both ways until each end ends it, with credit for what is read', () => {
    const { near, far } = ends(SMALL)
    const mine = near.begin(stretch('talk', 'q'))
    expect(carry(near, far)).toMatchObject([{ is: 'BEGIN', end: false, more: false }])
    const theirs = asked(far)
    for (const [from, to, out] of [
      [near, far, mine],
      [far, near, theirs],
    ] as const) {
      for (const value of ['x'.repeat(1_000), 'y'.repeat(1_000), 'z'.repeat(1_000), 'w'.repeat(1_000)])
        expect(from.traffic.exchanges.items.add(out, value, 0)).toBe(true)
      expect(carry(from, to).filter(({ is }) => is === 'DATA')).toHaveLength(3)
      const items = to.take().flatMap((event) => (event.is === 'item' ? [event] : []))
      expect(items.map(({ value }) => typeof value === 'string' && value[0])).toEqual(['x', 'y', 'z'])
      for (const item of items) to.traffic.arrivals.intake.read(item)
      expect(kinds(carry(to, from))).toContain('CREDIT')
      from.traffic.exchanges.items.end(out)
      expect(carry(from, to)).toMatchObject([{ is: 'DATA', end: true }])
      expect(kinds(to.take()).slice(0, 2)).toEqual(['item', 'ended'])
    }
    carry(near, far)
    expect([near.traffic.exchanges.idle, far.traffic.exchanges.idle]).toEqual([true, true])
    expect(kinds(far.take())).toEqual(['over'])
  })

  test('SE-123 SE-36 whose serving end wants no more is cut by the other', () => {
    const { near, far } = ends(DEFAULTS)
    const mine = near.begin(stretch('tube', 'q'))
    carry(near, far)
    far.traffic.exchanges.items.stop(asked(far))
    expect(kinds(carry(far, near))).toEqual(['STOP'])
    expect(only(near, 'stopped').exchange).toBe(mine)
    expect(carry(near, far)).toMatchObject([{ is: 'RESET', exchange: 1, size: 2 }])
    expect(far.take()).toEqual([])
  })

  test('SE-122 of bytes takes them in no pieces', () => {
    const { near, far } = ends(DEFAULTS)
    near.begin(stretch('tube', 'q'))
    carry(near, far)
    const piece = { is: 'DATA', exchange: 1, end: false, more: true, body: encode('a') } as const
    expect(() => far.hear([piece])).toThrow('session/malformed')
  })

  test('SE-159 that a slow reader has asked to stand ends with the session, and does not wait', () => {
    const { near, far } = ends(SMALL)
    near.begin(placed('plain', undefined, { standing: true }))
    carry(near, far)
    const theirs = asked(far)
    const { items } = far.traffic.exchanges
    const delivery = { subject: '', item: encode('x'.repeat(1_500)), bytes: 1, content: () => null }
    far.traffic.drain()
    carry(far, near)
    for (let count = 0; count < 3; count++) items.deliver(theirs, delivery, 0, false)
    items.end(theirs)
    expect(far.said()).toMatchObject([{ is: 'FAULT', exchange: 1, code: ERRORS['session/closed'].wire }])
  })

  test('SE-150 of what stands carries deliveries', () => {
    const { near, far } = ends(DEFAULTS)
    near.begin(placed('plain', undefined, { standing: true }))
    carry(near, far)
    const item = encode('delivered')
    const delivery = { subject: '', item, bytes: 1, content: () => null }
    expect(far.traffic.exchanges.items.deliver(asked(far), delivery, 0, false)).toBe(true)
    carry(far, near)
    expect(only(near, 'item')).toMatchObject({ value: 'delivered', index: 0 })
  })
})

describe('what is not of one exchange', () => {
  test('SE-60 a decision has one id at both ends, with the way that its message went', () => {
    const { near, far } = ends(DEFAULTS)
    // Of the session id its first half.
    const id = DEFAULTS[0].id.slice(0, 16)
    const gates = [near, far].map((end) => end.traffic.exchanges.gate)
    expect(gates.map((gate) => [gate.decision('out', 5), gate.decision('in', 5, 2)])).toEqual([
      [`${id}.ir.5.0`, `${id}.ri.5.2`],
      [`${id}.ri.5.0`, `${id}.ir.5.2`],
    ])
  })

  test('SE-69 a PING is answered, in order', () => {
    const { near, far } = ends(DEFAULTS)
    expect([near.traffic.ping(0), near.traffic.ping(0)]).toEqual([1, 2])
    expect(carry(near, far)).toEqual([
      { is: 'PING', count: 1 },
      { is: 'PING', count: 2 },
    ])
    expect(carry(far, near)).toEqual([
      { is: 'PONG', count: 1 },
      { is: 'PONG', count: 2 },
    ])
    expect(near.take()).toEqual([
      { is: 'pong', count: 1 },
      { is: 'pong', count: 2 },
    ])
  })

  test('SE-42 SE-66 a DRAIN names what was taken, and nothing begins behind it at either end', () => {
    const { near, far } = ends(DEFAULTS)
    near.begin(act('call', 'a'))
    carry(near, far)
    const theirs = asked(far)
    const late = near.begin(act('call', 'b'))
    far.traffic.drain()
    expect(far.traffic.unsaid).not.toEqual(new Uint8Array(0))
    expect(carry(far, near)).toEqual([{ is: 'DRAIN', last: 1 }])
    expect(far.traffic.unsaid).toEqual(new Uint8Array(0))
    expect(near.take()).toMatchObject([
      { is: 'fault', exchange: late, error: { code: 'session/closed', ran: 'no' } },
      { is: 'draining' },
    ])
    expect(near.said()).toEqual([])
    for (const end of [near, far]) expect(() => end.begin(act('note', 'c'))).toThrow('session/closed')
    far.traffic.exchanges.reply(theirs, 'yes')
    carry(far, near)
    expect(only(near, 'reply').value).toBe('yes')
  })

  test('SE-59 what is lost with a session says by what it ended', () => {
    const error = SottoError.of('session/timeout', 'the peer was silent')
    for (const cause of [error, undefined]) {
      const { near } = ends(DEFAULTS)
      near.begin(act('call', 'a'))
      near.traffic.end(cause)
      const { error: lost } = only(near, 'fault')
      expect([lost.code, lost.ran, lost.cause]).toEqual(['session/lost', 'no', cause])
    }
  })

  test('SE-59 SE-67 what is open when the session is cut is lost at once, and what is said of it has no effect', () => {
    const { near, far } = ends(DEFAULTS)
    const mine = near.begin(act('call', 'a'))
    const begun = carry(near, far)
    const theirs = asked(far)
    for (const end of [near, far]) {
      expect(end.traffic.isCut).toBe(false)
      end.traffic.cut(undefined)
      expect([end.traffic.isCut, end.traffic.exchanges.idle, end.said()]).toEqual([true, true, []])
    }
    expect(only(near, 'fault')).toMatchObject({ exchange: mine, error: { code: 'session/lost', ran: 'maybe' } })
    expect(only(far, 'cancelled')).toMatchObject({ exchange: theirs, error: { code: 'session/lost' } })
    far.hear(begun)
    far.traffic.exchanges.reply(theirs, 'late')
    expect([far.take(), far.said(), near.traffic.ping(0)]).toEqual([[], [], undefined])
  })
})
