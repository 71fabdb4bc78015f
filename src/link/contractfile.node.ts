import type { Contract } from '../contract/define.js'
import { parseContract } from '../contract/exported.js'
import { SottoError } from '../errors.js'
import { parseJson } from '../policy/json.js'
import { readText } from './textfile.node.js'

/**
 * The contract of a JSON file that holds `JSON.stringify(contract)`, of at most 4 MiB in UTF-8: its name and rows, with shapes
 * that take whatever the rows let be sent.
 *
 * @throws SottoError contract/malformed if it cannot be read or is no contract; `details.path` is the place in it, or the
 * line and column where it is no JSON
 */
export const readContract = async (path: string): Promise<Contract> => {
  try {
    return parseContract(parseJson(await readText(path)))
  } catch (cause) {
    // The reader of files and the parser tell of policies, which is all they read elsewhere.
    if (!SottoError.is(cause, 'policy/malformed')) throw cause
    const what = cause.message.slice('policy/malformed: '.length)
    throw SottoError.of('contract/malformed', what, { details: cause.details, cause })
  }
}
