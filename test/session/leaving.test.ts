import { describe, expect, test } from 'vitest'
import { encode } from '../../src/cbor.js'
import type { Exchange } from '../../src/session/exchange.js'
import { anyAct, data, drain, fault, Places, placed, Raw } from './wire.js'

const none = 0
const ended = encode(null)

/** An engine that has asked for a subscription: its exchange is 2, framed unless said. */
const asked = (framed = true, limits = {}): { readonly raw: Raw; readonly exchange: Exchange } => {
  const raw = new Raw({ policy: anyAct() }, limits, [Places])
  const { exchange } = raw.begin(placed('plain', undefined, { standing: true }))
  if (framed) raw.read()
  return { raw, exchange }
}

const ways: readonly (readonly [string, (raw: Raw) => void])[] = [
  ['drains', (raw) => raw.engine.close(0, 1_000)],
  ['is drained', (raw) => void raw.send(drain(2))],
]

describe.each(ways)('SE-158 when an end that has a subscription %s', (_, drains) => {
  const told = (raw: Raw) =>
    raw
      .take()
      .flatMap((event) =>
        'error' in event && event.error !== undefined ? [[event.is, event.error.code, event.error.ran]] : [],
      )

  test('SE-59 one that came to nothing by then may have been heard of', () => {
    const { raw } = asked()
    drains(raw)
    expect(told(raw)).toEqual([['stopped', 'session/closed', 'maybe']])
    raw.send(data(2))
    expect(told(raw)).toEqual([['fault', 'session/closed', 'maybe']])
  })

  test('SE-59 one that has had a delivery surely was', () => {
    const { raw } = asked()
    raw.send(data(2, ended, none))
    drains(raw)
    expect(told(raw)).toEqual([['stopped', 'session/closed', 'yes']])
    raw.send(fault(2, 'session/closed'))
    expect(told(raw)).toEqual([['fault', 'session/closed', 'yes']])
  })

  test('SE-57 one that was given up before has had its end', () => {
    const { raw, exchange } = asked()
    raw.engine.cancel(exchange)
    expect(told(raw)).toEqual([['fault', 'call/cancelled', 'maybe']])
    raw.read()
    drains(raw)
    expect(told(raw)).toEqual([])
    expect(raw.read().filter(({ is }) => is !== 'DRAIN')).toEqual([])
  })
})

describe('SE-158 an end that drains', () => {
  test('SE-59 gives up what was not begun, of which surely nothing ran and nothing is said', () => {
    const { raw, exchange } = asked(false)
    raw.engine.close(0, 1_000)
    expect(raw.only('fault')).toMatchObject({ exchange, error: { code: 'session/closed', ran: 'no' } })
    expect(raw.read().map(({ is }) => is)).toEqual(['DRAIN', 'END'])
  })

  test('SE-59 says of a request that is in pieces that it may run, for the rest of it goes', () => {
    const raw = new Raw({ policy: anyAct() }, { plaintext: 1_024 }, [Places])
    raw.begin(placed('plain', 'x'.repeat(5_000), { standing: true }))
    raw.records(1)
    raw.engine.close(0, 1_000)
    expect(raw.only('stopped').error).toMatchObject({ code: 'session/closed', ran: 'maybe' })
    expect(raw.read().at(-1)).toMatchObject({ is: 'DATA', exchange: 2, more: false })
  })
})
