import type { Incoming } from '../link/face.js'

/** Text of an exception that is printed. */
const MAX_TEXT = 200

/** ME-11: the default of `failed`: one line, without the message's body. */
export const printFailed = (error: unknown, { verb, address }: Incoming['admitted'], incident: string): void =>
  console.error(`sotto: ${verb} ${address} failed, incident ${incident}: ${summary(error)}`)

export const printOpened = (error: unknown, contract: string): void =>
  console.error(`sotto: opened of ${contract} failed: ${summary(error)}`)

/** The name and text of an exception, as one line of printable characters. */
const summary = (error: unknown): string =>
  (error instanceof Error ? `${error.name}: ${error.message}` : `a thrown ${typeof error}`)
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .slice(0, MAX_TEXT)
