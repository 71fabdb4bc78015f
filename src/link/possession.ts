import { Possession } from '../identity/possession.js'
import { callerOf } from './face.js'
import type { Session } from './session.js'

/**
 * That the peer of `session` holds its key: the handshake has shown it to this process.
 *
 * @throws TypeError if it is no session of this library's
 */
export const possessionOf = (session: Session): Possession => {
  // ID-30: an object of the same form shows nothing.
  callerOf(session)
  return Possession.of(session.peer.id, Date.now())
}
