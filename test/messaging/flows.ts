import * as z from 'zod'
import { type Contract, contract } from '../../src/contract/define.js'
import type { Flow } from '../../src/contract/flow.js'
import { KINDS } from '../../src/contract/kinds.js'
import { type Operation, oneWay, requestResponse } from '../../src/contract/operation.js'
import { rowsOf } from '../../src/contract/row.js'
import { parseTemplate } from '../../src/contract/subject.js'
import type { Route } from '../../src/session/agreement.js'
import type { Random } from '../random.js'
import { read } from '../source.js'

/** What the tests of conversations speak, as spec/conversations.md has it. `list` is no step. */
export const Order = contract(
  'order.v1',
  {
    place: requestResponse({
      request: z.object({ orderId: z.string(), item: z.string() }),
      response: z.object({ items: z.array(z.string()) }),
      faults: { SoldOut: z.object({ item: z.string() }) },
    }),
    accept: requestResponse({ request: z.object({ orderId: z.string() }), response: z.array(z.string()) }),
    decline: oneWay(z.object({ orderId: z.string() })),
    list: requestResponse({ response: z.array(z.string()) }),
  },
  {
    key: 'orderId',
    states: { start: { place: 'quoted' }, quoted: { place: 'quoted', accept: 'end', decline: 'end' } },
  },
)

const CHAPTER = read('spec/conversations.md')

/** The rows of a table of the chapter, without backticks; the first names the columns. */
export const rowsIn = (name: string): readonly (readonly string[])[] => {
  const [, text = ''] = new RegExp(`^<!-- run: ${name} -->\\s*\\n((?:\\|.*\\n)+)`, 'm').exec(CHAPTER) ?? []
  return text
    .trim()
    .split('\n')
    .map((line) => line.slice(1, -1).split('|'))
    .map((cells) => cells.map((cell) => cell.trim().replaceAll('`', '')))
    .filter((_, index) => index !== 1)
}

/** What the engine agreed on for an operation. */
export const routeOf = (of: Contract, operation: string): Route => {
  const row = rowsOf(of).find(({ name }) => name === operation)
  if (row === undefined) throw new RangeError(`expected an operation, got ${operation}`)
  const verb = KINDS[row.kind][0]
  const address = `${of.name}.${operation}`
  return {
    contract: of.name,
    row,
    address,
    verb,
    template: parseTemplate(''),
    subject: '',
    standing: false,
    known: new Map(),
  }
}

const Keyed = z.object({ key: z.string() })

/** A contract with a flow of 1 to 6 states and 1 to 6 operations, of which at least one is no step. */
export const randomFlow = (random: Random): Contract & { readonly flow: Flow } => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'].slice(0, 1 + random.below(6))
  const states = ['start', 'one', 'two', 'three', 'four', 'five'].slice(0, 1 + random.below(6))
  const targets = [...states, 'end']
  const steps = () =>
    Object.fromEntries(names.filter(() => random.chance(50)).map((name) => [name, random.pick(targets)]))
  const flow: Record<string, Record<string, string>> = Object.fromEntries(
    states.map((state) => [state, { ...steps(), [random.pick(names)]: random.pick(targets) }]),
  )
  const operations: Record<string, Operation> = Object.fromEntries([
    ...names.map((name) => [name, random.chance(70) ? requestResponse({ request: Keyed }) : oneWay(Keyed)] as const),
    ['other', requestResponse({})] as const,
  ])
  const made = contract('random.v1', operations, { key: 'key', states: reached(flow) })
  // The cast: a flow was given.
  return made as Contract & { readonly flow: Flow }
}

/** What steps lead to from the start. */
const reached = (flow: Readonly<Record<string, Readonly<Record<string, string>>>>): Flow['states'] => {
  const found = new Set(['start'])
  for (const state of found) for (const next of Object.values(flow[state] ?? {})) found.add(next)
  return Object.fromEntries(Object.entries(flow).filter(([state]) => found.has(state)))
}

/** The automaton, read from the table by a program of its own: undefined where a step may not come. */
export const follow = ({ states }: Flow, state: string, operation: string): string | undefined =>
  new Map(Object.entries(new Map(Object.entries(states)).get(state) ?? {})).get(operation)

/** The steps of a flow. */
export const namesOf = ({ flow }: { readonly flow: Flow }): readonly string[] =>
  [...new Set(Object.values(flow.states).flatMap((steps) => Object.keys(steps)))].sort()
