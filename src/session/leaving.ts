import { type Ran, SottoError } from '../errors.js'
import type { EngineEvent } from './events.js'
import type { Exchange } from './exchange.js'
import type { Exchanges } from './exchanges.js'

/**
 * SE-158, TO-43, QU-28: the session is to end, and what this end has standing in it would not by itself. Its direction ends, which its server
 * answers with what was asked before and the end: its program hears of that as of the end of the session.
 */
export const leave = (exchanges: Exchanges, emit: (event: EngineEvent) => void): void => {
  for (const exchange of exchanges.all) {
    const { mine, route, abandoned, over, leaving } = exchange
    if (!mine || !route.standing || abandoned !== undefined || over || leaving) continue
    exchange.leaving = true
    if (exchange.id === 0) exchanges.cancel(exchange, 'call/cancelled', endOf(exchange))
    else {
      exchanges.items.end(exchange)
      // What is left of a request that goes in pieces still goes.
      emit({ is: 'stopped', exchange, error: endOf(exchange, 'maybe') })
    }
  }
}

/** How the program hears that what it asked to stand is over, as far as that has come by now. */
export const endOf = ({ route, ran }: Exchange, atLeast: Ran = 'no'): SottoError =>
  SottoError.of('session/closed', `the session ends, and ${route.address} with it`, {
    ran: ran === 'no' ? atLeast : ran,
  })
