/** Vectors of negotiation, initiation and frames: read, written again byte for byte, and refused where they are wrong. */
import { describe, expect, test } from 'vitest'
import { EMPTY, toHex } from '../../src/bytes.js'
import { decode, encode } from '../../src/cbor.js'
import { topic } from '../../src/contract/operation.js'
import { rowOf } from '../../src/contract/row.js'
import { bytes } from '../../src/contract/shape.js'
import { parseTemplate } from '../../src/contract/subject.js'
import { diagnosticOf } from '../../src/kit/asksencoding.js'
import { formOf } from '../../src/kit/frameform.js'
import type { Route } from '../../src/session/agreement.js'
import { decodeFault } from '../../src/session/faults.js'
import { decodeFrames } from '../../src/session/frames.js'
import { decodeHello, decodeRetry, encodeHello, encodeRetry, prologueOf } from '../../src/session/hello.js'
import {
  type Acceptance,
  decodeAcceptance,
  decodeInitiation,
  encodeAcceptance,
  encodeInitiation,
  type Initiation,
} from '../../src/session/initiation.js'
import { decodePacket, encodePacket, packetLength } from '../../src/session/packets.js'
import { decodePayload, initiationOf } from '../../src/session/payload.js'
import { fromHex } from '../../test-vectors/hex.js'
import { bytesOf as bytesOfFrame } from '../../test-vectors/make/frames.js'
import * as schema from '../../test-vectors/wireschema.js'
import { bytesOf, codeOf, expectEveryByteToMatter, flipped, readVectors } from './file.js'

describe('negotiation.json', () => {
  const { hellos, retries, packets, prologues, refused } = readVectors(schema.negotiation, 'negotiation')
  const helloOf = (neg: Uint8Array) => {
    const { suites, tried, pskId } = decodeHello(neg)
    return { suites, tried, pskId: toHex(pskId) }
  }
  const packetOf = (bytes: Uint8Array) => {
    if (packetLength(bytes) !== bytes.length) return 'another length'
    const { neg, noise } = decodePacket(bytes)
    return { neg: toHex(neg), noise: toHex(noise) }
  }

  test.each(hellos)('SE-2 a hello: $name', ({ hex, hello }) => {
    const bytes = fromHex(hex)
    expect(helloOf(bytes)).toEqual(hello)
    expect(toHex(encodeHello({ ...hello, pskId: fromHex(hello.pskId) }))).toBe(hex)
    expectEveryByteToMatter(bytes, (changed) => JSON.stringify(helloOf(changed)))
  })

  test.each(retries)('SE-3 a retry: $name', ({ hex, suite }) => {
    expect(decodeRetry(fromHex(hex)).id).toBe(suite)
    expect(toHex(encodeRetry(decodeRetry(fromHex(hex))))).toBe(hex)
    expectEveryByteToMatter(fromHex(hex), (changed) => `${decodeRetry(changed).id}`)
  })

  test.each(packets)('SE-1 a packet: $name', ({ hex, neg, noise }) => {
    const bytes = fromHex(hex)
    expect(packetOf(bytes)).toEqual({ neg, noise })
    expect(toHex(encodePacket({ neg: fromHex(neg), noise: fromHex(noise) }))).toBe(hex)
    for (let cut = 0; cut < bytes.length; cut++)
      expect([undefined, bytes.length]).toContain(packetLength(bytes.subarray(0, cut)))
    expectEveryByteToMatter(bytes, (changed) => JSON.stringify(packetOf(changed)))
  })

  test.each(prologues)('SE-10 the prologue of $name', ({ negs, prologue }) => {
    expect(toHex(prologueOf(negs.map(fromHex)))).toBe(prologue)
  })

  const decoders = { hello: decodeHello, retry: decodeRetry, packet: packetLength }
  test.each(refused)('$rule $as: $name is $code', ({ as, hex, code }) => {
    expect(codeOf(() => decoders[as](fromHex(hex)))).toBe(code)
  })
})

describe('initiation.json', () => {
  const { initiations, acceptances, payloads, refused } = readVectors(schema.initiation, 'initiation')
  const offers = (list: Initiation['uses']) =>
    list.map(({ contract, operations }) => ({
      contract,
      operations: operations.map(({ name, digest }) => ({ name, digest: toHex(digest) })),
    }))
  const formOfInitiation = ({ uses, serves, context, limits, service }: Initiation) => ({
    uses: offers(uses),
    serves: offers(serves),
    context: toHex(encode(context)),
    limits,
    service,
  })
  const acceptanceOf = ({ serves, uses, context, limits }: Acceptance) => ({
    serves,
    uses,
    context: toHex(encode(context)),
    limits,
  })

  test.each(initiations)('SE-21 an initiation: $name', ({ hex, initiation, extensions }) => {
    const bytes = fromHex(hex)
    const decoded = decodeInitiation(bytes)
    expect(formOfInitiation(decoded)).toEqual(initiation)
    expect(toHex(encodeInitiation(decoded)) === hex).toBe(!extensions)
    // What an extension holds is passed over, so a change of it says nothing.
    if (extensions) for (const changed of flipped(bytes)) codeOf(() => decodeInitiation(changed))
    else expectEveryByteToMatter(bytes, (changed) => JSON.stringify(formOfInitiation(decodeInitiation(changed))))
  })

  test.each(acceptances)('SE-22 an acceptance: $name', ({ hex, acceptance }) => {
    const decoded = decodeAcceptance(fromHex(hex))
    expect(acceptanceOf(decoded)).toEqual(acceptance)
    expect(toHex(encodeAcceptance(decoded))).toBe(hex)
    expectEveryByteToMatter(fromHex(hex), (changed) => JSON.stringify(acceptanceOf(decodeAcceptance(changed))))
  })

  const fieldsOf = (message: 2 | 3, bytes: Uint8Array) => {
    const { credential = EMPTY } =
      message === 2 ? decodePayload(bytes, 'credential') : decodePayload(bytes, 'credential', 'initiation')
    return { credential: toHex(credential), initiation: message === 2 ? '' : toHex(initiationOf(bytes)) }
  }

  test.each(payloads)('SE-13 a payload: $name', ({ hex, as, credential, initiation }) => {
    const message = as === 'payload 2' ? 2 : 3
    expect(fieldsOf(message, fromHex(hex))).toEqual({ credential, initiation })
    expectEveryByteToMatter(fromHex(hex), (changed) => JSON.stringify(fieldsOf(message, changed)))
  })

  const decoders = {
    initiation: decodeInitiation,
    acceptance: decodeAcceptance,
    'payload 2': (bytes: Uint8Array) => fieldsOf(2, bytes),
    'payload 3': (bytes: Uint8Array) => fieldsOf(3, bytes),
  }
  test.each(refused)('$rule $as: $name is $code', ({ as, hex, code }) => {
    expect(codeOf(() => decoders[as](fromHex(hex)))).toBe(code)
  })
})

describe('frames.json', () => {
  const { frames, plaintexts, faults, refused } = readVectors(schema.frames, 'frames')
  const forms = (bytes: Uint8Array) => decodeFrames(bytes).map(formOf)
  // What every code can come of.
  const row = { ...rowOf('news', topic(bytes)), flow: { key: 'id', steps: { start: 'end' } } }
  const at = { subject: '', standing: true, address: 'a.v1.news' }
  const route: Route = {
    contract: 'a.v1',
    row,
    template: parseTemplate(''),
    verb: 'subscribe',
    known: new Map(),
    ...at,
  }
  const where = { decision: () => '', route, items: 3 }

  test.each(frames)('SE-30 $name', ({ hex, frame }) => {
    expect(forms(fromHex(hex))).toEqual([frame])
    expect(toHex(bytesOfFrame(frame))).toBe(hex)
    expectEveryByteToMatter(fromHex(hex), (changed) => JSON.stringify(forms(changed)))
  })

  test.each(plaintexts)('CH-9 $name', (vector) => {
    expect(forms(bytesOf(vector))).toEqual(vector.frames)
    expectEveryByteToMatter(fromHex(vector.hex), (changed) => JSON.stringify(forms(changed)))
  })

  test.each(faults)('SE-49 $name is $error', ({ wire, hex, error, diagnostic }) => {
    expect(decodeFault(wire, fromHex(hex), where).code).toBe(error)
    expect(hex === '' ? '' : diagnosticOf(decode(fromHex(hex)))).toBe(diagnostic)
  })

  test.each(refused)('$rule $name is $code', ({ as, code, wire, ...vector }) => {
    const given = bytesOf(vector)
    expect(codeOf(() => (as === 'fault' ? decodeFault(wire ?? 0, given, where) : decodeFrames(given)))).toBe(code)
  })
})
