import { native } from '../../src/crypto/native.js'
import { noble } from '../../src/crypto/noble.js'
import type { Provider } from '../../src/crypto/provider.js'

if (native === undefined) console.warn('crypto: this runtime has no native provider; only noble is tested')

/** Every provider of this runtime; noble first. */
export const providers: readonly Provider[] = native === undefined ? [noble] : [noble, native]
