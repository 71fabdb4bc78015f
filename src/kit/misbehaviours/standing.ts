import { EMPTY, equal, toHex } from '../../bytes.js'
import type { Wire } from '../../cbor.js'
import { ERRORS, type ErrorCode } from '../../errors.js'
import { peerIdOf } from '../../identity/id.js'
import type { Frame } from '../../session/frames.js'
import { Finding } from '../case.js'
import type { Hostile } from '../hostile.js'
import { begin, cbor, data, nameOf } from '../hostileframes.js'

/** What a peer by hand says and sees of subscriptions and consumers that the shim serves. */

/** The exchange that the peer begins behind `before` others. */
export const nth = (peer: Hostile, before: number): number => peer.first + 2 * before

/** A subscription or a consumer of `subject`. */
export const stands = (
  peer: Hostile,
  operation: 'news' | 'work',
  before: number,
  request: Wire = {},
  of: { readonly subject?: string; readonly labels?: Readonly<Record<string, string>> } = {},
): Uint8Array =>
  peer.begin(operation, {
    exchange: nth(peer, before),
    subject: 'a',
    standing: true,
    flags: 0,
    body: cbor(request),
    ...of,
  })

export const publish = (peer: Hostile, before: number, value: Wire, subject = 'a'): Uint8Array =>
  begin({
    operation: peer.setup.operations.indexOf('news'),
    exchange: nth(peer, before),
    subject,
    body: cbor(value),
  })

/** A delivery of what the peer itself published. */
export const delivered = (peer: Hostile, value: Wire, subject = 'a', dropped = 0, retained = false): Wire => [
  subject,
  retained,
  dropped,
  [peerIdOf(peer.keys.own.publicKey), value],
]

/** The next frame but for credit. */
const next = async (peer: Hostile): Promise<Frame> => {
  let frame = await peer.next()
  while (frame.is === 'CREDIT') frame = await peer.next()
  return frame
}

/** The next frames are these items of an exchange, and nothing else but credit is between them. */
export const sees = async (peer: Hostile, before: number, ...items: readonly Wire[]): Promise<void> => {
  for (const item of items)
    if (await seesItem(peer, before, item))
      throw new Finding(`expected more in exchange ${nth(peer, before)}, got its end`)
}

/** These items, and the end of the shim's direction with the last of them or behind it. */
export const seesLast = async (peer: Hostile, before: number, ...items: readonly Wire[]): Promise<void> => {
  await sees(peer, before, ...items.slice(0, -1))
  if (!(await seesItem(peer, before, items.at(-1) ?? null))) await seesEnd(peer, before)
}

/** True if the shim's direction ends with it. */
const seesItem = async (peer: Hostile, before: number, item: Wire): Promise<boolean> => {
  const [frame, expected, exchange] = [await next(peer), cbor(item), nth(peer, before)]
  if (frame.is !== 'DATA' || frame.exchange !== exchange || !equal(frame.body, expected))
    throw new Finding(`expected ${toHex(expected)} in exchange ${exchange}, got ${nameOf(frame)} ${bodyOf(frame)}`)
  return frame.end
}

const bodyOf = (frame: Frame): string => ('body' in frame ? toHex(frame.body) : '')

/** The next frame ends the shim's direction of an exchange, without a failure. */
export const seesEnd = async (peer: Hostile, before: number): Promise<void> => {
  const frame = await next(peer)
  if (frame.is !== 'DATA' || frame.exchange !== nth(peer, before) || !frame.end || frame.body.length > 0)
    throw new Finding(`expected the end of exchange ${nth(peer, before)}, got ${nameOf(frame)} ${bodyOf(frame)}`)
}

/** The next frame is a FAULT of this code. */
export const seesFault = async (peer: Hostile, before: number, code: ErrorCode): Promise<void> => {
  const frame = await next(peer)
  if (frame.is !== 'FAULT' || frame.exchange !== nth(peer, before) || frame.code !== ERRORS[code].wire)
    throw new Finding(`expected FAULT ${code} of exchange ${nth(peer, before)}, got ${nameOf(frame)}`)
}

/** What stood ends because the session does, with `session/closed` or without (SE-158). */
export const seesOver = async (peer: Hostile, before: number): Promise<void> => {
  const frame = await next(peer)
  const isEnd = frame.is === 'DATA' && frame.end
  const isClosed = frame.is === 'FAULT' && frame.code === ERRORS['session/closed'].wire
  if (!(isEnd || isClosed) || frame.exchange !== nth(peer, before))
    throw new Finding(`expected the end of exchange ${nth(peer, before)}, got ${nameOf(frame)} ${bodyOf(frame)}`)
}

/** Nothing more comes but credit, which is given. */
export const seesNothing = async (peer: Hostile): Promise<readonly Extract<Frame, { readonly is: 'CREDIT' }>[]> => {
  const { frames } = await peer.rest()
  const other = frames.find(({ is }) => is !== 'CREDIT')
  if (other !== undefined) throw new Finding(`expected nothing, got ${nameOf(other)} ${bodyOf(other)}`)
  return frames.filter((frame): frame is Extract<Frame, { readonly is: 'CREDIT' }> => frame.is === 'CREDIT')
}

/** How many deliveries the reader of a subscription has taken, or any other item up. */
export const says = (peer: Hostile, before: number, item: Wire): Uint8Array => data(nth(peer, before), cbor(item), 0)

/** The end of the peer's direction. */
export const leaves = (peer: Hostile, before: number): Uint8Array => data(nth(peer, before), EMPTY)

/** `depth` lists, one in the other. */
export const nested = (depth: number): Wire => (depth === 1 ? [] : [nested(depth - 1)])
