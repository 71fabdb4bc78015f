import { describe, expect, test } from 'vitest'
import { decodeFrames, type Frame } from '../../src/session/frames.js'
import { Intake, UNREAD_WINDOWS } from '../../src/session/intake.js'
import { limitsOf } from '../../src/session/limits.js'
import { Outbox } from '../../src/session/outbox.js'
import { theirs } from './routes.js'

const WINDOW = 4_096

/** An intake with the least windows, and the CREDIT it has to say. */
const open = () => {
  const limits = limitsOf({ sessionWindow: WINDOW, exchangeWindow: WINDOW })
  const outbox = new Outbox(limits, limits, { begins: () => 0, framed: () => undefined })
  const said = (): readonly Frame[] => {
    const plaintext = outbox.fill()
    return plaintext === undefined ? [] : decodeFrames(plaintext.slice())
  }
  return { intake: new Intake(limits, outbox), said }
}

const credit = (exchange: number, limit: number): Frame => ({ is: 'CREDIT', exchange, limit })

describe('the window of the session', () => {
  test('SE-50 SE-163 is taken to the byte, and announced again once half of it is free', () => {
    const { intake, said } = open()
    intake.accept(WINDOW)
    intake.consumed({ charge: WINDOW / 2 - 1, held: 0 })
    expect(said()).toEqual([])
    intake.consumed({ charge: 1, held: 0 })
    expect(said()).toEqual([credit(0, WINDOW + WINDOW / 2)])
    intake.accept(WINDOW / 2)
    expect(() => intake.accept(1)).toThrow('session/limit')
  })

  test('SE-52 has the credit of a message in pieces back as they come', () => {
    const { intake, said } = open()
    intake.accept(3_000)
    intake.reassembly.add(theirs('call'), new Uint8Array(2_936), true, 3_000)
    expect(said()).toEqual([credit(0, WINDOW + 3_000)])
  })
})

describe('SE-125 an item that nobody has read', () => {
  test('has its session credit back at once within 8 windows, then as it is read', () => {
    const { intake } = open()
    for (let count = 0; count < UNREAD_WINDOWS - 1; count++)
      expect(intake.unread(WINDOW)).toEqual({ charge: 0, early: WINDOW })
    expect(intake.unread(WINDOW - 100)).toEqual({ charge: 0, early: WINDOW - 100 })
    expect(intake.unread(300)).toEqual({ charge: 200, early: 100 })
    expect(intake.unread(50)).toEqual({ charge: 50, early: 0 })
  })

  test('SE-124 gives back what is left of both windows when it is read, and its room among the unread', () => {
    const { intake, said } = open()
    const exchange = theirs('talk')
    exchange.id = 7
    for (let count = 0; count < UNREAD_WINDOWS; count++) intake.unread(WINDOW)
    said()
    const item = { is: 'item', exchange, admitted: undefined, index: 1, value: null, held: 0 } as const
    intake.read({ ...item, charge: WINDOW / 2, early: 100, own: WINDOW / 2 })
    expect(said()).toEqual([credit(0, WINDOW + (UNREAD_WINDOWS + 1 / 2) * WINDOW), credit(7, WINDOW + WINDOW / 2)])
    expect(intake.unread(200)).toEqual({ charge: 100, early: 100 })
  })
})

test('SE-51 an exchange has credit for what may still come in it, and none behind its end', () => {
  const { intake, said } = open()
  const exchange = theirs('talk')
  exchange.id = 7
  intake.giveBackOwn(exchange, WINDOW / 2 - 1)
  expect(said()).toEqual([])
  intake.giveBackOwn(exchange, 1)
  expect(said()).toEqual([credit(7, WINDOW + WINDOW / 2)])
  exchange.receiveEnded = true
  intake.giveBackOwn(exchange, WINDOW)
  expect(said()).toEqual([])
})
