import { SottoError } from '../errors.js'
import type { Expected, KnownKeys } from '../identity/expected.js'
import { type PeerId, peerId } from '../identity/id.js'
import type { Session } from './session.js'

/** Endpoints that a file of known peers holds, at most (ID-39). */
export const MAX_KNOWN = 16_384
/** Bytes of such a file: 16,384 lines of a path of 103 bytes, its scheme and an id, and as much for comments. */
export const MAX_KNOWN_BYTES = 4_194_304

/** A file of the keys that endpoints proved; made by `knownPeers`. For those who dial alone. */
export interface KnownPeers extends KnownKeys {
  readonly path: string
  /** What the file said when it was last read. */
  known(endpoint: string): PeerId | undefined
  check(endpoint: string, id: PeerId): 'known' | 'new' | 'changed'
  /** Every endpoint and its key, in the order of the file. */
  entries(): readonly (readonly [endpoint: string, id: PeerId])[]
  /** Reads the file again, as `dial` does before each attempt. @throws SottoError identity/file */
  reload(): Promise<void>
  /**
   * Writes the key of a new endpoint to the file, whatever the mode; nothing happens to one that is known.
   *
   * @throws SottoError identity/changed, and never overwrites; identity/file
   */
  remember(endpoint: string, id: PeerId): Promise<void>
  /** Takes an endpoint out of the file, so that its next key is new. False if it was not there. @throws SottoError identity/file */
  forget(endpoint: string): Promise<boolean>
}

/** Printable, without the mark of a comment in front, and without a space at either end. A lone surrogate has no UTF-8. */
const ENDPOINT = /^(?![#\s])[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,512}(?<!\s)$/u

/**
 * ID-36: the text of a file of known peers: a line `ENDPOINT ID` each. What it says otherwise, in comments that begin with #
 * and in empty lines, is kept.
 */
export class KnownText {
  readonly #lines: readonly string[]
  readonly ids: ReadonlyMap<string, PeerId>

  /** @throws SottoError identity/malformed; the message names the line */
  constructor(text: string) {
    this.#lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
    const ids = new Map<string, PeerId>()
    for (const [index, line] of this.#lines.entries()) {
      const entry = entryOf(line, index + 1)
      if (entry === undefined) continue
      const [endpoint, id] = entry
      if (ids.has(endpoint)) throw malformed(index + 1, 'each endpoint once')
      if (ids.size >= MAX_KNOWN) throw malformed(index + 1, `at most ${MAX_KNOWN} endpoints`)
      ids.set(endpoint, id)
    }
    this.ids = ids
  }

  /** The text with one line more. @throws RangeError for an endpoint that has no form there */
  with(endpoint: string, id: PeerId): string {
    if (!ENDPOINT.test(endpoint)) throw new RangeError('expected an endpoint of 1 to 512 printable characters')
    return textOf([...this.#lines, `${endpoint} ${id}`])
  }

  without(endpoint: string): string {
    return textOf(this.#lines.filter((line, index) => entryOf(line, index + 1)?.[0] !== endpoint))
  }
}

/** @internal Who takes a first key and keeps none would take every key. @throws TypeError */
export const checkMemory = (expected: Expected): void => {
  if (typeof expected === 'string' || !('known' in expected) || isFile(expected.known)) return
  if (expected.known.mode !== 'strict')
    throw new TypeError('expected known peers that remember, as `knownPeers` gives them')
}

/** @internal Before an attempt: what others wrote to the file since counts. @throws SottoError identity/file */
export const recall = async (expected: Expected): Promise<void> => {
  await fileOf(expected)?.known.reload()
}

/**
 * @internal ID-42: behind ACCEPT, the key of a new endpoint is written down. If it cannot be, the session is aborted, or the
 * next first key of the endpoint would be taken as well.
 *
 * @throws SottoError identity/changed, identity/file
 */
export const rememberIn = async (expected: Expected, session: Session): Promise<void> => {
  const file = fileOf(expected)
  const { id } = session.peer
  if (file === undefined || file.known.check(file.endpoint, id) === 'known') return
  try {
    await file.known.remember(file.endpoint, id)
  } catch (error) {
    session.abort(error)
    throw error
  }
}

const fileOf = (expected: Expected): { readonly endpoint: string; readonly known: KnownPeers } | undefined => {
  if (typeof expected === 'string' || !('known' in expected)) return undefined
  const { endpoint, known } = expected
  return isFile(known) ? { endpoint, known } : undefined
}

const isFile = (known: KnownKeys): known is KnownPeers => 'remember' in known

const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

/** An endpoint may hold spaces, an id never does. */
const entryOf = (line: string, number: number): readonly [endpoint: string, id: PeerId] | undefined => {
  if (line.startsWith('#') || line === '') return undefined
  const space = line.lastIndexOf(' ')
  const endpoint = line.slice(0, Math.max(0, space))
  if (!ENDPOINT.test(endpoint)) throw malformed(number, 'an endpoint, a space and a peer id, or a comment behind #')
  try {
    return [endpoint, peerId(line.slice(space + 1))]
  } catch (cause) {
    // Told again with its line; the cause says what is wrong with the id.
    throw malformed(number, 'a peer id behind the endpoint', cause)
  }
}

const malformed = (line: number, what: string, cause?: unknown): SottoError<'identity/malformed'> =>
  SottoError.of('identity/malformed', `expected ${what}, in line ${line}`, { cause })
