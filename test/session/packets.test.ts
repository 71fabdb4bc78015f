import { expect, test } from 'vitest'
import { EMPTY } from '../../src/bytes.js'
import { Engine } from '../../src/session/engine.js'
import { decodePacket, encodePacket } from '../../src/session/packets.js'
import { initiatorSide, responderSide } from './pair.js'

/** What `from` says next. */
const said = (from: Engine): Uint8Array => {
  const bytes = from.take(0)
  if (bytes === undefined) throw new RangeError('expected a packet')
  return bytes
}

/** A packet of an empty negotiation part, with another in its place. */
const negotiating = (packet: Uint8Array, neg: Uint8Array): Uint8Array =>
  encodePacket({ neg, noise: packet.subarray(4) })

test('SE-161 a packet 2 or 3 with a negotiation part is met with silence', () => {
  for (const neg of [Uint8Array.of(0), Uint8Array.of(1, 0, 0x11)]) {
    for (const spoilt of [2, 3]) {
      const initiator = Engine.initiate(initiatorSide(), 0)
      const responder = Engine.respond(responderSide(), 0)
      responder.receive(said(initiator), 0)
      initiator.receive(negotiating(said(responder), spoilt === 2 ? neg : EMPTY), 0)
      if (spoilt === 3) responder.receive(negotiating(said(initiator), neg), 0)
      const ended = spoilt === 2 ? initiator : responder
      expect([ended.state, ended.take(0)]).toEqual(['dead', undefined])
      expect(ended.next()).toMatchObject({ is: 'closed', error: { code: 'session/malformed' } })
    }
  }
})

test('SE-1 what is no whole packet is none', () => {
  for (const bytes of [
    EMPTY,
    Uint8Array.of(0),
    Uint8Array.of(0, 2, 1),
    Uint8Array.of(0, 0, 0),
    Uint8Array.of(0, 0, 0, 0, 0),
  ])
    expect(() => decodePacket(bytes)).toThrow('session/malformed')
  expect(decodePacket(Uint8Array.of(0, 1, 7, 0, 1, 8))).toEqual({ neg: Uint8Array.of(7), noise: Uint8Array.of(8) })
})

test('SE-161 the same packets without one open a session', () => {
  const initiator = Engine.initiate(initiatorSide(), 0)
  const responder = Engine.respond(responderSide(), 0)
  responder.receive(said(initiator), 0)
  initiator.receive(negotiating(said(responder), EMPTY), 0)
  responder.receive(negotiating(said(initiator), EMPTY), 0)
  initiator.receive(said(responder), 0)
  expect([initiator.state, responder.state]).toEqual(['open', 'open'])
})
