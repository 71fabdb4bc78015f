/** The suites of a session (SE-4); ids are never reused. Sizes are handshake messages with empty payloads. */
export interface Suite {
  readonly id: number
  readonly name: string
  readonly cipher: 'ChaChaPoly' | 'AESGCM'
  readonly pq: boolean
  readonly sizes: readonly [number, number, number]
}

export const SUITES = [
  {
    id: 0x0001,
    name: 'Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256',
    cipher: 'ChaChaPoly',
    pq: true,
    sizes: [1216, 1200, 64],
  },
  { id: 0x0011, name: 'Noise_XX_25519_ChaChaPoly_SHA256', cipher: 'ChaChaPoly', pq: false, sizes: [32, 96, 64] },
] as const satisfies readonly Suite[]

/** `require`: only suites with ML-KEM; `prefer`: those first; `off`: only those without. */
export type PostQuantum = 'require' | 'prefer' | 'off'

/** The suites a setting allows, best first (SE-5). */
export const suitesFor = (pq: PostQuantum): readonly Suite[] =>
  SUITES.filter((suite) => pq === 'prefer' || suite.pq === (pq === 'require'))

export const suiteById = (id: number): Suite | undefined => SUITES.find((suite) => suite.id === id)
