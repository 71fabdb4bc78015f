import { EMPTY, equal, toHex } from '../bytes.js'
import type { Wire } from '../cbor.js'
import { ERRORS, type ErrorCode } from '../errors.js'
import type { Frame } from '../session/frames.js'
import { Finding } from './case.js'
import type { Hostile } from './hostile.js'
import { cbor, end, nameOf, ping } from './hostileframes.js'

/** What is to come of a misbehaviour. Throws a `Finding` if something else does. */
export type Outcome = (peer: Hostile) => Promise<void>

type Code = ErrorCode | null

/** The session ends with one of these codes, null for clean, and not a byte is written. */
export const silently =
  (...codes: readonly Code[]): Outcome =>
  async (peer) => {
    await over(peer, codes)
    const { bytes, frames } = await peer.rest()
    if (bytes.length > 0 || frames.length > 0)
      throw new Finding(`expected silence, got ${frames.map(nameOf).join(', ') || `${bytes.length} bytes`}`)
  }

/** The session ends with one of these codes and without an END, whatever it has said before. */
export const mutely =
  (...codes: readonly Code[]): Outcome =>
  async (peer) => {
    await over(peer, codes)
    const last = (await peer.rest()).frames.find(isEnd)
    if (last !== undefined) throw new Finding(`expected no END, got ${nameOf(last)}`)
  }

/** The session ends with this code, and END tells its number: the last frame, and the only END. */
export const ends =
  (...codes: readonly ErrorCode[]): Outcome =>
  async (peer) => {
    const code = await over(peer, codes)
    const { frames } = await peer.rest()
    const expected = code === null ? 0 : ERRORS[code].wire
    const [first, ...more] = frames.filter(isEnd)
    if (first?.code !== expected || more.length > 0 || frames.at(-1) !== first)
      throw new Finding(`expected END ${expected} at the end, got ${frames.map(nameOf).join(', ') || 'nothing'}`)
  }

/** The session ends clean: an END 0 is answered by one, and by nothing else. */
export const cleanly: Outcome = async (peer) => {
  await over(peer, [null])
  const { frames } = await peer.rest()
  const [frame, ...more] = frames
  if (frame?.is !== 'END' || frame.code !== 0 || more.length > 0)
    throw new Finding(`expected END 0 alone, got ${frames.map(nameOf).join(', ') || 'nothing'}`)
}

/** The session ends with this code, null for clean; what it wrote has been looked at. */
export const dies =
  (code: Code): Outcome =>
  async (peer) => {
    await over(peer, [code])
  }

/** The one record of a responder is a REFUSE of this code with this detail. */
export const refuses =
  (code: ErrorCode, detail = ''): Outcome =>
  async (peer) => {
    const [frame, ...more] = await peer.record()
    if (frame?.is !== 'REFUSE' || more.length > 0)
      throw new Finding(`expected REFUSE ${code} alone, got ${frame ? nameOf(frame) : 'nothing'}`)
    if (frame.code !== ERRORS[code].wire || frame.detail !== detail)
      throw new Finding(`expected REFUSE ${code} of '${detail}', got ${nameOf(frame)} of '${frame.detail}'`)
    await silently(code)(peer)
  }

/** A FAULT of this code and with these details, none if undefined, comes in the exchange, and the session goes on. */
export const faults =
  (code: ErrorCode, details?: Wire, exchange?: number): Outcome =>
  async (peer) => {
    const { body } = await faulted(peer, code, exchange)
    const expected = details === undefined ? EMPTY : cbor(details)
    if (!equal(body, expected))
      throw new Finding(`expected the details ${toHex(expected) || 'none'}, got ${toHex(body) || 'none'}`)
    await unharmed(peer)
  }

/** As `faults`, whatever the details. */
export const faultsWith =
  (code: ErrorCode, exchange?: number): Outcome =>
  async (peer) => {
    await faulted(peer, code, exchange)
    await unharmed(peer)
  }

/** The shim gives `it` up with this code: none of it gets to its program, and the session goes on. */
export const givesUp =
  (code: ErrorCode): Outcome =>
  async (peer) => {
    const { tag, code: found } = await peer.event('fault')
    if (tag !== 'it' || found !== code) throw new Finding(`expected it to fail with ${code}, got ${String(found)}`)
    if (peer.told.some(({ event }) => event === 'item')) throw new Finding('expected nothing to be told of')
    peer.say(ping(1))
    await peer.frame('PONG')
    peer.say(end())
    await over(peer, [null])
  }

/** The session goes on as if nothing had happened: it answers a PING, the first, with nothing but credit before. */
export const unharmed: Outcome = async (peer) => {
  peer.say(ping(1))
  const frames: Frame[] = []
  while (!frames.some(({ is }) => is === 'PONG')) frames.push(await peer.next())
  frames.push(...(await peer.rest()).frames)
  const pong = frames.find((frame) => frame.is === 'PONG')
  if (pong?.count !== 1) throw new Finding(`expected PONG 1, got PONG ${pong?.count}`)
  const other = frames.find(({ is }) => is !== 'CREDIT' && is !== 'PONG')
  if (other !== undefined) throw new Finding(`expected PONG alone, got ${nameOf(other)}`)
  peer.say(end())
  await cleanly(peer)
}

/** The shim tells of this event with these members, and the session goes on. */
export const tells =
  (name: string, members: Readonly<Record<string, unknown>>): Outcome =>
  async (peer) => {
    const event = await peer.event(name)
    for (const [member, expected] of Object.entries(members))
      if (event[member] !== expected)
        throw new Finding(`expected ${member} of ${name} to be ${String(expected)}, got ${String(event[member])}`)
    await unharmed(peer)
  }

const faulted = async (peer: Hostile, code: ErrorCode, exchange = peer.first) => {
  const frame = await peer.frame('FAULT')
  if (frame.code !== ERRORS[code].wire || frame.exchange !== exchange)
    throw new Finding(`expected FAULT ${code} of exchange ${exchange}, got ${nameOf(frame)}`)
  return frame
}

/** The code of the end, which is one of these. */
const over = async (peer: Hostile, codes: readonly Code[]): Promise<Code> => {
  const { code } = await peer.event('closed')
  const found = codes.find((each) => each === code)
  if (found === undefined) throw new Finding(`expected the end ${codes.join(' or ')}, got ${String(code)}`)
  await peer.event('eof')
  return found
}

const isEnd = (frame: Frame): frame is Extract<Frame, { readonly is: 'END' }> => frame.is === 'END'
