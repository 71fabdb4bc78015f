import { describe, expect, test } from 'vitest'
import { EMPTY } from '../../src/bytes.js'
import { routeAt } from '../../src/session/agreement.js'
import { Exchange, ITEM_CHARGE } from '../../src/session/exchange.js'
import { NO_LABELS } from '../../src/session/frames.js'
import { routeOf, theirs } from './routes.js'

const windows = { receive: 4_096, send: 8_192 }
const HEAD = { operation: 0, subject: EMPTY, standing: false, ttlMs: 0, labels: EMPTY }

/** One that this end began, with its request. */
const mine = (operation: string): Exchange => {
  const exchange = new Exchange(routeOf(operation), HEAD, windows)
  exchange.body = EMPTY
  return exchange
}

const item = (length: number) => ({
  body: new Uint8Array(length),
  admitted: undefined,
  delivery: undefined,
  atMs: 0,
})

describe('SE-121 SE-122 SE-145 what an exchange carries', () => {
  const rows = [
    ['call', false, undefined, undefined],
    ['note', false, undefined, undefined],
    ['talk', true, 'items', 'items'],
    ['tube', true, 'bytes', 'bytes'],
    ['watch', true, 'nothing', 'items'],
    ['plain', false, undefined, undefined],
  ] as const
  test.each(rows)('%s: stream %s, %s up and %s down', (operation, stream, up, down) => {
    expect(mine(operation)).toMatchObject({ mine: true, stream, sends: up, takes: down })
    expect(theirs(operation)).toMatchObject({ mine: false, stream, sends: down, takes: up })
  })

  test('SE-145 what stands is a stream, and not one-way as what is published', () => {
    const route = routeAt(routeOf('plain'), '', true)
    if (route === undefined) throw new Error('expected a subscription')
    expect(new Exchange(route, HEAD, windows)).toMatchObject({ stream: true, oneWay: false })
    expect(mine('plain')).toMatchObject({ stream: false, oneWay: true })
  })

  test('SE-122 bytes are in no pieces, and the request before them may be', () => {
    const exchange = mine('tube')
    expect([exchange.asking, exchange.sendsChunks]).toEqual([true, false])
    exchange.passed()
    expect([exchange.asking, exchange.sendsChunks]).toEqual([false, true])
    expect([theirs('tube').asking, theirs('tube').sendsChunks, theirs('talk').sendsChunks]).toEqual([
      false,
      true,
      false,
    ])
  })
})

describe('SE-124 the items of a stream that wait', () => {
  test('go in their order behind the request, and weigh 64 bytes each beside their bodies until they are framed', () => {
    const exchange = mine('talk')
    const [a, b] = [item(10), item(20)]
    exchange.add(a)
    exchange.add(b)
    expect([exchange.body, exchange.items.waiting]).toEqual([EMPTY, 2 * ITEM_CHARGE + 30])
    exchange.offset = 5
    exchange.passed()
    expect([exchange.body, exchange.offset, exchange.items.waiting]).toEqual([a.body, 0, 2 * ITEM_CHARGE + 30])
    exchange.passed()
    expect([exchange.body, exchange.items.current, exchange.items.waiting]).toEqual([b.body, b, ITEM_CHARGE + 20])
    exchange.passed()
    expect([exchange.body, exchange.items.current, exchange.items.waiting]).toEqual([undefined, undefined, 0])
    expect(exchange.messagesSent).toBe(3)
    exchange.add(a)
    expect([exchange.body, exchange.items.current, exchange.items.behind]).toEqual([a.body, a, []])
  })

  test('SE-121 end with the last of them, or behind it with a word of their own, or alone', () => {
    const exchange = theirs('talk')
    expect([exchange.hasMore, exchange.endsNow]).toEqual([false, false])
    for (const each of [item(1), item(2)]) exchange.add(each)
    exchange.last = true
    expect([exchange.hasMore, exchange.endsNow]).toEqual([true, false])
    exchange.passed()
    expect([exchange.hasMore, exchange.endsNow]).toEqual([true, true])
    exchange.items.lastWord = EMPTY
    expect(exchange.endsNow).toBe(false)
    exchange.passed()
    expect(exchange.hasMore).toBe(true)
    exchange.sendEnded = true
    expect(exchange.hasMore).toBe(false)
  })

  test('SE-57 are forgotten with what is to be said behind them', () => {
    const exchange = theirs('talk')
    for (const each of [item(1), item(2)]) exchange.add(each)
    exchange.offset = 1
    exchange.items.lastWord = EMPTY
    exchange.unsend()
    expect(exchange).toMatchObject({ body: undefined, offset: 0 })
    expect(exchange.items).toMatchObject({ current: undefined, behind: [], lastWord: undefined, waiting: 0 })
  })

  test('SE-64 a call has none: a reply that is queued or has gone leaves nothing to say', () => {
    const exchange = theirs('call')
    exchange.last = true
    expect(exchange.hasMore).toBe(false)
    exchange.body = EMPTY
    expect([exchange.hasMore, exchange.endsNow]).toEqual([true, true])
    exchange.passed()
    expect([exchange.hasMore, exchange.messagesSent]).toEqual([false, 1])
    exchange.body = EMPTY
    exchange.unsend()
    expect([exchange.body, exchange.hasMore]).toEqual([undefined, false])
  })
})

describe('an exchange', () => {
  test('begins with nothing sent, nothing come, and no word of either end about it', () => {
    const nothing = { id: 0, body: undefined, offset: 0, sent: 0, received: 0, messagesSent: 0, messagesReceived: 0 }
    const open = { last: false, sendEnded: false, receiveEnded: false, over: false, abandoned: undefined }
    const unsaid = { stopped: false, stopping: false, faulted: false, refused: false, leaving: false, awaited: false }
    const unseen = { dispatched: false, started: false, narrowed: undefined, step: undefined, state: undefined }
    const untimed = { ttlMs: 0, deadlineAt: Number.POSITIVE_INFINITY, labels: NO_LABELS }
    expect(theirs('call')).toMatchObject({ ...nothing, ...open, ...unsaid, ...unseen, ...untimed })
  })

  test('SE-45 is over when both its directions are', () => {
    const exchange = theirs('call')
    expect(exchange.over).toBe(false)
    exchange.sendEnded = true
    expect(exchange.over).toBe(false)
    exchange.receiveEnded = true
    expect(exchange.over).toBe(true)
    exchange.sendEnded = false
    expect(exchange.over).toBe(false)
  })

  test('SE-59 did not run before the whole of it went, may have then, and did once a message came', () => {
    const exchange = mine('talk')
    expect(exchange.ran).toBe('no')
    exchange.passed()
    expect(exchange.ran).toBe('maybe')
    exchange.messagesReceived++
    expect(exchange.ran).toBe('yes')
  })

  test('SE-62 has the window of each end', () => {
    const exchange = mine('call')
    expect(exchange.sendRoom).toBe(8_192)
    exchange.sendWindow.take(100)
    expect([exchange.sendRoom, exchange.sendWindow.room]).toEqual([8_092, 8_092])
    exchange.receiveWindow.accept(4_000)
    exchange.receiveWindow.accept(96)
    expect(() => exchange.receiveWindow.accept(1)).toThrow('session/limit')
  })
})

describe('PO-56 a place in a limit', () => {
  const holding = (dispatched: boolean) => {
    const exchange = theirs('call')
    const given: string[] = []
    exchange.dispatched = dispatched
    exchange.release = () => given.push('back')
    return { exchange, given }
  }

  test('is given back once, when an exchange that no handler sees is over', () => {
    const { exchange, given } = holding(false)
    exchange.releaseLimits()
    exchange.releaseLimits()
    exchange.handled()
    expect(given).toEqual(['back'])
  })

  test('is kept until its handler is done and it is over, whichever comes last', () => {
    for (const order of [
      ['releaseLimits', 'handled'],
      ['handled', 'releaseLimits'],
    ] as const) {
      const { exchange, given } = holding(true)
      exchange[order[0]]()
      expect(given).toEqual([])
      exchange[order[1]]()
      expect(given).toEqual(['back'])
      exchange[order[1]]()
      expect(given).toEqual(['back'])
    }
  })

  test('SE-156 and a step that no handler has seen is dropped with it', () => {
    const exchange = theirs('step')
    let dropped = 0
    exchange.step = { is: 'step', drop: () => void dropped++ }
    exchange.handled()
    expect(dropped).toBe(1)
  })
})
