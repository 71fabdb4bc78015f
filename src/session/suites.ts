import type { CipherName, Provider } from '../crypto/provider.js'

/**
 * The suites of a session (SE-4); ids are never reused. Beside an id's last digit, 0x10 says without hfs, 0x20 with psk3,
 * 0x100 with AESGCM. Sizes are handshake messages with empty payloads.
 */
export interface Suite {
  readonly id: number
  readonly name: string
  readonly cipher: CipherName
  /** With ML-KEM-768 in it. */
  readonly pq: boolean
  /** With a shared secret in it. */
  readonly psk: boolean
  readonly sizes: readonly [number, number, number]
}

export const SUITES = [
  {
    id: 0x0001,
    name: 'Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256',
    cipher: 'ChaChaPoly',
    pq: true,
    psk: false,
    sizes: [1216, 1200, 64],
  },
  {
    id: 0x0011,
    name: 'Noise_XX_25519_ChaChaPoly_SHA256',
    cipher: 'ChaChaPoly',
    pq: false,
    psk: false,
    sizes: [32, 96, 64],
  },
  {
    id: 0x0021,
    name: 'Noise_XXhfs+psk3_25519+MLKEM768_ChaChaPoly_SHA256',
    cipher: 'ChaChaPoly',
    pq: true,
    psk: true,
    sizes: [1248, 1200, 64],
  },
  {
    id: 0x0031,
    name: 'Noise_XXpsk3_25519_ChaChaPoly_SHA256',
    cipher: 'ChaChaPoly',
    pq: false,
    psk: true,
    sizes: [48, 96, 64],
  },
  {
    id: 0x0101,
    name: 'Noise_XXhfs_25519+MLKEM768_AESGCM_SHA256',
    cipher: 'AESGCM',
    pq: true,
    psk: false,
    sizes: [1216, 1200, 64],
  },
  {
    id: 0x0111,
    name: 'Noise_XX_25519_AESGCM_SHA256',
    cipher: 'AESGCM',
    pq: false,
    psk: false,
    sizes: [32, 96, 64],
  },
  {
    id: 0x0121,
    name: 'Noise_XXhfs+psk3_25519+MLKEM768_AESGCM_SHA256',
    cipher: 'AESGCM',
    pq: true,
    psk: true,
    sizes: [1248, 1200, 64],
  },
  {
    id: 0x0131,
    name: 'Noise_XXpsk3_25519_AESGCM_SHA256',
    cipher: 'AESGCM',
    pq: false,
    psk: true,
    sizes: [48, 96, 64],
  },
] as const satisfies readonly Suite[]

/** Which suites a setting allows, best first: with ML-KEM, or without. */
export const POST_QUANTUM = {
  require: [true],
  prefer: [true, false],
  off: [false],
} as const satisfies Record<string, readonly boolean[]>

/** `require`: only suites with ML-KEM; `prefer`: those first; `off`: only those without. */
export type PostQuantum = keyof typeof POST_QUANTUM

/** Best first: AESGCM is measured faster where it is native, and is neither offered nor allowed elsewhere (SE-81). */
const CIPHERS: readonly CipherName[] = ['AESGCM', 'ChaChaPoly']

/** The suites an end allows, best first (SE-5): all with a shared secret if it has one, else all without (SE-80). */
export const suitesFor = (
  pq: PostQuantum,
  psk: boolean,
  { nativeAes }: Pick<Provider, 'nativeAes'>,
): readonly Suite[] => {
  const ciphers = CIPHERS.filter((cipher) => cipher !== 'AESGCM' || nativeAes)
  return POST_QUANTUM[pq].flatMap((kind) =>
    ciphers.flatMap((cipher) =>
      SUITES.filter((suite) => suite.pq === kind && suite.psk === psk && suite.cipher === cipher),
    ),
  )
}

export const suiteById = (id: number): Suite | undefined => SUITES.find((suite) => suite.id === id)
