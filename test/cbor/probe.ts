import { SottoError } from '../../src/errors.js'

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** The code `act` was refused with, or 'accepted'. Any other error is a failure of the test. */
export const codeOf = (act: () => unknown): string => {
  try {
    act()
    return 'accepted'
  } catch (error) {
    if (error instanceof SottoError) return error.code
    throw error
  }
}

/** Makes errors cheap enough to throw by the million. */
export const withoutStacks = (act: () => void): void => {
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    act()
  } finally {
    Error.stackTraceLimit = before
  }
}
