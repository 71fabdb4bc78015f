import type { Contract, Policy } from '../../index.js'
import { SottoError } from '../../index.js'
import { readContract, readPolicy } from '../../node.js'
import type { Arguments } from '../command.js'

/** The paths behind `--contract`. */
export const contractPaths = ({ contract }: Arguments['values']): readonly string[] =>
  Array.isArray(contract) ? contract.filter((path) => typeof path === 'string') : []

/** @throws SottoError policy/malformed, which names the file */
export const policyIn = (path: string): Promise<Policy> => named(path, readPolicy)

/** @throws SottoError contract/malformed, which names the file */
export const contractsIn = (paths: readonly string[]): Promise<readonly Contract[]> =>
  Promise.all(paths.map((path) => named(path, readContract)))

const named = async <T>(path: string, read: (path: string) => Promise<T>): Promise<T> => {
  try {
    return await read(path)
  } catch (cause) {
    // Of several files one has to be named, once.
    if (!(cause instanceof SottoError) || cause.message.includes(path)) throw cause
    const what = `${cause.message.slice(`${cause.code}: `.length)}, in ${path}`
    throw SottoError.of(cause.code, what, { details: cause.details, cause })
  }
}
