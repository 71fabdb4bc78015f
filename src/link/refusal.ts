import { SottoError } from '../errors.js'
import type { Denial } from '../session/gate.js'

/** What the own gate denies, as its caller learns of it. */
export const refusal = ({ why, rules, id: decision }: Denial, address: string): SottoError => {
  const reason = rules.length === 0 ? why : rules.join(', ')
  const code = why === 'limit' ? 'policy/limited' : 'policy/denied'
  return SottoError.of(code, `${address} is refused here (${reason})`, { details: { decision, address } })
}
