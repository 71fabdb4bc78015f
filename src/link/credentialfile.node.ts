import { decodeCredential, MAX_CREDENTIAL } from '../identity/credential.js'
import { fileError, readPrivate, writeNew } from './privatefile.node.js'

/**
 * The credential of a file that holds nothing else. Nobody has vouched for it yet.
 *
 * @throws SottoError identity/file if it cannot be read or holds no credential
 */
export const readCredential = async (path: string): Promise<Uint8Array> => {
  const credential = await readPrivate(path, { most: MAX_CREDENTIAL, others: 'any' })
  try {
    decodeCredential(credential)
  } catch (cause) {
    throw fileError(path, 'expected a credential', cause)
  }
  return credential
}

/** ID-14: makes a file of a credential; an existing file is never replaced. @throws SottoError identity/file */
export const writeCredential = (path: string, credential: Uint8Array): Promise<void> => writeNew(path, credential)
