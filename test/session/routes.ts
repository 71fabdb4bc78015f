import type { Contract } from '../../src/contract/define.js'
import { defaultProvider } from '../../src/crypto/default.js'
import { agree, offerOf, type Route } from '../../src/session/agreement.js'
import { Exchange } from '../../src/session/exchange.js'
import { limitsOf } from '../../src/session/limits.js'
import { Flow, Places, Streams } from './wire.js'

const CONTRACTS: readonly Contract[] = [Flow, Streams, Places]

/** The routes of Flow, Streams and Places, as two ends agree on them. */
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

/** The route of an operation, which has a name of its own. */
export const routeOf = (operation: string): Route => {
  const route = ROUTES.find((candidate) => candidate?.row.name === operation)
  if (route === undefined) throw new Error(`no operation ${operation}`)
  return route
}

/** An exchange that the peer began, in no session. */
export const theirs = (operation: string): Exchange =>
  new Exchange(routeOf(operation), undefined, { receive: 4_096, send: 4_096 })
