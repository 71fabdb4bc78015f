import { describe, expect, test } from 'vitest'
import { EMPTY } from '../../src/bytes.js'
import type { Exchange } from '../../src/session/exchange.js'
import { Line } from '../../src/session/line.js'
import { Random } from '../random.js'
import { theirs } from './routes.js'

/** An exchange with something to send. */
const waiting = (): Exchange => {
  const exchange = theirs('call')
  exchange.body = EMPTY
  return exchange
}

describe('SE-120 a line of messages that wait', () => {
  test('SE-71 keeps their order, and passes over what was given up', () => {
    const line = new Line()
    const [a, b, c] = [waiting(), waiting(), waiting()]
    expect([line.empty, line.next(), line.waiting]).toEqual([true, undefined, []])
    for (const each of [a, b, c]) line.push(each)
    expect([line.empty, line.next(), line.waiting]).toEqual([false, a, [a, b, c]])
    b.body = undefined
    line.dropped()
    expect(line.waiting).toEqual([a, c])
    a.body = undefined
    line.shift()
    expect(line.next()).toBe(c)
    expect(line.waiting).toEqual([c])
    line.clear()
    expect([line.empty, line.next(), line.waiting]).toEqual([true, undefined, []])
  })

  test('SE-71 whatever comes, goes and is given up in which order, the first that waits is the next, and empty is empty', () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = new Random(seed, 0)
      const line = new Line()
      const model: Exchange[] = []
      for (let step = 0; step < 200; step++) {
        const act = random.below(3)
        if (act === 0) {
          const exchange = waiting()
          model.push(exchange)
          line.push(exchange)
        } else if (act === 1 && model.length > 0) {
          const first = line.next()
          expect(first).toBe(model.shift())
          if (first !== undefined) first.body = undefined
          line.shift()
        } else if (model.length > 0) {
          // Now and then all of them: at the end of a session, or of what it has given a limit to.
          const most = random.below(10) === 0 ? model.length : 1
          for (let count = 0; count < most; count++) {
            const [dropped] = model.splice(random.below(model.length), 1)
            if (dropped !== undefined) dropped.body = undefined
            line.dropped()
          }
        }
        expect([line.empty, line.waiting.length]).toEqual([model.length === 0, model.length])
      }
    }
  })
})
