import { utf8 } from '../bytes.js'
import { SottoError } from '../errors.js'
import { changedKey, type KnownKeys } from '../identity/expected.js'
import type { PeerId } from '../identity/id.js'
import { type KnownPeers, KnownText, MAX_KNOWN, MAX_KNOWN_BYTES } from './knownpeers.js'
import { fileError, readIfThere, whileLocked, writeOver } from './privatefile.node.js'

/**
 * The keys that endpoints proved, of a file that only its owner may write; one that is not there is empty. `strict` dials
 * nobody else; `accept-new` takes the first key of an endpoint and remembers it once there is a session. A listener never
 * learns keys by itself.
 *
 * @throws SottoError identity/file if the file cannot be read, others may write it, or a line of it is malformed; RangeError on
 * another mode
 */
export const knownPeers = async (path: string, mode: KnownKeys['mode'] = 'strict'): Promise<KnownPeers> => {
  if (mode !== 'strict' && mode !== 'accept-new') throw new RangeError('expected a mode of strict or accept-new')
  const known = new KnownFile(path, mode)
  await known.reload()
  return known
}

class KnownFile implements KnownPeers {
  readonly path: string
  readonly mode: KnownKeys['mode']
  #ids: ReadonlyMap<string, PeerId> = new Map()

  constructor(path: string, mode: KnownKeys['mode']) {
    this.path = path
    this.mode = mode
  }

  known(endpoint: string): PeerId | undefined {
    return this.#ids.get(endpoint)
  }

  check(endpoint: string, id: PeerId): 'known' | 'new' | 'changed' {
    const known = this.known(endpoint)
    if (known === undefined) return 'new'
    return known === id ? 'known' : 'changed'
  }

  entries(): readonly (readonly [endpoint: string, id: PeerId])[] {
    return [...this.#ids]
  }

  async reload(): Promise<void> {
    await this.#read()
  }

  /** ID-38: another process may have written meanwhile, so the file is read again under its lock. */
  remember(endpoint: string, id: PeerId): Promise<void> {
    return whileLocked(this.path, async () => {
      const text = await this.#read()
      const known = text.ids.get(endpoint)
      if (known === id) return
      if (known !== undefined) throw changedKey(endpoint, known, id)
      if (text.ids.size >= MAX_KNOWN) throw fileError(this.path, `expected room among ${MAX_KNOWN} endpoints`)
      await this.#write(text.with(endpoint, id))
    })
  }

  forget(endpoint: string): Promise<boolean> {
    return whileLocked(this.path, async () => {
      const text = await this.#read()
      if (!text.ids.has(endpoint)) return false
      await this.#write(text.without(endpoint))
      return true
    })
  }

  async #read(): Promise<KnownText> {
    const bytes = await readIfThere(this.path, { most: MAX_KNOWN_BYTES, others: 'read' })
    const text = this.#parse(bytes ?? new Uint8Array(0))
    this.#ids = text.ids
    return text
  }

  #parse(bytes: Uint8Array): KnownText {
    try {
      return new KnownText(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
    } catch (cause) {
      const why = cause instanceof SottoError ? cause.message : 'expected UTF-8'
      throw fileError(this.path, why, cause)
    }
  }

  async #write(text: string): Promise<void> {
    const bytes = utf8(text)
    if (bytes.length > MAX_KNOWN_BYTES) throw fileError(this.path, `expected at most ${MAX_KNOWN_BYTES} bytes`)
    await writeOver(this.path, bytes)
    this.#ids = new KnownText(text).ids
  }
}
