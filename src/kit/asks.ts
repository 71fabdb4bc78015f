import { CORE_ENCODINGS } from './asksencoding.js'
import { FRAME_ASKS } from './asksframe.js'
import { IDENTITIES } from './asksidentity.js'
import { KEYS } from './askskeys.js'
import { MESSAGING_ASKS } from './asksmessaging.js'
import { POLICIES } from './askspolicy.js'
import { SESSION_ASKS } from './askssessions.js'
import { WIRE } from './askswire.js'
import type { Members } from './members.js'

/** What is made of a vector, or of what was asked in its place. @throws what refuses it; SyntaxError if it is no vector */
export type Ask = (vector: Members) => AskAnswer | Promise<AskAnswer>

type AskAnswer = Readonly<Record<string, unknown>>

/** CF-2: every question of the vectors by its name, answered by what sessions run on. */
export const ASKS: Readonly<Record<string, Ask>> = {
  ...CORE_ENCODINGS,
  ...IDENTITIES,
  ...KEYS,
  ...WIRE,
  ...FRAME_ASKS,
  ...SESSION_ASKS,
  ...MESSAGING_ASKS,
  ...POLICIES,
}
