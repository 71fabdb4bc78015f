import { SottoError } from '../errors.js'
import { Possession } from '../identity/possession.js'
import { isLive } from './live.js'
import type { Session } from './session.js'

/**
 * That the peer of `session` holds its key: the handshake has shown it to this process.
 *
 * @throws TypeError if it is no session of this library's, session/closed if it is over: that shows nothing of now
 */
export const possessionOf = (session: Session): Possession => {
  // ID-30: an object of the same form shows nothing.
  if (!isLive(session))
    throw SottoError.of('session/closed', 'expected a live session to show possession, got one that is over')
  return Possession.of(session.peer.id, Date.now())
}
