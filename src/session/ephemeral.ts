import { SottoError } from '../errors.js'
import { isCanonicalX25519 } from '../identity/id.js'

/** The ephemeral in front of message 1 or 2 is canonical: bit 255 clear and below p (SE-12). @throws session/malformed */
export const checkEphemeral = (message: Uint8Array): void => {
  if (!isCanonicalX25519(message.subarray(0, 32)))
    throw SottoError.of('session/malformed', 'an ephemeral that is not canonical')
}
