/** Asks of the level messaging: what is compared, in which order, and what waits. */
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/bytes.js'
import { encode } from '../../src/cbor.js'
import { type Line, Talk } from './talk.js'

const asked = async (ask: string, vector: Line): Promise<Line> => {
  const talk = new Talk()
  await talk.hello()
  const { id: _, ...said } = await talk.ask(ask, vector)
  return said
}

const row = (name: string, over: Line = {}) => ({
  name,
  kind: 'oneWay',
  subject: '',
  faults: [],
  visible: [],
  retain: false,
  idempotent: false,
  ...over,
})

const exported = (...operations: readonly unknown[]) => ({ name: 'a.v1', operations })

describe('an ask', () => {
  test('CF-4 is answered before a settle behind it, however long it takes', async () => {
    const talk = new Talk()
    await talk.hello()
    talk.tell({ do: 'ask', id: 7, ask: 'item', vector: { as: 'consume', hex: toHex(encode({ credit: 3 })) } })
    talk.tell({ do: 'settle', id: 8 })
    await talk.until(({ id }) => id === 8)
    expect(talk.said.slice(1)).toEqual([
      { id: 7, answer: { value: { credit: 3 } } },
      { id: 8, settled: true },
    ])
  })

  test('CF-2 that is no vector ends the shim, though it is found out late', async () => {
    const talk = new Talk()
    await talk.hello()
    await expect(talk.ask('item', { as: 'subscribe', hex: '8' })).rejects.toThrow('the shim ended')
    expect(talk.over?.error).toMatchObject({ message: 'line 2: expected bytes in lower-case hex in hex, got string' })
  })

  test('CO-41 of two contracts sorts what differs, and tells of documentation apart', async () => {
    const mine = exported(
      row('a', { schemas: { message: { type: 'string' } } }),
      row('b', { kind: 'requestResponse' }),
      row('d'),
    )
    const theirs = exported(
      row('a', { schemas: { message: { type: 'number' } } }),
      row('b', { kind: 'requestResponse', visible: ['x'], idempotent: true }),
      row('c'),
    )
    const said = await asked('difference', { mine, theirs })
    expect(said).toMatchObject({
      answer: {
        changes: [
          { operation: 'b', field: 'idempotent', breaking: 'yes' },
          { operation: 'b', field: 'visible', mine: [], theirs: ['x'], breaking: 'yes' },
          { operation: 'c', field: 'row', mine: null, breaking: 'no' },
          { operation: 'd', field: 'row', theirs: null, breaking: 'yes' },
        ],
        schemas: [{ operation: 'a', field: 'schemas.message', breaking: 'maybe' }],
      },
    })
  })

  test('CV-11 of a walk is refused at its last step alone', async () => {
    const flow = { key: 'id', states: { start: { begin: 'going' }, going: { stop: 'end' } } }
    const step = (operation: string) => ({ operation, key: 'a', ends: 'response' })
    expect(await asked('walk', { flow, steps: [step('begin')] })).toEqual({ answer: { states: ['start'] } })
    expect(await asked('walk', { flow, steps: [step('begin'), step('begin')] })).toEqual({ code: 'flow/refused' })
  })
})
