/** Whole sessions, replayed by each end against the recorded other, on every provider. */
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/bytes.js'
import { defaultProvider } from '../../src/crypto/default.js'
import type { Provider } from '../../src/crypto/provider.js'
import { SottoError } from '../../src/errors.js'
import { Player } from '../../src/kit/player.js'
import type { Role } from '../../src/kit/sessionform.js'
import { fromHex } from '../../test-vectors/hex.js'
import type { Flight } from '../../test-vectors/schema.js'
import { session as schema } from '../../test-vectors/wireschema.js'
import { providers } from '../crypto/providers.js'
import { declareFixedKeys } from '../setup/nonces.js'
import { flipped, readVectors } from './file.js'

declareFixedKeys('vectors fix every ephemeral, and are replayed')

const { sessions } = readVectors(schema, 'session')
type Session = (typeof sessions)[number]

/** How the bytes at a place of the script reach the end under test. */
type Deliver = (index: number, bytes: Uint8Array) => Iterable<Uint8Array>

const ROLES = ['initiator', 'responder'] as const
const whole: Deliver = (_, bytes) => [bytes]
const byteByByte: Deliver = (_, bytes) => Array.from(bytes, (byte) => Uint8Array.of(byte))

/** Plays `role` along the script; what departs from it first, or undefined. */
const departure = (session: Session, role: Role, provider: Provider, deliver: Deliver): string | undefined => {
  const player = new Player(session, role, provider)
  const left = [...session.events[role]]
  for (const [index, item] of session.script.entries()) {
    if ('act' in item) {
      const failed = item.by === role ? failureOf(() => player.do(item)) : undefined
      if (failed !== undefined) return failed
    } else if (item.from === role) {
      const bytes = player.take()
      if (bytes === undefined || toHex(bytes) !== item.bytes) return `other bytes than item ${index}`
    } else for (const piece of deliver(index, fromHex(item.bytes))) player.receive(piece)
    for (const event of player.seen()) if (!isDeepStrictEqual(event, left.shift())) return JSON.stringify(event)
  }
  if (player.established?.id !== session.sessionId) return `the session ${player.established?.id}`
  if (left.length > 0) return JSON.stringify(left)
  return player.take() !== undefined || !player.engine.over ? 'more than the script' : undefined
}

/** An act cannot be done behind a departure that is not seen yet: what it is about has not come. */
const failureOf = (act: () => void): string | undefined => {
  try {
    act()
    return undefined
  } catch (error) {
    if (error instanceof SottoError || error instanceof TypeError) return error.message
    throw error
  }
}

/**
 * Every byte changed, but for message 1 of a hello that meets Retry, which nobody reads, and the middle of a long record,
 * for to the AEAD all its bytes are alike.
 */
const changesOf = (flight: Flight, bytes: Uint8Array): Uint8Array[] => {
  const all = [...flipped(bytes, [0x01])]
  if (flight.is === 'record') return all.filter((_, at) => at < 64 || at >= all.length - 64)
  return flight.payload === null ? all.slice(0, all.length - flight.noise.length / 2) : all
}

describe.each(providers)('session.json with $name', (provider) => {
  describe.each(sessions)('$name', (session) => {
    test.each(ROLES)('the %s says and learns what the vector says, whole and byte by byte', (role) => {
      expect(departure(session, role, provider, whole)).toBeUndefined()
      expect(departure(session, role, provider, byteByByte)).toBeUndefined()
    })
  })
})

describe.each(sessions)('session.json $name', (session) => {
  test.each(ROLES)('every byte that reaches the %s matters', (role) => {
    const silent: string[] = []
    for (const flight of session.flights) {
      const item = session.script[flight.item]
      if (item === undefined || !('bytes' in item)) throw new TypeError('expected bytes')
      if (item.from === role) continue
      for (const changed of changesOf(flight, fromHex(item.bytes))) {
        const deliver: Deliver = (at, bytes) => [at === flight.item ? changed : bytes]
        if (departure(session, role, defaultProvider, deliver) === undefined) silent.push(`item ${flight.item}`)
      }
    }
    expect(silent).toEqual([])
  })

  test.each(ROLES)('what reaches the %s is within its windows, however late it gives credit back', (role) => {
    const { exchangeWindow, sessionWindow } = session[role].limits
    const took = new Map<number, number>()
    for (const flight of session.flights) {
      const item = session.script[flight.item]
      if (flight.is === 'packet' || item === undefined || !('from' in item) || item.from === role) continue
      for (const frame of flight.frames)
        if (frame.is === 'BEGIN' || frame.is === 'DATA')
          took.set(frame.exchange, (took.get(frame.exchange) ?? 0) + 64 + frame.body.length / 2)
    }
    expect([...took.values()].reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(sessionWindow)
    expect(Math.max(0, ...took.values())).toBeLessThanOrEqual(exchangeWindow)
  })
})
