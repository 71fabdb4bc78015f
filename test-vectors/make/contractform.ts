import { parseContract } from '../../src/contract/exported.js'
import { rowsOf } from '../../src/contract/row.js'
import { SottoError } from '../../src/errors.js'
import type { Vectors } from '../schema.js'

export type Accepted = Vectors<'contracts'>['accepted'][number]
export type Refused = Vectors<'contracts'>['refused'][number]
export type Json = Refused['contract']
export type Fields = { readonly [name: string]: Json }
export type Kind = 'requestResponse' | 'oneWay' | 'stream' | 'topic' | 'queue'

export const KINDS: readonly Kind[] = ['requestResponse', 'oneWay', 'stream', 'topic', 'queue']

/** A row of a kind, as little as it can be. */
export const row = (kind: Kind, over: Fields = {}): Fields => ({
  name: 'read',
  kind,
  subject: '',
  faults: [],
  visible: [],
  retain: false,
  idempotent: false,
  ...(kind === 'stream' && { up: 'nothing', down: 'items' }),
  ...over,
})

export const exported = (operations: Json, over: Fields = {}): Json => ({ name: 'a.v1', operations, ...over })

/** Two steps that are a flow: `read` begins it, `stop` ends it. */
export const flowing = (key: string, read: Fields, stop: Fields, over: Fields = {}): Json =>
  exported([
    row('requestResponse', { flow: { key, steps: read }, ...over }),
    row('requestResponse', { name: 'stop', flow: { key, steps: stop } }),
  ])

/** What is taken, and what is read back from it. */
export const taken = (name: string, given: Json): Accepted => {
  const contract = parseContract(given)
  const { flow } = contract
  return {
    name,
    contract: given,
    numbered: rowsOf(contract).map((each) => each.name),
    flow:
      flow === undefined
        ? null
        : {
            key: flow.key,
            states: Object.fromEntries(Object.entries(flow.states).map(([state, steps]) => [state, { ...steps }])),
          },
  }
}

/** What must not load, and where its fault is found. */
export const no = (rule: string, name: string, contract: Json): Refused => {
  try {
    parseContract(contract)
  } catch (error) {
    if (SottoError.is(error, 'contract/malformed'))
      return { name, code: 'contract/malformed', rule, contract, path: error.details.path }
    throw error
  }
  throw new TypeError(`${rule} ${name}: expected it to be refused`)
}
