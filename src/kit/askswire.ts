import { EMPTY, toHex } from '../bytes.js'
import { encode } from '../cbor.js'
import { SottoError } from '../errors.js'
import { decisionId } from '../session/decision.js'
import { decodeHello, decodeRetry, prologueOf } from '../session/hello.js'
import { decodeAcceptance, decodeInitiation, type Initiation } from '../session/initiation.js'
import { decodePacket, packetLength } from '../session/packets.js'
import { decodePayload, initiationOf } from '../session/payload.js'
import type { Members } from './members.js'

/** Asks of negotiation and initiation, and of the names of decisions. */
export const WIRE = {
  negotiation: (vector: Members) => {
    const [as, bytes] = [vector.one('as', ['hello', 'retry', 'packet']), vector.bytes('hex')]
    if (as === 'retry') return { suite: decodeRetry(bytes).id }
    return as === 'hello' ? { hello: helloOf(bytes) } : packetOf(bytes)
  },
  prologue: (vector: Members) => ({ prologue: toHex(prologueOf(vector.chunks('negs'))) }),
  decision: (vector: Members) => {
    const [exchange, index] = [vector.count('exchange'), vector.count('index')]
    return { decision: decisionId(vector.text('sessionId'), vector.one('way', ['ir', 'ri']), exchange, index) }
  },
  initiation: (vector: Members) => {
    const as = vector.one('as', ['initiation', 'acceptance', 'payload 2', 'payload 3'])
    return INITIATIONS[as](vector.bytes('hex'))
  },
}

const helloOf = (bytes: Uint8Array) => {
  const { suites, tried, pskId } = decodeHello(bytes)
  return { suites, tried, pskId: toHex(pskId) }
}

const packetOf = (bytes: Uint8Array) => {
  if (packetLength(bytes) !== bytes.length) throw SottoError.of('session/malformed', 'expected one whole packet')
  const { neg, noise } = decodePacket(bytes)
  return { neg: toHex(neg), noise: toHex(noise) }
}

const offersOf = (offers: Initiation['uses']) =>
  offers.map(({ contract, operations }) => ({
    contract,
    operations: operations.map(({ name, digest }) => ({ name, digest: toHex(digest) })),
  }))

const INITIATIONS = {
  initiation: (bytes: Uint8Array) => {
    const { uses, serves, context, limits, service } = decodeInitiation(bytes)
    return {
      initiation: { uses: offersOf(uses), serves: offersOf(serves), context: toHex(encode(context)), limits, service },
    }
  },
  acceptance: (bytes: Uint8Array) => {
    const { serves, uses, context, limits } = decodeAcceptance(bytes)
    return { acceptance: { serves, uses, context: toHex(encode(context)), limits } }
  },
  'payload 2': (bytes: Uint8Array) => {
    const { credential = EMPTY } = decodePayload(bytes, 'credential')
    return { credential: toHex(credential), initiation: '' }
  },
  'payload 3': (bytes: Uint8Array) => {
    const { credential = EMPTY } = decodePayload(bytes, 'credential', 'initiation')
    return { credential: toHex(credential), initiation: toHex(initiationOf(bytes)) }
  },
}
