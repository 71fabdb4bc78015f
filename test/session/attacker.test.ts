import { expect, test } from 'vitest'
import { limitsOf } from '../../src/session/limits.js'
import { type Pair, pairOf, settle } from './pair.js'
import { act, admitted, eventsOf, Flow } from './wire.js'

const sides = (service: { readonly dialled: string; readonly reached: string }): Pair =>
  pairOf({
    initiator: { uses: [Flow], pq: 'off', service: service.dialled },
    responder: { serves: [Flow], pq: 'off', service: service.reached },
  })

test('SE-24 a dialler that is led to another service of the same key is refused', () => {
  const led = settle(sides({ dialled: 'reports', reached: 'payments' }))
  for (const events of [led.initiatorEvents, led.responderEvents])
    expect(events).toMatchObject([{ is: 'closed', error: { code: 'session/service' } }])
  const right = settle(sides({ dialled: 'reports', reached: 'reports' }))
  for (const events of [right.initiatorEvents, right.responderEvents])
    expect(events).toMatchObject([{ is: 'established' }])
})

/** A note is sent at 0 and carried at `heldMs`; meanwhile both ends' timers run and nothing else is held or lost. */
const heldFor = (heldMs: number) => {
  const limits = limitsOf({ idleMs: 60_000 })
  const { initiator, responder } = settle(
    pairOf({ initiator: { uses: [Flow], pq: 'off', limits }, responder: { serves: [Flow], pq: 'off', limits } }),
  )
  initiator.begin(admitted(initiator.admit(act('note', { n: 1 }), 0)), 0)
  const held: Uint8Array[] = []
  for (let nowMs = 0; nowMs <= heldMs; nowMs = Math.min(initiator.wakeAt(), responder.wakeAt())) {
    for (const engine of [initiator, responder]) if (engine.wakeAt() <= nowMs) engine.wake(nowMs)
    for (let bytes = initiator.take(nowMs); bytes !== undefined; bytes = initiator.take(nowMs)) held.push(bytes)
    // The way back is open: only the initiator's records are held.
    for (let bytes = responder.take(nowMs); bytes !== undefined; bytes = responder.take(nowMs))
      initiator.receive(bytes, nowMs)
  }
  for (const bytes of held) responder.receive(bytes, heldMs)
  return eventsOf(responder)
}

test('SE-61 records that are held back longer than the idle time are never acted on', () => {
  expect(heldFor(59_999).filter(({ is }) => is === 'message' || is === 'closed')).toMatchObject([{ is: 'message' }])
  for (const heldMs of [60_000, 60_001, 600_000])
    expect(heldFor(heldMs)).toMatchObject([{ is: 'closed', error: { code: 'session/timeout' } }])
})
