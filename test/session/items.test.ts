import { describe, expect, test } from 'vitest'
import { encode } from '../../src/cbor.js'
import { contract } from '../../src/contract/define.js'
import { stream } from '../../src/contract/operation.js'
import { bytes } from '../../src/contract/shape.js'
import { ERRORS } from '../../src/errors.js'
import { policyStore } from '../../src/policy/store.js'
import type { EngineEvent } from '../../src/session/events.js'
import type { Exchange } from '../../src/session/exchange.js'
import { UNREAD_WINDOWS } from '../../src/session/intake.js'
import { limitsOf } from '../../src/session/limits.js'
import {
  anyAct,
  begin,
  data,
  Flow,
  fate,
  filled,
  Places,
  placed,
  Raw,
  rules,
  Streams,
  stop,
  stretch,
  TALK,
  TUBE,
} from './wire.js'

const none = 0
const allow = { id: 'all', effect: 'allow', by: ['any'], verbs: ['stream'], on: ['>'] }

/** What goes up alone: nothing comes down. */
const Upload = contract('upload.v1', { put: stream({ up: bytes }) })

const rawOf = (limits = {}, peers = {}, over: ConstructorParameters<typeof Raw>[0] = {}): Raw =>
  new Raw({ policy: anyAct(), limits: limitsOf(limits), ...over }, peers, [Flow, Streams])

const kinds = (list: readonly { readonly is: string }[]): readonly string[] => list.map(({ is }) => is)

const itemsOf = (events: readonly EngineEvent[]) => events.flatMap((event) => (event.is === 'item' ? [event] : []))

/** The peer has begun a stream, and its handler has it. */
const asked = (raw: Raw, operation: number, exchange = 1): Exchange => {
  raw.send(begin({ exchange, operation, flags: none, body: encode('q') }))
  const message = raw.only('message')
  raw.engine.consumed(message)
  return message.exchange
}

describe('what comes in a stream', () => {
  test('SE-121 nothing may come where its direction carries nothing, nor is it sent there', () => {
    const raw = new Raw({ policy: anyAct() }, {}, [Upload])
    raw.begin({ contract: 'upload.v1', operation: 'put', value: undefined, ttlMs: 0, labels: {} })
    raw.read()
    raw.send(begin({ exchange: 1, operation: 0, flags: none }))
    expect(() => raw.engine.item(raw.only('message').exchange, new Uint8Array(1), 0)).toThrow(TypeError)
    raw.send(data(2, encode('down'), none))
    expect(fate(raw)).toBe('session/malformed')
  })

  test('SE-121 SE-63 bytes have no bounds but the windows, and each chunk is a copy of its own', () => {
    const raw = rawOf({ message: 1_024 })
    asked(raw, TUBE)
    raw.send(data(1, new Uint8Array(5_000).fill(7), none), data(1, Uint8Array.of(8), none))
    const chunks = itemsOf(raw.take()).map(({ value }) => (value instanceof Uint8Array ? value : expect.fail('bytes')))
    expect(chunks).toEqual([new Uint8Array(5_000).fill(7), Uint8Array.of(8)])
    expect(chunks.map(({ buffer }) => buffer.byteLength)).toEqual([5_000, 1])
  })

  test('SE-126 SE-60 an item has its index, from 1, and is asked for by the rules under it', () => {
    const raw = rawOf()
    asked(raw, TALK)
    raw.send(data(1, encode('a'), none), data(1, encode('b'), none))
    const items = itemsOf(raw.take())
    expect(items.map(({ index, admitted }) => [index, admitted?.verb])).toEqual([
      [1, 'stream'],
      [2, 'stream'],
    ])
  })

  test('SE-126 SE-127 an item that is no strict CBOR is invalid, and takes nothing of a limit', () => {
    const raw = rawOf({}, {}, { policy: rules({ ...allow, limit: { perSecond: 1 } }) })
    asked(raw, TALK)
    raw.send(data(1, Uint8Array.of(0xff), none))
    expect(raw.take()).toMatchObject([{ is: 'cancelled', error: { code: 'contract/invalid' } }])
    expect(raw.read()).toMatchObject([
      { is: 'FAULT', code: ERRORS['contract/invalid'].wire, body: encode({ path: '', item: 1 }) },
    ])
    raw.send(data(1, encode('dropped'), none))
    expect(raw.take()).toEqual([])
  })

  test('SE-127 SE-140 bytes over a limit are refused and recorded, as one of the peer’s under the index 1', () => {
    const told: unknown[] = []
    const audit = (record: Uint8Array): boolean => told.push(JSON.parse(new TextDecoder().decode(record))) > 0
    const policy = policyStore({ version: 1, rules: [{ ...allow, limit: { bytesPerSecond: 1_000 } }] }, { audit })
    const raw = rawOf({}, {}, { policy })
    asked(raw, TUBE)
    const chunk = data(1, new Uint8Array(600), none)
    raw.send(chunk, chunk, chunk)
    const denied = raw.take().find((event) => event.is === 'denied')
    expect(denied).toMatchObject({
      denial: { verb: 'stream', address: 'streams.v1.tube', rules: ['all'], why: 'limit' },
    })
    const decision = denied?.is === 'denied' ? denied.denial.decision : ''
    expect(decision).toMatch(/\.ir\.1\.1$/)
    expect(told.at(-1)).toMatchObject({
      kind: 'decided',
      decision,
      direction: 'in',
      verb: 'stream',
      address: 'streams.v1.tube',
      effect: 'deny',
    })
  })

  test('SE-125 credit that is back early counts until its item is read, and is there for others then', () => {
    const raw = rawOf({ sessionWindow: 4_096, exchangeWindow: 4_096, exchanges: 64 })
    const body = filled(3_900)
    let exchange = 1
    for (let round = 0; round < 3; round++) {
      const unread: EngineEvent[] = []
      for (let count = 1; count < UNREAD_WINDOWS; count++) {
        asked(raw, TALK, exchange)
        raw.send(data(exchange, body))
        const [item] = itemsOf(raw.take())
        expect(item).toMatchObject({ early: 3_964, charge: 0 })
        unread.push(...(item === undefined ? [] : [item]))
        raw.read()
        exchange += 2
      }
      for (const item of unread) if (item.is === 'item') raw.engine.consumed(item)
    }
    expect(fate(raw)).toBe('alive')
  })
})

describe('what is said in a stream', () => {
  test('SE-39 no bytes are no chunk', () => {
    const raw = rawOf()
    const { exchange } = raw.begin(stretch('tube', 'q'))
    raw.read()
    expect(raw.engine.item(exchange, new Uint8Array(0), 0)).toBe(true)
    expect(raw.read()).toEqual([])
  })

  test('SE-39 its end is said once, whenever its handler says it again, and holds up nothing', () => {
    const raw = rawOf()
    const exchange = asked(raw, TALK)
    raw.engine.end(exchange)
    expect(kinds(raw.read())).toEqual(['DATA'])
    raw.engine.end(exchange)
    raw.send(data(1))
    raw.engine.end(exchange)
    raw.engine.close(0, 1_000)
    expect(kinds(raw.read())).toEqual(['DRAIN', 'END'])
  })

  test('SE-35 SE-42 nor does an end that is said behind a FAULT', () => {
    const raw = rawOf()
    const exchange = asked(raw, TALK)
    raw.engine.fault(exchange, { code: 'call/internal', incident: 'i' })
    raw.engine.end(exchange)
    raw.send(data(1))
    raw.engine.close(0, 1_000)
    expect(kinds(raw.read())).toEqual(['FAULT', 'DRAIN', 'END'])
  })

  test('SE-64 a call has no end, and takes no STOP from the end that serves it', () => {
    const raw = rawOf()
    raw.send(begin({ exchange: 1 }))
    const { exchange } = raw.only('message')
    raw.engine.end(exchange)
    raw.engine.stop(exchange)
    expect(raw.read()).toEqual([])
    raw.engine.reply(exchange, 'yes')
    expect(raw.read()).toMatchObject([{ is: 'DATA', body: encode('yes') }])
    expect(() => raw.engine.item(exchange, 'item', 0)).toThrow(TypeError)
  })

  test('SE-123 there is no STOP for what has ended, or was given up by who sends it', () => {
    const raw = rawOf()
    const ended = asked(raw, TALK)
    raw.send(data(1))
    expect(kinds(raw.take())).toEqual(['ended'])
    raw.engine.stop(ended)
    const given = asked(raw, TALK, 3)
    raw.send(stop(3))
    raw.engine.stop(given)
    expect(raw.read()).toEqual([])
    // What crossed it is still for the handler, as long as that goes on.
    raw.send(data(3, encode('crossed'), none))
    expect(kinds(raw.take())).toEqual(['cancelled', 'item'])
  })

  test('SE-159 a subscriber that has room is waited for, to the byte, and one that has not is ended at once', () => {
    for (const [over, words] of [
      [0, ['DATA']],
      [1, ['FAULT']],
    ] as const) {
      const raw = new Raw({ policy: anyAct() }, { exchangeWindow: 4_096 }, [Places])
      raw.send(begin({ exchange: 1, operation: 2, standing: true, flags: none }))
      const { exchange } = raw.only('message')
      raw.engine.close(0, 1_000)
      raw.read()
      const item = filled(4_096 - 64 + over)
      raw.engine.deliver(exchange, { subject: '', item, bytes: 1, content: () => null }, 0)
      raw.engine.end(exchange)
      expect(kinds(raw.read())).toEqual(words)
    }
  })

  test('SE-159 what is no subscription is waited for, however little room it has', () => {
    const raw = rawOf({}, { exchangeWindow: 4_096 })
    const exchange = asked(raw, TALK)
    raw.engine.close(0, 1_000)
    raw.read()
    raw.engine.item(exchange, 'x'.repeat(9_000), 0)
    raw.engine.end(exchange)
    expect(kinds(raw.read())).not.toContain('FAULT')
  })

  test('SE-158 SE-59 the program of what stood is told once, whatever becomes of its own direction', () => {
    const raw = new Raw({ policy: anyAct() }, { exchangeWindow: 4_096 }, [Places])
    const { exchange } = raw.begin(placed('plain', undefined, { standing: true }))
    raw.read()
    raw.engine.item(exchange, 'x'.repeat(9_000), 0)
    raw.engine.close(0, 1_000)
    raw.read()
    expect(kinds(raw.take())).toEqual(['stopped'])
    raw.send(data(2))
    expect(raw.only('fault')).toMatchObject({ exchange, error: { code: 'session/closed' } })
    raw.engine.ended()
    expect(kinds(raw.take())).toEqual(['over', 'closed'])
  })
})

test('SE-121 SE-57 an own stream that is given up takes nothing more from its program', () => {
  const raw = rawOf()
  const { exchange } = raw.begin(stretch('talk', 'q'))
  raw.read()
  raw.engine.cancel(exchange)
  raw.take()
  expect(raw.engine.item(exchange, 'late', 0)).toBe(true)
  raw.engine.end(exchange)
  raw.engine.stop(exchange)
  expect(kinds(raw.read())).toEqual(['RESET', 'STOP'])
})
