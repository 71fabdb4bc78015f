import { describe, expect, test } from 'vitest'
import { Reassembly } from '../../src/session/reassembly.js'
import { theirs } from './routes.js'

/** One of messages of up to 100 bytes, and what it has given back in all; with a BEGIN's 64 the budget is 164. */
const open = () => {
  const given: number[] = []
  return { reassembly: new Reassembly(100, (amount) => given.push(amount)), given }
}

const bytes = (length: number, from = 0): Uint8Array => Uint8Array.from({ length }, (_, index) => from + index)

describe('a message that comes whole', () => {
  test('SE-63 is the view it came as, of up to the limit, and its credit waits for who takes it', () => {
    const { reassembly, given } = open()
    const piece = bytes(100)
    const whole = reassembly.add(theirs('call'), piece, false, 164)
    expect(whole).toEqual({ bytes: piece, charge: 164, held: 0 })
    expect(whole?.bytes).toBe(piece)
    expect(given).toEqual([])
    expect(() => reassembly.add(theirs('call'), bytes(101), false, 165)).toThrow('session/limit')
  })

  test('SE-47 passes between the pieces of another, and no second one may be in pieces', () => {
    const { reassembly } = open()
    const [first, second] = [theirs('call'), theirs('call')]
    expect(reassembly.add(first, bytes(10), true, 74)).toBe(undefined)
    expect(reassembly.add(second, bytes(5), false, 69)).toMatchObject({ bytes: bytes(5), charge: 69 })
    expect([reassembly.holds(first), reassembly.holds(second)]).toEqual([true, false])
    expect(() => reassembly.add(second, bytes(5), true, 69)).toThrow('session/malformed')
  })
})

describe('a message in pieces', () => {
  test('SE-52 SE-47 is one, its credit back as they come, and held until it is taken', () => {
    const { reassembly, given } = open()
    const exchange = theirs('call')
    const piece = bytes(30)
    expect(reassembly.add(exchange, piece, true, 94)).toBe(undefined)
    piece.fill(0xff)
    expect(reassembly.add(exchange, bytes(30, 30), true, 30)).toBe(undefined)
    expect(given).toEqual([94, 30])
    expect(reassembly.holds(exchange)).toBe(true)
    const whole = reassembly.add(exchange, bytes(40, 60), false, 40)
    expect(whole).toEqual({ bytes: bytes(100), charge: 0, held: 164 })
    expect(given).toEqual([94, 30, 40])
    expect(reassembly.holds(exchange)).toBe(false)
  })

  test('SE-52 goes on with its credit as far as what is held leaves room, and with the rest once that is taken', () => {
    const { reassembly, given } = open()
    const [first, second] = [theirs('call'), theirs('call')]
    reassembly.add(first, bytes(50), true, 114)
    const whole = reassembly.add(first, bytes(20), false, 20)
    expect(whole).toMatchObject({ charge: 0, held: 134 })
    reassembly.add(second, bytes(50), true, 114)
    expect(given).toEqual([114, 20, 30])
    reassembly.release(100)
    expect(given).toEqual([114, 20, 30, 84])
    reassembly.release(34)
    expect(reassembly.add(second, bytes(50, 50), false, 50)).toEqual({ bytes: bytes(100), charge: 0, held: 164 })
    expect(given.reduce((sum, amount) => sum + amount, 0)).toBe(114 + 20 + 114 + 50)
  })

  test('SE-63 is no longer than the limit, with its last piece or before', () => {
    for (const more of [true, false]) {
      const { reassembly } = open()
      const exchange = theirs('call')
      reassembly.add(exchange, bytes(60), true, 124)
      expect(() => reassembly.add(exchange, bytes(41), more, 41)).toThrow('session/limit')
      reassembly.add(exchange, bytes(40), more, 40)
    }
  })

  test('SE-52 takes a buffer that doubles, and none over the limit, however many its pieces are', () => {
    const { reassembly } = open()
    const room = (...pieces: readonly number[]): number | undefined => {
      const exchange = theirs('call')
      for (const piece of pieces) reassembly.add(exchange, bytes(piece), true, 0)
      return reassembly.add(exchange, bytes(0), false, 0)?.bytes.buffer.byteLength
    }
    expect(room(10, 10)).toBe(20)
    expect(room(10, 5, 5)).toBe(20)
    expect(room(10, 5, 6)).toBe(40)
    expect(room(10, 30)).toBe(40)
    expect(room(60, 1)).toBe(100)
  })
})

describe('a message in pieces that is not wanted', () => {
  test('SE-52 SE-163 refused between its pieces, keeps nothing, holds nothing, and is counted to its end', () => {
    const { reassembly, given } = open()
    const [first, exchange] = [theirs('call'), theirs('call')]
    // What is held leaves room for 30.
    reassembly.add(first, bytes(70), true, 134)
    const held = reassembly.add(first, bytes(0), false, 0)?.held ?? 0
    reassembly.add(exchange, bytes(50), true, 114)
    expect(given).toEqual([134, 0, 30])
    exchange.refused = true
    reassembly.skip(first)
    expect(given).toEqual([134, 0, 30])
    reassembly.skip(exchange)
    expect(given).toEqual([134, 0, 30, 84])
    reassembly.add(exchange, bytes(20), true, 20)
    expect(() => reassembly.add(exchange, bytes(31), true, 31)).toThrow('session/limit')
    const whole = reassembly.add(exchange, bytes(30), false, 30)
    expect(whole).toMatchObject({ charge: 0, held: 30 })
    expect(whole?.bytes.length).toBe(0)
    expect(given).toEqual([134, 0, 30, 84, 20, 30])
    // The budget is whole again when both are taken.
    reassembly.release(held)
    reassembly.release(30)
    reassembly.add(theirs('call'), bytes(100), true, 164)
    expect(given.at(-1)).toBe(164)
  })

  test('SE-36 SE-52 dropped inside, gives back what was kept of its credit, and its place', () => {
    const { reassembly, given } = open()
    const [first, second, third] = [theirs('call'), theirs('call'), theirs('call')]
    reassembly.add(first, bytes(70), true, 134)
    const held = reassembly.add(first, bytes(0), false, 0)?.held ?? 0
    reassembly.add(second, bytes(50), true, 114)
    reassembly.drop(third)
    expect([reassembly.holds(second), given]).toEqual([true, [134, 0, 30]])
    reassembly.drop(second)
    expect([reassembly.holds(second), given]).toEqual([false, [134, 0, 30, 84]])
    reassembly.release(held)
    reassembly.add(third, bytes(100), true, 164)
    expect(given.at(-1)).toBe(164)
  })

  test('SE-52 is nothing to refuse or to drop where none is in pieces', () => {
    const { reassembly, given } = open()
    const exchange = theirs('call')
    reassembly.skip(exchange)
    reassembly.drop(exchange)
    reassembly.release(0)
    expect([reassembly.holds(exchange), given]).toEqual([false, []])
  })

  test('SE-42 is missed at the end of a session if it was one-way and had not been refused', () => {
    const torn = (operation: string, refused: boolean): boolean => {
      const { reassembly } = open()
      const exchange = theirs(operation)
      exchange.refused = refused
      reassembly.add(exchange, bytes(10), true, 74)
      return reassembly.torn
    }
    expect(open().reassembly.torn).toBe(false)
    expect([torn('note', false), torn('note', true), torn('call', false)]).toEqual([true, false, false])
    const { reassembly } = open()
    reassembly.add(theirs('note'), bytes(10), true, 74)
    reassembly.erase()
    expect(reassembly.torn).toBe(false)
  })
})
