import { expect, test } from 'vitest'
import { concat } from '../../src/bytes.js'
import { Engine } from '../../src/session/engine.js'
import { encodePacket } from '../../src/session/packets.js'
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
    const initiator = Engine.initiate(initiatorSide(), 0)
    const responder = Engine.respond(responderSide(), 0)
    responder.receive(said(initiator), 0)
    const packet = said(responder)
    const other = Engine.initiate(initiatorSide(), 0)
    said(other)
    other.receive(negotiating(packet, neg), 0)
    expect([other.state, other.take(0)]).toEqual(['dead', undefined])
    initiator.receive(packet, 0)
    responder.receive(negotiating(said(initiator), neg), 0)
    expect([responder.state, responder.take(0)]).toEqual(['dead', undefined])
    expect(responder.next()).toMatchObject({ is: 'closed', error: { code: 'session/malformed' } })
  }
})

test('SE-161 the same packets without one open a session', () => {
  const initiator = Engine.initiate(initiatorSide(), 0)
  const responder = Engine.respond(responderSide(), 0)
  responder.receive(said(initiator), 0)
  initiator.receive(negotiating(said(responder), concat()), 0)
  responder.receive(negotiating(said(initiator), concat()), 0)
  initiator.receive(said(responder), 0)
  expect([initiator.state, responder.state]).toEqual(['open', 'open'])
})
