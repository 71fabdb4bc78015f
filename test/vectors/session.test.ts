/** Whole sessions, replayed by each end against the recorded other, on every provider. */
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/bytes.js'
import { defaultProvider } from '../../src/crypto/default.js'
import type { Provider } from '../../src/crypto/provider.js'
import { fromHex } from '../../test-vectors/hex.js'
import { Player, type Role } from '../../test-vectors/player.js'
import type { Flight } from '../../test-vectors/schema.js'
import { session as schema } from '../../test-vectors/wireschema.js'
import { providers } from '../crypto/providers.js'
import { declareFixedKeys } from '../setup/nonces.js'
import { flipped, readVectors } from './file.js'

declareFixedKeys('vectors fix every ephemeral, and are replayed')

const { contracts, sessions } = readVectors(schema, 'session')
type Session = (typeof sessions)[number]
type Item = Session['script'][number]

/** How the bytes at a place of the script reach the end under test. */
type Deliver = (index: number, bytes: Uint8Array) => Iterable<Uint8Array>

const ROLES = ['initiator', 'responder'] as const
const whole: Deliver = (_, bytes) => [bytes]
const byteByByte: Deliver = (_, bytes) => Array.from(bytes, (byte) => Uint8Array.of(byte))

/** Plays `role` along the script; what departs from it first, or undefined. */
const departure = (session: Session, role: Role, provider: Provider, deliver: Deliver): string | undefined => {
  const player = new Player(session, contracts, role, provider)
  let told: ReturnType<Player['seen']> = player.seen()
  const departs = (item: Item, index: number): string | undefined => {
    if ('event' in item) {
      const seen = item.at === role ? told.shift() : item
      return isDeepStrictEqual(seen, item) ? undefined : JSON.stringify(seen ?? 'no event')
    }
    const own = ('act' in item ? item.by : item.from) === role
    // An end that has closed writes its last record behind the event.
    if (told.length > 0 && !('bytes' in item && own)) return JSON.stringify(told)
    if ('act' in item) {
      if (own) player.do(item)
    } else if (own) {
      const bytes = player.take()
      if (bytes === undefined || toHex(bytes) !== item.bytes) return `other bytes than item ${index}`
    } else for (const piece of deliver(index, fromHex(item.bytes))) player.receive(piece)
    told = [...told, ...player.seen()]
    return undefined
  }
  for (const [index, item] of session.script.entries()) {
    const found = departs(item, index)
    if (found !== undefined) return found
  }
  const { established } = player
  if (established !== undefined && established.id !== session.sessionId) return `the session ${established.id}`
  return told.length > 0 || player.take() !== undefined || !player.engine.over ? 'more than the script' : undefined
}

/**
 * Every byte changed, but for message 1 of a hello that meets Retry, which nobody reads, and the middle of a long record,
 * for to the AEAD all its bytes are alike.
 */
const changesOf = (item: Flight): Uint8Array[] => {
  const all = [...flipped(fromHex(item.bytes), [0x01])]
  if (item.is === 'record') return all.filter((_, at) => at < 64 || at >= all.length - 64)
  return item.payload === null ? all.slice(0, all.length - item.noise.length / 2) : all
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
    for (const [index, item] of session.script.entries()) {
      if (!('bytes' in item) || item.from === role) continue
      for (const changed of changesOf(item)) {
        const deliver: Deliver = (at, bytes) => [at === index ? changed : bytes]
        if (departure(session, role, defaultProvider, deliver) === undefined) silent.push(`item ${index}`)
      }
    }
    expect(silent).toEqual([])
  })
})
