import { describe, expect, test } from 'vitest'
import { encode } from '../../src/cbor.js'
import { ERRORS } from '../../src/errors.js'
import type { Exchange } from '../../src/session/exchange.js'
import { FLAG } from '../../src/session/frames.js'
import { anyAct, begin, CALL, data, Flow, Raw, reset, Streams, stop, TALK } from './wire.js'

const none = 0
const failed = { code: 'call/internal', incident: 'i' } as const

/** The peer has begun an exchange, and its handler has it. */
const asked = (operation: number): { readonly raw: Raw; readonly exchange: Exchange } => {
  const raw = new Raw({ policy: anyAct() }, {}, [Flow, Streams])
  raw.send(begin({ exchange: 1, operation, flags: operation === CALL ? FLAG.end : none, body: encode('q') }))
  return { raw, exchange: raw.only('message').exchange }
}

describe.each([
  ['a call', CALL],
  ['a stream', TALK],
])('SE-35 the FAULT of %s that is in no record yet', (_, operation) => {
  test('is the last word of its handler, whatever that says behind it', () => {
    const { raw, exchange } = asked(operation)
    raw.engine.fault(exchange, failed)
    raw.engine.fault(exchange, { code: 'call/cancelled' })
    if (operation === CALL) raw.engine.reply(exchange, 'late')
    else {
      expect(raw.engine.item(exchange, 'late', 0)).toBe(true)
      raw.engine.end(exchange)
      raw.engine.stop(exchange)
    }
    expect(raw.read()).toEqual([
      { is: 'FAULT', exchange: 1, code: ERRORS['call/internal'].wire, body: encode({ incident: 'i' }) },
    ])
  })

  test('SE-37 is the answer to a STOP too, of which nobody is told', () => {
    const { raw, exchange } = asked(operation)
    raw.engine.fault(exchange, failed)
    raw.send(stop(1))
    expect(raw.take()).toEqual([])
    expect(raw.read()).toMatchObject([{ is: 'FAULT', code: ERRORS['call/internal'].wire }])
  })

  test('SE-59 leaves its handler nothing to be told when the session is lost', () => {
    const { raw, exchange } = asked(operation)
    raw.engine.fault(exchange, failed)
    raw.engine.ended()
    expect(raw.take().map(({ is }) => is)).toEqual(['closed'])
  })
})

describe('a stream', () => {
  test('SE-35 SE-123 whose FAULT goes behind items takes nothing more from its handler, and drops what comes', () => {
    const { raw, exchange } = asked(TALK)
    raw.engine.item(exchange, 'a', 0)
    raw.engine.fault(exchange, failed)
    expect(raw.engine.item(exchange, 'late', 0)).toBe(true)
    raw.engine.fault(exchange, { code: 'call/cancelled' })
    raw.send(data(1, encode('dropped'), none))
    expect(raw.take()).toEqual([])
    expect(raw.read()).toMatchObject([
      { is: 'DATA', body: encode('a'), end: false },
      { is: 'FAULT', code: ERRORS['call/internal'].wire },
    ])
    raw.send(reset(1, encode('q').length + encode('dropped').length))
    expect(raw.take().map(({ is }) => is)).toEqual(['over'])
  })
})
