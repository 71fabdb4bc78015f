import { concat, equal, toHex } from '../../src/bytes.js'
import type { DhName, Provider } from '../../src/crypto/provider.js'
import { isOneWay, type Token } from '../../src/noise/patterns.js'
import type { MessageLayout, Protocol } from '../../src/noise/protocol.js'
import { fromHex } from '../hex.js'

/** One message that comes in place of another. */
interface Tamper {
  readonly comment: string
  readonly at: number
  readonly bytes: Uint8Array
}

/** A part of a message: a field, or the payload. */
interface Part {
  readonly is: Token | 'payload'
  readonly start: number
  readonly end: number
  readonly sealed: boolean
}

const TAG = 16

/** Every part of every message of the handshake with each fault it can have, and whole messages. */
export const tampers = (protocol: Protocol, honest: readonly Uint8Array[]): Tamper[] =>
  once(
    protocol.messages.flatMap((layout, index) => [
      ...partsOf(protocol, layout, index, honest).flatMap((part) => ofPart(protocol, part, index, honest)),
      ...ofMessage(layout, index, honest),
    ]),
  )

/** Of two faults that make the same bytes the first. */
const once = (all: readonly Tamper[]): Tamper[] => {
  const keyed = all.map((tamper) => [`${tamper.at} ${toHex(tamper.bytes)}`, tamper] as const)
  return [...new Map(keyed.toReversed()).values()].toReversed()
}

const partsOf = (
  { dh, messages }: Protocol,
  layout: MessageLayout,
  index: number,
  honest: readonly Uint8Array[],
): Part[] => {
  const plain: Partial<Record<Token, number>> = { e: dhLength(dh), s: dhLength(dh), e1: 1_184, ekem1: 1_088 }
  let start = 0
  const fields = layout.fields.map(({ token, length }): Part => {
    const part = { is: token, start, end: start + length, sealed: length > (plain[token] ?? 0) }
    start += length
    return part
  })
  const end = honest[index]?.length ?? 0
  const sealed = layout.minimum > start || messages[index] !== layout
  return [...fields, ...(end > start ? [{ is: 'payload', start, end, sealed } as const] : [])]
}

const dhLength = (dh: DhName): number => (dh === '448' ? 56 : 32)

const flip = (bytes: Uint8Array, at: number, mask: number): Uint8Array =>
  bytes.map((byte, i) => (i === at ? byte ^ mask : byte))

const ofPart = (
  { dh }: Protocol,
  { is, start, end, sealed }: Part,
  at: number,
  honest: readonly Uint8Array[],
): Tamper[] => {
  const message = honest[at] ?? new Uint8Array(0)
  const put = (bytes: Uint8Array): Uint8Array => concat(message.subarray(0, start), bytes, message.subarray(end))
  const of = `${is} of message ${at + 1}`
  const change = (comment: string, bytes: Uint8Array): Tamper => ({ comment: `${of}: ${comment}`, at, bytes })
  const length = end - start
  const all = [
    ...(length > (sealed ? TAG : 0) ? [change('the first bit changed', flip(message, start, 0x01))] : []),
    change('the last bit changed', flip(message, end - 1, 0x80)),
    ...(sealed ? [change('the first bit of the tag changed', flip(message, end - TAG, 0x01))] : []),
    change('zeros', put(new Uint8Array(length))),
    change('left out', put(new Uint8Array(0))),
    ...(length > TAG + 1 && sealed ? [change('the tag in front', put(rotated(message.subarray(start, end))))] : []),
    ...(is === 'e' ? keysOf(dh, message.subarray(start, end)).map(([name, key]) => change(name, put(key))) : []),
    ...(is === 'e'
      ? reflected(at, honest, dhLength(dh)).map((key) => change('that of the message before', put(key)))
      : []),
    ...(is === 'e1' && !sealed
      ? [change('a coefficient over 3,328', put(overflowing(message.subarray(start, end))))]
      : []),
  ]
  return all.filter(({ bytes }) => !equal(bytes, message))
}

const rotated = (part: Uint8Array): Uint8Array => concat(part.subarray(-TAG), part.subarray(0, -TAG))

/** FIPS 203 section 7.2: an encapsulation key with 12 bits that are no residue of 3,329. */
const overflowing = (key: Uint8Array): Uint8Array => concat(Uint8Array.of(0xff, key[1] ?? 0 | 0x0f), key.subarray(2))

const reflected = (at: number, honest: readonly Uint8Array[], length: number): Uint8Array[] => {
  const before = honest[at - 1]
  return before === undefined ? [] : [before.subarray(0, length)]
}

/** Keys that agree to nothing, and another spelling of the key itself, which agrees to the same. */
const keysOf = (dh: DhName, key: Uint8Array): readonly (readonly [string, Uint8Array])[] =>
  dh === '448'
    ? LOW_448
    : [...LOW_25519, ['with bit 255 set', Uint8Array.from(key, (byte, i) => (i === 31 ? byte | 0x80 : byte))]]

const LOW_25519 = [
  ['the point 1, of order 4', `01${'00'.repeat(31)}`],
  ['a point of order 8', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'],
  ['the other point of order 8', '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'],
  ['2^255-20, of order 4 on the twist', `ec${'ff'.repeat(30)}7f`],
  ['2^255-19, another spelling of 0', `ed${'ff'.repeat(30)}7f`],
  ['2^255-18, another spelling of 1', `ee${'ff'.repeat(30)}7f`],
  ['0 with bit 255 set', `${'00'.repeat(31)}80`],
].map(([name = '', hex = '']) => [name, fromHex(hex)] as const)

const LOW_448 = [
  ['the point 1', `01${'00'.repeat(55)}`],
  ['p - 1', `${'fe'}${'ff'.repeat(27)}fe${'ff'.repeat(27)}`],
  ['p, another spelling of 0', `${'ff'.repeat(28)}fe${'ff'.repeat(27)}`],
  ['p + 1, another spelling of 1', `${'00'.repeat(28)}${'ff'.repeat(28)}`],
].map(([name = '', hex = '']) => [name, fromHex(hex)] as const)

const ofMessage = ({ minimum, writer }: MessageLayout, at: number, honest: readonly Uint8Array[]): Tamper[] => {
  const message = honest[at] ?? new Uint8Array(0)
  const change = (comment: string, bytes: Uint8Array | undefined): Tamper[] =>
    bytes === undefined || equal(bytes, message) ? [] : [{ comment: `message ${at + 1}: ${comment}`, at, bytes }]
  return [
    ...change('nothing', new Uint8Array(0)),
    ...change('a byte less than its fields and tags', message.subarray(0, minimum - 1)),
    ...change('the last byte is missing', message.subarray(0, -1)),
    ...change('a byte behind', concat(message, Uint8Array.of(0))),
    ...change('a byte in front', concat(Uint8Array.of(0), message)),
    ...change(`the last of the ${writer === 'initiator' ? 'responder' : 'initiator'} comes back`, honest[at - 1]),
    ...change('the message before it of the same side once more', honest[at - 2]),
    ...change('the next of the same side', honest[at + 2]),
  ]
}

/** Messages behind the handshake, in a direction of their own. */
export const transportTampers = (
  { messages, pattern }: Protocol,
  honest: readonly Uint8Array[],
  provider: Provider,
): Tamper[] => {
  const first = messages.length
  const step = isOneWay(pattern) ? 1 : 2
  const [second, message = new Uint8Array(0)] = [first + step, honest[first + step]]
  const change = (comment: string, at: number, bytes: Uint8Array | undefined): Tamper[] =>
    bytes === undefined ? [] : [{ comment: `a transport message: ${comment}`, at, bytes }]
  const random = provider.hash.SHA256.digest(message)
  return once([
    ...change('the first bit changed', second, flip(message, 0, 0x01)),
    ...change('the last bit changed', second, flip(message, message.length - 1, 0x80)),
    ...change('the last byte is missing', second, message.subarray(0, -1)),
    ...change('a byte behind', second, concat(message, Uint8Array.of(0))),
    ...change('nothing', second, new Uint8Array(0)),
    ...change('a byte less than a tag', second, message.subarray(0, TAG - 1)),
    ...change('a tag that nobody made', second, random.subarray(0, TAG)),
    ...change('the first of the same side once more', second, honest[first]),
    ...change('the second of the same side first', first, honest[second]),
    ...(step === 1 ? [] : change('the first of the other side comes back', first + 2, honest[first + 1])),
    ...change('the last of the handshake once more', second, honest[first - 1]),
  ])
}
