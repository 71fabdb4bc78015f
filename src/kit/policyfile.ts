import type { Contract } from '../contract/define.js'
import { SottoError } from '../errors.js'
import { readText } from '../link/textfile.node.js'
import type { Finding } from '../policy/findings.js'
import { type LocatedJson, locateJson, type TextPlace } from '../policy/json.js'
import { type PolicyStore, policyStore } from '../policy/store.js'

/** What is to be said of a place in a policy file: a finding, or what keeps it from loading. */
export interface Remark extends Omit<Finding, 'what'>, TextPlace {
  readonly what: Finding['what'] | 'malformed'
}

/** A policy file that was read; `store` if it loads. */
export interface PolicyReview {
  readonly store: PolicyStore | undefined
  readonly remarks: readonly Remark[]
}

/**
 * Reads a policy file of at most 4 MiB in UTF-8 and holds it against the contracts.
 *
 * @throws SottoError policy/malformed if it cannot be read at all
 */
export const reviewPolicy = async (path: string, contracts: readonly Contract[]): Promise<PolicyReview> => {
  const read = await readPlaced(path, (document) => policyStore(document, { contracts }))
  if ('value' in read) {
    const { value: store, placeOf } = read
    return { store, remarks: store.findings.map((finding) => ({ ...finding, ...placeOf(finding.path) })) }
  }
  const { error, place } = read
  const remark: Remark = { path: error.details.path, what: 'malformed', text: textOf(error), ...place }
  return { store: undefined, remarks: [remark] }
}

/**
 * What `load` makes of a JSON file.
 *
 * @throws SottoError policy/malformed; its text begins with the file, the line and the column
 */
export const openJson = async <T>(path: string, load: (document: unknown) => T): Promise<T> => {
  const read = await readPlaced(path, load)
  if ('value' in read) return read.value
  const { error, place } = read
  const what = `${path}:${place.line}:${place.column}: ${textOf(error)}`
  throw SottoError.of('policy/malformed', what, { details: error.details, cause: error })
}

type Read<T> =
  | { readonly value: T; readonly placeOf: LocatedJson['placeOf'] }
  | { readonly error: SottoError<'policy/malformed'>; readonly place: TextPlace }

const readPlaced = async <T>(path: string, load: (document: unknown) => T): Promise<Read<T>> => {
  const text = await readText(path)
  let json: LocatedJson | undefined
  try {
    json = locateJson(text)
    return { value: load(json.value), placeOf: json.placeOf }
  } catch (error) {
    // What is wrong with the document is what the caller asks for.
    if (!SottoError.is(error, 'policy/malformed')) throw error
    return { error, place: json?.placeOf(error.details.path) ?? placeIn(error.details.path) }
  }
}

/** The path of what is no JSON is its place already. */
const placeIn = (path: string): TextPlace => {
  const [line = 1, column = 1] = [...path.matchAll(/\d+/g)].map(Number)
  return { line, column }
}

/** Without the code. */
const textOf = ({ code, message }: SottoError): string => message.slice(`${code}: `.length)
