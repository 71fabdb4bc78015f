import { concat } from '../bytes.js'
import type { Provider } from '../crypto/provider.js'

/** One thing that is drawn at random elsewhere, and fixed here. */
export interface Drawn {
  readonly name: string
  readonly bytes: Uint8Array
}

/**
 * `provider` with `draws` in place of random bytes, each once and in order; `left` counts those still to be drawn. For
 * vectors only: a session whose ephemerals are known is no secret to anyone.
 */
export const scripted = (
  provider: Provider,
  draws: readonly Drawn[],
): { readonly provider: Provider; readonly left: () => number } => {
  const waiting = [...draws]
  const randomBytes = (length: number): Uint8Array => {
    const next = waiting.shift()
    if (next?.bytes.length !== length)
      throw new RangeError(
        `expected to draw ${next?.bytes.length ?? 0} bytes (${next?.name ?? 'nothing'}), got ${length}`,
      )
    return concat(next.bytes)
  }
  const { mlkem768 } = provider
  return {
    provider: {
      ...provider,
      randomBytes,
      mlkem768: {
        ...mlkem768,
        encapsulate: (publicKey, m = randomBytes(mlkem768.secretLength)) => mlkem768.encapsulate(publicKey, m),
      },
    },
    left: () => waiting.length,
  }
}
