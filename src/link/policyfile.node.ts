import { parseJson } from '../policy/json.js'
import { loadPolicy } from '../policy/load.js'
import type { Policy } from '../policy/rule.js'
import { readText } from './textfile.node.js'

/**
 * The policy of a JSON file of at most 4 MiB in UTF-8.
 *
 * @throws SottoError policy/malformed if it cannot be read or does not load; `details.path` is the place in the document,
 * or the line and column where it is no JSON
 */
export const readPolicy = async (path: string): Promise<Policy> => loadPolicy(parseJson(await readText(path)))
