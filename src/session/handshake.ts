import { SottoError } from '../errors.js'
import { isCanonicalX25519 } from '../identity/id.js'
import { keyPairOf } from '../identity/identity.js'
import { HandshakeState } from '../noise/handshake.js'
import type { Role } from '../noise/patterns.js'
import type { Side } from './side.js'
import type { Suite } from './suites.js'

/** Bytes of a psk. */
export const PSK_LENGTH = 32

/**
 * A handshake of `suite` with the own identity; it holds the only copies made of the secrets, until it is over (SE-83).
 *
 * @param psk 32 bytes, borrowed; where the suite has one
 */
export const openHandshake = (
  side: Side,
  role: Role,
  suite: Suite,
  prologue: Uint8Array,
  psk: Uint8Array | undefined,
): HandshakeState => {
  const s = keyPairOf(side.identity)
  try {
    const psks = psk === undefined ? [] : [psk]
    return new HandshakeState({ protocol: suite.name, role, prologue, s, psks, provider: side.provider })
  } finally {
    s.secretKey.fill(0)
  }
}

/** The ephemeral in front of message 1 or 2 is canonical: bit 255 clear and below p (SE-12). @throws session/malformed */
export const checkEphemeral = (message: Uint8Array): void => {
  if (!isCanonicalX25519(message.subarray(0, 32)))
    throw SottoError.of('session/malformed', 'an ephemeral that is not canonical')
}
