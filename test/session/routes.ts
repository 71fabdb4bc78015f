import { type Contract, contract } from '../../src/contract/define.js'
import { requestResponse } from '../../src/contract/operation.js'
import type { Shape } from '../../src/contract/shape.js'
import { defaultProvider } from '../../src/crypto/default.js'
import { agree, offerOf, type Route } from '../../src/session/agreement.js'
import { Exchange } from '../../src/session/exchange.js'
import { limitsOf } from '../../src/session/limits.js'
import { Flow, Places, Streams } from './wire.js'

const keyed: Shape<{ readonly id: string }> = {
  '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [] }) },
}

/** A step of a flow. */
const Steps = contract(
  'steps.v1',
  { step: requestResponse({ request: keyed }) },
  { key: 'id', states: { start: { step: 'end' } } },
)

const CONTRACTS: readonly Contract[] = [Flow, Streams, Places, Steps]

/** The routes of these contracts, as two ends agree on them. */
const ROUTES = agree(
  {
    uses: CONTRACTS.map((contract) => offerOf(defaultProvider.hash.SHA256, contract)),
    serves: [],
    context: null,
    limits: limitsOf(),
    service: '',
  },
  { serves: CONTRACTS.map((_, index) => index), uses: [] },
  { forward: CONTRACTS, backward: [] },
).forward

/** The route of an operation: each has a name of its own. */
export const routeOf = (operation: string): Route => {
  const route = ROUTES.find((candidate) => candidate?.row.name === operation)
  if (route === undefined) throw new Error(`no operation ${operation}`)
  return route
}

/** An exchange that the peer began, in no session. */
export const theirs = (operation: string): Exchange =>
  new Exchange(routeOf(operation), undefined, { receive: 4_096, send: 4_096 })
