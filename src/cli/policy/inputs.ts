import { type Contract, SottoError } from '../../index.js'
import { Document } from '../../kit/document.js'
import { openJson } from '../../kit/policyfile.js'
import { readContract } from '../../node.js'
import type { Arguments } from '../command.js'

/** The paths behind `--contract`. */
export const contractPaths = ({ contract }: Arguments['values']): readonly string[] =>
  Array.isArray(contract) ? contract.filter((path) => typeof path === 'string') : []

/** @throws SottoError policy/malformed, which names the file, line and column */
export const policyIn = (path: string): Promise<Document> => openJson(path, (document) => new Document(document))

/** @throws SottoError contract/malformed, which names the file */
export const contractsIn = (paths: readonly string[]): Promise<readonly Contract[]> =>
  Promise.all(paths.map(contractIn))

const contractIn = async (path: string): Promise<Contract> => {
  try {
    return await readContract(path)
  } catch (cause) {
    // Of several files one has to be named, once.
    if (!SottoError.is(cause, 'contract/malformed') || cause.message.includes(path)) throw cause
    const what = `${cause.message.slice(`${cause.code}: `.length)}, in ${path}`
    throw SottoError.of('contract/malformed', what, { details: cause.details, cause })
  }
}
