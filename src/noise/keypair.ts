import { concat } from '../bytes.js'
import { defaultProvider } from '../crypto/default.js'
import type { DhName, KeyPair, Provider } from '../crypto/provider.js'
import { SottoError } from '../errors.js'

/**
 * A key pair for `dh`: 32 bytes each for 25519, 56 for 448, freshly allocated. The holder keeps it secret and erases it.
 *
 * @param secretKey what to make the pair of; random unless given
 * @throws noise/protocol on another `dh`, crypto/bad-key on another length
 */
export const generateKeyPair = (dh: DhName, secretKey?: Uint8Array, provider: Provider = defaultProvider): KeyPair => {
  if (dh !== '25519' && dh !== '448') throw SottoError.of('noise/protocol', 'dh: expected 25519 or 448')
  const secret = secretKey ? concat(secretKey) : provider.randomBytes(provider.dh[dh].length)
  const key = provider.dh[dh].importKey(secret)
  const publicKey = concat(key.publicKey)
  key.erase()
  return { secretKey: secret, publicKey }
}
