import { decode } from '../cbor.js'
import { contractChanges } from '../contract/changes.js'
import type { Contract } from '../contract/define.js'
import { parseContract } from '../contract/exported.js'
import { type Flow, flowOf } from '../contract/flow.js'
import { oneWay } from '../contract/operation.js'
import { rowOf, rowsOf } from '../contract/row.js'
import { bytes } from '../contract/shape.js'
import { parseTemplate, takes } from '../contract/subject.js'
import { defaultProvider } from '../crypto/default.js'
import { SottoError } from '../errors.js'
import { Identity } from '../identity/identity.js'
import { ServiceConversations, Turn } from '../messaging/conversations.js'
import type { Route } from '../session/agreement.js'
import { Members } from './members.js'
import { READERS, STANDS } from './standingitems.js'

/** Asks of conversations, of what stands in bodies and items of topics and queues, and of contracts. */
export const MESSAGING_ASKS = {
  walk: (vector: Members) => walked(vector),
  item: async (vector: Members) => {
    const body = vector.bytes('hex')
    const number = (name: string): number => (vector.has(name) ? vector.count(name) : 0)
    const value = await READERS[vector.one('as', STANDS)]({
      wire: body.length === 0 ? undefined : decode(body),
      filter: vector.has('filter') ? vector.text('filter') : '*',
      sent: number('sent'),
      taken: number('taken'),
      settled: vector.has('settled') ? vector.count('settled') : undefined,
    })
    return { value }
  },
  filter: (vector: Members) => ({ takes: takes(vector.text('filter'), vector.text('subject')) }),
  contract: (vector: Members) => {
    const contract = parseContract(vector.any('contract'))
    return { numbered: rowsOf(contract).map(({ name }) => name), flow: contract.flow ?? null }
  },
  difference: (vector: Members) => {
    const changes = contractChanges(parseContract(vector.any('mine')), parseContract(vector.any('theirs')))
      .map(({ operation = null, mine = null, theirs = null, ...change }) => ({ operation, ...change, mine, theirs }))
      .toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
    return {
      changes: changes.filter(({ breaking }) => breaking !== 'maybe'),
      schemas: changes.filter(({ breaking }) => breaking === 'maybe'),
    }
  },
}

/** As changes are sorted: that of the contract first, then by operation and field. */
const keyOf = ({ operation, field }: { readonly operation: string | null; readonly field: string }): string =>
  `${operation ?? ''} ${field}`

/** The state before each step. @throws flow/refused for one that may not come */
const walked = (vector: Members) => {
  const flow = flowIn(vector)
  const peer = { id: Identity.of(new Uint8Array(32).fill(1), defaultProvider).id, roles: [], claims: {} }
  const conversations = new ServiceConversations(flow, () => undefined, {})
  const states = vector.list('steps').map((each) => {
    const step = new Members(each, 'a step')
    const [route, key] = [routeOf(step.text('operation')), step.text('key')]
    const { state } = conversations.peek(route, peer, key, 0)
    const turn = conversations.enter(route, peer, key, 0)
    if (turn.is === 'misstep') {
      const { state: at, expected } = turn
      throw SottoError.of('flow/refused', 'a step that may not come', { details: { state: at, expected } })
    }
    if (!(turn instanceof Turn)) throw new TypeError('expected a step of a service')
    turn.begin()
    turn.open()
    if (step.one('ends', ['response', 'failure']) === 'response') turn.succeeded()
    turn.end()
    return state
  })
  return { states }
}

const flowIn = (vector: Members): Flow => {
  const flow = vector.of('flow')
  const states = flow.of('states')
  const table = Object.fromEntries(
    states.names.map((state) => {
      const steps = states.of(state)
      return [state, Object.fromEntries(steps.names.map((name) => [name, steps.text(name)]))]
    }),
  )
  const names = [...new Set(Object.values(table).flatMap(Object.keys))]
  const operations: Contract['operations'] = Object.fromEntries(names.map((name) => [name, oneWay(bytes)]))
  return flowOf('a.v1', operations, { key: flow.text('key'), states: table })
}

/** Of a step, for what keeps conversations. */
const routeOf = (operation: string): Route => ({
  contract: 'a.v1',
  row: rowOf(operation, oneWay(bytes)),
  template: parseTemplate(''),
  verb: 'send',
  subject: '',
  standing: false,
  address: `a.v1.${operation}`,
  known: new Map(),
})
