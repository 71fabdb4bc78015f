/** The Noise Protocol Framework by itself: revision 34, and `hfs` with ML-KEM-768. See spec/noise.md. */
export type { DhName, KeyPair, Provider } from './crypto/provider.js'
export { type ErrorCode, SottoError } from './errors.js'
export type { CipherState } from './noise/cipherstate.js'
export { type FallbackOptions, HandshakeState, type Turn } from './noise/handshake.js'
export { generateKeyPair } from './noise/keypair.js'
export type { EphemeralForTesting, HandshakeOptions } from './noise/options.js'
export type { Role } from './noise/patterns.js'
export type { Split } from './noise/split.js'
