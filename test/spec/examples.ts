import * as z from 'zod'
import { concat, EMPTY, toHex } from '../../src/bytes.js'

import { encode } from '../../src/cbor.js'
import { Sealer } from '../../src/channel/sealer.js'
import { contract } from '../../src/contract/define.js'
import { requestResponse } from '../../src/contract/operation.js'
import { noble } from '../../src/crypto/noble.js'
import type { Provider } from '../../src/crypto/provider.js'
import { ERRORS, SottoError } from '../../src/errors.js'
import { Auditor } from '../../src/identity/auditor.js'
import { Identity } from '../../src/identity/identity.js'
import { issueCredential } from '../../src/identity/issue.js'
import { Issuer } from '../../src/identity/issuer.js'
import { pinnedPeer } from '../../src/identity/peer.js'
import { Possession } from '../../src/identity/possession.js'
import { deliveryOf, encodeEntry } from '../../src/messaging/entry.js'
import { CipherState } from '../../src/noise/cipherstate.js'
import { AuditChain } from '../../src/policy/auditchain.js'
import { encodeAudit } from '../../src/policy/auditrecord.js'
import { policyStore } from '../../src/policy/store.js'
import { offerOf } from '../../src/session/agreement.js'
import { Engine } from '../../src/session/engine.js'
import { encodeFault } from '../../src/session/faults.js'
import { FLAG, NO_LABELS } from '../../src/session/frames.js'
import {
  type BeginHead,
  encodeFrame,
  encodeLabels,
  encodeSubject,
  writeBegin,
  writeData,
} from '../../src/session/framewriter.js'
import { encodeHello, encodeRetry } from '../../src/session/hello.js'
import { encodeAcceptance, encodeInitiation } from '../../src/session/initiation.js'
import { limitsOf } from '../../src/session/limits.js'
import { refusalOf } from '../../src/session/refusal.js'
import type { Side } from '../../src/session/side.js'
import { type PostQuantum, SUITES, suitesFor } from '../../src/session/suites.js'
import { withFixedKeys } from '../setup/nonces.js'

const idsOf = (pq: PostQuantum, psk: boolean, nativeAes: boolean): number[] =>
  suitesFor(pq, psk, { nativeAes }).map(({ id }) => id)

/** The contract of the chapters' examples. */
const Room = z.object({ room: z.string() })
const Thermostat = contract('thermostat.v1', {
  read: requestResponse({ request: Room, faults: { NoSuchRoom: Room }, visible: ['room'] }),
})

/** The issuer and the key of the chapters' credential; its serial counts from 40. */
const counting = (from: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => from + i)
const issuer = Issuer.of(counting(0x20, 32), noble)
const thermostat = Identity.of(counting(0, 32), noble)
const drawn: Provider = { ...noble, randomBytes: (length) => counting(0x40, length) }

/** What the code makes for the fenced block below `<!-- example: NAME -->`; white space does not count. */
export const EXAMPLES: Readonly<Record<string, () => string>> = {
  RECORD: () =>
    withFixedKeys('the example of spec/channel.md', () => {
      const key = noble.cipher.ChaChaPoly.importKey(Uint8Array.from({ length: 32 }, (_, i) => i))
      const plaintext = concat(encodeFrame({ is: 'PING', count: 1 }), new Uint8Array(3))
      return toHex(new Sealer(new CipherState(key, 'send')).seal(plaintext))
    }),
  HELLO: () => toHex(encodeHello({ suites: idsOf('prefer', false, false), tried: 0, pskId: EMPTY })),
  HELLO_PSK: () => {
    const pskId = Uint8Array.of(0x2a, 0x2b, 0x2c, 0x2d)
    return toHex(encodeHello({ suites: idsOf('require', true, true), tried: 0, pskId }))
  },
  RETRY: () => toHex(encodeRetry(SUITES[1])),
  DELIVERED: () => toHex(deliveryOf('kitchen.a', encodeEntry(undefined, 21), ['kitchen.a', true, 0]).item),
  INITIATION: () => {
    const uses = [offerOf(noble.hash.SHA256, Thermostat)]
    return toHex(encodeInitiation({ uses, serves: [], context: null, limits: limitsOf(), service: '' }))
  },
  REFUSE: () => {
    const details = { contract: 'thermostat.v1', operation: 'read' }
    return toHex(refusalOf(SottoError.of('contract/unserved', 'an example', { details })) ?? EMPTY)
  },
  CREDENTIAL: () =>
    toHex(
      issueCredential(
        issuer,
        {
          possession: Possession.of(thermostat.id, 1_767_225_600_000),
          name: 'spiffe://example.org/kitchen/thermostat',
          roles: ['sensor'],
          claims: { room: 'kitchen' },
          expiresMs: 1_767_312_000_000,
        },
        drawn,
      ),
    ),
  AUDIT: () => {
    const chain = new AuditChain(Auditor.of(counting(0x60, 32), noble), { log: counting(0x10, 16) }, noble)
    const decided = encodeAudit({
      kind: 'decided',
      session: '0f0e0d0c0b0a09080706050403020100',
      peer: thermostat.id,
      decision: '0f0e0d0c0b0a0908.ir.3.0',
      direction: 'in',
      verb: 'call',
      address: 'thermostat.v1.read',
      bytes: 14,
      verdict: { effect: 'deny', why: 'default', rules: [] },
    })
    const lines = [
      chain.first(1_767_225_600_000),
      chain.line(decided, 1_767_225_600_005),
      chain.checkpoint(1_767_225_600_006),
      chain.lost(2, 'drop-newest', 1_767_225_600_100),
    ]
    return lines.map((line) => new TextDecoder().decode(line)).join('')
  },
  BEGIN: () => {
    const out = new Uint8Array(64)
    const head = { operation: 0, subject: EMPTY, standing: false, ttlMs: 500, labels: EMPTY }
    return toHex(out.subarray(0, writeBegin(out, 0, 1, head, FLAG.end, encode({ room: 'kitchen' }))))
  },
  FRAME_BYTES: () =>
    frameLines()
      .map(([is, bytes]) => `${is} ${toHex(bytes)}`)
      .join('\n'),
  ENQUEUED: () => toHex(encode({ value: { room: 'kitchen' }, key: 'k1', delayMs: 500 })),
  SETTLEMENT: () =>
    [
      [1, 'ack'],
      [2, 'retry', 500],
      [3, 'reject', 'broken'],
      [4, 'extend', 30_000],
    ]
      .map((item) => toHex(encode(item)))
      .join('\n'),
  HANDED: () => toHex(deliveryOf('kitchen', encodeEntry(undefined, 21), [1, 'kitchen', 'm1', 1]).item),
  PACKETS: () => withFixedKeys('the packets of spec/session.md', packetLines),
}

const head = (over: Partial<BeginHead> = {}): BeginHead => ({
  operation: 0,
  subject: EMPTY,
  standing: false,
  ttlMs: 0,
  labels: encodeLabels(NO_LABELS),
  ...over,
})

const written = (write: (out: Uint8Array) => number): Uint8Array => {
  const out = new Uint8Array(512)
  return out.subarray(0, write(out))
}

/** One of each frame, and what its forms are. */
const frameLines = (): readonly (readonly [string, Uint8Array])[] => {
  const room = encode({ room: 'kitchen' })
  const group = encodeLabels({ group: 'west' })
  const subject = encodeSubject('kitchen.*')
  const standing = head({ operation: 4, subject, standing: true, labels: group })
  const acceptance = encodeAcceptance({ serves: [0], uses: [], context: null, limits: limitsOf() })
  const fault = encodeFault({ code: 'call/fault', name: 'NoSuchRoom', data: { room: 'attic' } }, 65_519)
  return [
    ['ACCEPT', encodeFrame({ is: 'ACCEPT', body: acceptance })],
    ['REFUSE', encodeFrame({ is: 'REFUSE', code: ERRORS['identity/not-trusted'].wire, detail: '' })],
    ['BEGIN, whole', written((out) => writeBegin(out, 0, 1, head({ ttlMs: 500 }), FLAG.end, room))],
    [
      'BEGIN, its message goes on',
      written((out) => writeBegin(out, 0, 3, head(), FLAG.more, Uint8Array.of(0xa1, 0x64))),
    ],
    ['BEGIN, a subscription', written((out) => writeBegin(out, 0, 5, standing, 0, encode({})))],
    ['DATA, a reply', written((out) => writeData(out, 0, 1, FLAG.end, encode({ celsius: 21 })))],
    ['DATA, a piece', written((out) => writeData(out, 0, 3, FLAG.more, Uint8Array.of(0x72, 0x6f)))],
    ['DATA, an item', written((out) => writeData(out, 0, 7, 0, encode(1.5)))],
    ['DATA, an end alone', written((out) => writeData(out, 0, 7, FLAG.end, EMPTY))],
    ['FAULT, declared', encodeFrame({ is: 'FAULT', exchange: 1, code: ERRORS['call/fault'].wire, body: fault })],
    ['FAULT, denied', encodeFrame({ is: 'FAULT', exchange: 1, code: ERRORS['policy/denied'].wire, body: EMPTY })],
    [
      'RESET, 300 bytes sent',
      encodeFrame({ is: 'RESET', exchange: 3, code: ERRORS['call/cancelled'].wire, size: 300 }),
    ],
    ['STOP', encodeFrame({ is: 'STOP', exchange: 3, code: ERRORS['call/deadline'].wire })],
    ['CREDIT, of the session', encodeFrame({ is: 'CREDIT', exchange: 0, limit: 1_572_864 })],
    ['CREDIT, of exchange 7', encodeFrame({ is: 'CREDIT', exchange: 7, limit: 393_216 })],
    ['PING', encodeFrame({ is: 'PING', count: 64 })],
    ['PONG', encodeFrame({ is: 'PONG', count: 64 })],
    ['REKEY 0', encodeFrame({ is: 'REKEY', generation: 0 })],
    ['REKEY 1', encodeFrame({ is: 'REKEY', generation: 1 })],
    ['REFRESH, asks', encodeFrame({ is: 'REFRESH', body: EMPTY })],
    ['REFRESH, of two bytes', encodeFrame({ is: 'REFRESH', body: Uint8Array.of(0x2a, 0x2b) })],
    ['CREDENTIAL, of two bytes', encodeFrame({ is: 'CREDENTIAL', body: Uint8Array.of(0x2a, 0x2b) })],
    ['DRAIN', encodeFrame({ is: 'DRAIN', last: 9 })],
    ['END', encodeFrame({ is: 'END', code: 0 })],
    ['END, for silence', encodeFrame({ is: 'END', code: ERRORS['session/timeout'].wire })],
  ]
}

const initiatorKey = Identity.of(counting(0, 32), noble)
const responderKey = Identity.of(counting(0x20, 32), noble)

/** What an end of the example is made of; `ephemeral` is the first of the 32 bytes it draws. */
const sideOf = (identity: Identity, ephemeral: number, told: (line: string) => void): Side => ({
  identity,
  provider: { ...noble, nativeAes: false, randomBytes: (length) => counting(ephemeral, length) },
  policy: policyStore({ version: 1, rules: [] }),
  uses: [],
  serves: [],
  context: null,
  service: '',
  pq: 'off',
  limits: limitsOf(),
  rekey: {},
  padding: 'none',
  keyLog: told,
  handshakeMs: 10_000,
  keepaliveMs: 20_000,
  epochMs: 0,
})

/** A handshake of the suite 0x0011, whole, and the record that opens its session. */
const packetLines = (): string => {
  const lines: string[] = []
  const trust = pinnedPeer(initiatorKey.id)
  const initiator = Engine.initiate(
    { ...sideOf(initiatorKey, 0x40, (line) => lines.push(line)), uses: [Thermostat], expected: responderKey.id },
    0,
  )
  const served = { ...sideOf(responderKey, 0x60, () => undefined), serves: [Thermostat] }
  const responder = Engine.respond({ ...served, trust: () => trust }, 0)
  const packets = [
    ['packet 1', carried(initiator, responder)],
    ['packet 2', carried(responder, initiator)],
    ['packet 3', carried(initiator, responder)],
    ['record of ACCEPT', carried(responder, initiator)],
  ]
  if (initiator.state !== 'open' || responder.state !== 'open') throw new RangeError('expected an open session')
  return [...packets.map(([is, hex]) => `${is} ${hex}`), ...lines.filter((line) => !line.startsWith('#'))].join('\n')
}

const carried = (from: Engine, to: Engine): string => {
  const bytes = from.take(0)
  if (bytes === undefined) throw new RangeError('expected bytes to carry')
  to.receive(bytes, 0)
  return toHex(bytes)
}
