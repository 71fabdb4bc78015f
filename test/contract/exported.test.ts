import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type Contract, contract, MAX_NAMES, MAX_OPERATIONS } from '../../src/contract/define.js'
import { parseContract } from '../../src/contract/exported.js'
import { oneWay, queue, requestResponse, stream, topic } from '../../src/contract/operation.js'
import { rowsOf } from '../../src/contract/row.js'
import { bytes } from '../../src/contract/shape.js'
import { SottoError } from '../../src/errors.js'
import { client, generateIdentity, host, initiate, memoryPair, policyStore, serve } from '../../src/index.js'
import { readContract } from '../../src/node.js'

const Room = z.object({ room: z.string() })
const House = contract('acme.house.v12', {
  read: requestResponse({ request: Room, response: z.string(), faults: { NoRoom: Room }, visible: ['room'] }),
  toggle: requestResponse({ request: Room, idempotent: true }),
  log: oneWay(Room, { visible: ['room'] }),
  copy: stream({ request: Room, up: bytes, down: z.string() }),
  stop: stream({}),
})
const Post = contract('post.v1', {
  jobs: queue(Room, { subject: '{room}.jobs', visible: ['room'], leaseMs: 5 }),
  news: topic(z.string(), { subject: '{room}', retain: true }),
  plain: topic(Room),
})
const Order = contract(
  'order.v1',
  { accept: requestResponse({ request: Room }), drop: oneWay(Room), list: requestResponse({}) },
  { key: 'room', states: { start: { accept: 'taken' }, taken: { accept: 'taken', drop: 'end' } } },
)
const exported = (): ReturnType<typeof JSON.parse> => JSON.parse(JSON.stringify(House))

const refusal = (value: unknown): SottoError<'contract/malformed'> => {
  try {
    parseContract(value)
  } catch (error) {
    if (SottoError.is(error, 'contract/malformed')) return error
    throw error
  }
  throw new Error('expected a refusal')
}

/** The export with one thing changed. */
const changed = (change: (house: ReturnType<typeof JSON.parse>) => void, of: Contract = House): unknown => {
  const house: ReturnType<typeof JSON.parse> = JSON.parse(JSON.stringify(of))
  change(house)
  return house
}

test('CO-32 what a contract exports is read as a contract of the same name and rows, frozen', () => {
  const read = parseContract(exported())
  expect(read.name).toBe('acme.house.v12')
  expect(rowsOf(read)).toEqual(rowsOf(House))
  expect(JSON.stringify(read)).toBe(JSON.stringify(House))
  for (const made of [Post, Order]) {
    const again = parseContract(JSON.parse(JSON.stringify(made)))
    expect(rowsOf(again)).toEqual(rowsOf(made))
    expect(JSON.stringify(again)).toBe(JSON.stringify(made))
  }
  expect(Object.isFrozen(read) && Object.values(read.operations).every((each) => Object.isFrozen(each))).toBe(true)
})

test('CO-32 a contract that was read can be used to call one that was made', async () => {
  const [server, caller] = [generateIdentity(), generateIdentity()]
  const policy = policyStore({
    version: 1,
    rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['call'], on: ['acme.house.v12.*'] }],
  })
  const handlers = {
    read: ({ room }: { room: string }) => `warm in ${room}`,
    toggle: () => undefined,
    log: () => undefined,
    copy: async function* () {},
    stop: () => undefined,
  }
  const hosting = host({ identity: server, trust: [caller.id], policy, serve: [serve(House, handlers)] })
  const [ours, theirs] = memoryPair()
  const Read = parseContract(exported())
  const [session] = await Promise.all([
    initiate(ours, { identity: caller, peer: server.id, use: [Read] }),
    hosting.accept(theirs),
  ])
  const ask: Record<string, (value: unknown) => unknown> = { ...client(session, Read) }
  expect(await ask.read?.({ room: 'hall' })).toBe('warm in hall')
  await expect(ask.read?.({ room: 5 })).rejects.toMatchObject({ code: 'contract/invalid' })
  await session.close()
  await hosting.close()
})

describe('CO-32 refuses what no contract exports, and says where', () => {
  const cases: [string, unknown, string][] = [
    ['null', null, ''],
    ['a list', [], ''],
    ['a text', JSON.stringify(House), ''],
    ['no name', { operations: [] }, 'name'],
    ['no operations', { name: 'a.v1' }, 'operations'],
    ['a member more', changed((house) => Object.assign(house, { flow: {} })), ''],
    ['operations by name', changed((house) => Object.assign(house, { operations: {} })), 'operations'],
    ['a name that is no text', changed((house) => Object.assign(house, { name: 5 })), 'name'],
    ['a name outside the grammar', changed((house) => Object.assign(house, { name: 'A.v1' })), ''],
    ['a reserved name', changed((house) => Object.assign(house, { name: 'sotto.x.v1' })), ''],
    ['no operation', changed((house) => Object.assign(house, { operations: [] })), ''],
    ['another order', changed((house) => house.operations.reverse()), 'operations[1].name'],
    [
      'an operation twice',
      changed((house) => house.operations.splice(1, 0, house.operations[0])),
      'operations[1].name',
    ],
    ['a row that is null', changed((house) => house.operations.push(null)), 'operations[5]'],
    [
      'an unknown kind',
      changed((house) => Object.assign(house.operations[1], { kind: 'subject' })),
      'operations[1].kind',
    ],
    [
      'a kind of every object',
      changed((house) => Object.assign(house.operations[1], { kind: 'toString' })),
      'operations[1].kind',
    ],
    ['no kind', changed((house) => delete house.operations[1].kind), 'operations[1].kind'],
    ['no faults', changed((house) => delete house.operations[1].faults), 'operations[1].faults'],
    [
      'a subject of a call',
      changed((house) => Object.assign(house.operations[1], { subject: 'x' })),
      'operations[1].subject',
    ],
    [
      'retain of a call',
      changed((house) => Object.assign(house.operations[1], { retain: true })),
      'operations[1].retain',
    ],
    [
      'faults of a oneWay',
      changed((house) => Object.assign(house.operations[1], { faults: ['X'] })),
      'operations[1].faults',
    ],
    [
      'an idempotent oneWay',
      changed((house) => Object.assign(house.operations[1], { idempotent: true })),
      'operations[1].idempotent',
    ],
    [
      'idempotent as text',
      changed((house) => Object.assign(house.operations[2], { idempotent: 'no' })),
      'operations[2].idempotent',
    ],
    ['a oneWay with up', changed((house) => Object.assign(house.operations[1], { up: 'items' })), 'operations[1]'],
    ['a stream without down', changed((house) => delete house.operations[0].down), 'operations[0].down'],
    [
      'a stream of something else',
      changed((house) => Object.assign(house.operations[0], { down: 'text' })),
      'operations[0].down',
    ],
    [
      'a fault that is no text',
      changed((house) => Object.assign(house.operations[2], { faults: [1] })),
      'operations[2].faults[0]',
    ],
    ['a fault outside the grammar', changed((house) => Object.assign(house.operations[4], { faults: ['a b'] })), ''],
    ['a visible field twice', changed((house) => Object.assign(house.operations[2], { visible: ['a', 'a'] })), ''],
    ['a reserved field', changed((house) => Object.assign(house.operations[2], { visible: ['prototype'] })), ''],
    [
      'visible fields in another order',
      changed((house) => Object.assign(house.operations[2], { visible: ['b', 'a'] })),
      '',
    ],
    [
      'too many fields',
      changed((house) =>
        Object.assign(house.operations[2], { visible: Array.from({ length: MAX_NAMES + 1 }, (_, n) => `f${100 + n}`) }),
      ),
      '',
    ],
    [
      'a template outside the grammar',
      changed((post) => Object.assign(post.operations[1], { subject: '*' }), Post),
      '',
    ],
    ['no subject', changed((post) => delete post.operations[1].subject, Post), 'operations[1].subject'],
    [
      'a queue that retains',
      changed((post) => Object.assign(post.operations[0], { retain: true }), Post),
      'operations[0].retain',
    ],
    [
      'faults of a topic',
      changed((post) => Object.assign(post.operations[1], { faults: ['X'] }), Post),
      'operations[1].faults',
    ],
    [
      'a flow that is no object',
      changed((order) => Object.assign(order.operations[0], { flow: 1 }), Order),
      'operations[0].flow',
    ],
    [
      'a flow without steps',
      changed((order) => Object.assign(order.operations[0].flow, { steps: {} }), Order),
      'operations[0].flow.steps',
    ],
    [
      'a step to no text',
      changed((order) => Object.assign(order.operations[0].flow.steps, { start: 1 }), Order),
      'operations[0].flow.steps.start',
    ],
    [
      'a step to no state',
      changed((order) => Object.assign(order.operations[0].flow.steps, { start: 'x' }), Order),
      '',
    ],
    [
      'two keys',
      changed((order) => Object.assign(order.operations[1].flow, { key: 'x' }), Order),
      'operations[1].flow.key',
    ],
    [
      'a flow of a topic',
      changed((post) => Object.assign(post.operations[1], { flow: { key: 'a', steps: { start: 'end' } } }), Post),
      '',
    ],
    ['an operation outside the grammar', changed((house) => Object.assign(house.operations[4], { name: 'x-y' })), ''],
    ['a reserved operation', changed((house) => Object.assign(house.operations[4], { name: 'then' })), ''],
    [
      'too many operations',
      {
        name: 'a.v1',
        operations: Array.from({ length: MAX_OPERATIONS + 1 }, (_, n) => ({
          ...exported().operations[1],
          name: `op${100 + n}`,
        })),
      },
      '',
    ],
  ]
  test.each(cases)('CO-32 %s', (_, value, path) => {
    const error = refusal(value)
    expect(error.details.path).toBe(path)
    expect(error.message).toMatch(/^contract\/malformed: expected /)
  })
})

describe('CO-32 a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-contract-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const file = (text: string | Uint8Array): string => {
    const path = join(folder, 'contract.json')
    writeFileSync(path, text)
    return path
  }
  test('CO-32 holds what JSON.stringify makes of a contract', async () => {
    expect(rowsOf(await readContract(file(JSON.stringify(House))))).toEqual(rowsOf(House))
  })
  test('CO-32 that is no JSON is refused with its line and column', async () => {
    await expect(readContract(file('{\n  "name": x }'))).rejects.toMatchObject({
      code: 'contract/malformed',
      details: { path: 'line 2, column 11' },
    })
  })
  test('CO-32 that is absent, no UTF-8 or no contract is refused', async () => {
    await expect(readContract(join(folder, 'absent'))).rejects.toMatchObject({ code: 'contract/malformed' })
    await expect(readContract(file(Uint8Array.of(0xff)))).rejects.toMatchObject({ code: 'contract/malformed' })
    await expect(readContract(file('{"name":"a.v1"}'))).rejects.toMatchObject({ details: { path: 'operations' } })
  })
})
