import { SottoError } from '../errors.js'
import type { EngineEvent } from './events.js'
import type { Exchange } from './exchange.js'
import type { Exchanges } from './exchanges.js'
import type { Denial } from './gate.js'

/** What this end learns of a refusal. */
export const denied = ({ route }: Exchange, { id: decision, why, rules }: Denial): EngineEvent => ({
  is: 'denied',
  denial: { verb: route.verb, address: route.address, decision, why, rules },
})

/** What the peer learns of it. */
export const denialCode = ({ why }: Denial): 'policy/limited' | 'policy/denied' =>
  why === 'limit' ? 'policy/limited' : 'policy/denied'

/**
 * Ends what the peer began and this end took: its handler and its sender are told. `item` is which of a stream was denied, 0
 * for what began it.
 */
export const withdraw = (
  exchange: Exchange,
  denial: Denial,
  item: number,
  exchanges: Exchanges,
  emit: (event: EngineEvent) => void,
): SottoError => {
  const { address } = exchange.route
  const code = denialCode(denial)
  const error = SottoError.of(code, `${address} is refused now`, { details: { decision: denial.id, address } })
  emit(denied(exchange, denial))
  exchange.refused = true
  exchanges.fault(exchange, { code, item })
  emit({ is: 'cancelled', exchange, error })
  return error
}
