import type { Token } from '../../src/noise/patterns.js'
import { parseProtocol } from '../../src/noise/protocol.js'
import { SUITES } from '../../src/session/suites.js'

/** Whose static key each token of a Diffie-Hellman agreement brings in. */
const STATIC_OF = { initiator: 'se', responder: 'es' } as const

type Role = keyof typeof STATIC_OF

/**
 * Noise section 7.7 for patterns that have `ee` and no `ss`: what is known of who sends a payload (0 or 2: by a static against an
 * ephemeral of the receiver), and of who alone can read it (0, 1: an ephemeral; 5: a static too, and an ephemeral that its owner has proved).
 */
const gradeOf = (done: ReadonlySet<Token>, sender: Role): string => {
  const receiver = sender === 'initiator' ? 'responder' : 'initiator'
  const source = done.has(STATIC_OF[sender]) ? 2 : 0
  // Of these patterns each end sends its static agreement with its ephemeral, or behind it.
  const destination = !done.has('ee') ? 0 : done.has(STATIC_OF[receiver]) ? 5 : 1
  return `${source}, ${destination}`
}

/** The grades of the payloads of messages 1 to 3 and of the records of both directions, by suite. */
export const grades = (): readonly (readonly string[])[] =>
  SUITES.map(({ id, name }) => {
    const done = new Set<Token>()
    const messages = parseProtocol(name).messages.map(({ tokens, writer }) => {
      for (const token of tokens) done.add(token)
      return gradeOf(done, writer)
    })
    return [
      `0x${id.toString(16).padStart(4, '0')}`,
      ...messages,
      gradeOf(done, 'initiator'),
      gradeOf(done, 'responder'),
    ]
  })
