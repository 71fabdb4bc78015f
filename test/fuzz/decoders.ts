import { concat, equal, toHex, utf8 } from '../../src/bytes.js'
import { type Control, decode, decodeControl, encode, encodeControl } from '../../src/cbor.js'
import { recordLength } from '../../src/channel/record.js'
import { Splitter } from '../../src/channel/splitter.js'
import { isAddress } from '../../src/contract/address.js'
import { SottoError } from '../../src/errors.js'
import { decodeCredential, encodeCredential } from '../../src/identity/credential.js'
import { generateIdentity, secretTextOf } from '../../src/identity/identity.js'
import { issueCredential } from '../../src/identity/issue.js'
import { generateIssuer } from '../../src/identity/issuer.js'
import { checkProof, makeChallenge, proveIdentity } from '../../src/identity/possession.js'
import { encodeStatement } from '../../src/identity/statement.js'
import { decodeText, encodeText, kindOfText, type TextKind } from '../../src/identity/text.js'
import { KnownText } from '../../src/link/knownpeers.js'
import { parseProtocol } from '../../src/noise/protocol.js'
import { parseJson } from '../../src/policy/json.js'
import { canMatch, parsePattern } from '../../src/policy/pattern.js'
import { policyStore } from '../../src/policy/store.js'
import { decodeFrames, type Frame } from '../../src/session/frames.js'
import { encodeFrame, encodeLabels, encodeSubject, writeBegin, writeData } from '../../src/session/framewriter.js'
import { decodeHello, decodeRetry, encodeHello, encodeRetry } from '../../src/session/hello.js'
import {
  type Acceptance,
  decodeAcceptance,
  decodeInitiation,
  encodeAcceptance,
  encodeInitiation,
  type Initiation,
} from '../../src/session/initiation.js'
import { limitsOf } from '../../src/session/limits.js'
import { decodePacket, encodePacket, packetLength } from '../../src/session/packets.js'
import { credentialAt, decodePayload, encodePayload } from '../../src/session/payload.js'
import { SUITES } from '../../src/session/suites.js'
import { Script, type Target } from './target.js'

/** What `work` gives, or undefined where it refuses its input as it may: with an error of ours. */
export const refusable = <T>(work: () => T): T | undefined => {
  try {
    return work()
  } catch (error) {
    if (error instanceof SottoError) return undefined
    throw error
  }
}

/** A decoder of one form: whatever it takes, its encoder writes again, byte for byte. */
const twin = <T>(
  name: string,
  seeds: readonly Uint8Array[],
  read: (bytes: Uint8Array) => T,
  write: (value: T) => Uint8Array,
): Target => ({
  name,
  seeds,
  run: (input) => {
    const before = input.slice()
    const value = refusable(() => ({ of: read(input) }))
    if (!equal(before, input)) throw new Error('the input was written to')
    if (value !== undefined && !equal(write(value.of), input))
      throw new Error(`a second spelling of ${toHex(write(value.of))}`)
  },
})

const initiation: Initiation = {
  uses: [{ contract: 'room.v1', operations: [{ name: 'read', digest: new Uint8Array(32) }] }],
  serves: [],
  context: { a: [1, -2.5, 'b', null, true, new Uint8Array(2)] },
  limits: limitsOf(),
  service: 'x',
}

const values = [null, true, -1, 2 ** 40, 1.5, 'é', new Uint8Array(3), [1, [2, []]], { a: 1, bb: { c: 'd' } }]

const FRAMES: readonly Frame[] = [
  { is: 'PING', count: 1 },
  { is: 'CREDIT', exchange: 1, limit: 300_000 },
  { is: 'RESET', exchange: 3, code: 48, size: 10 },
  { is: 'STOP', exchange: 3, code: 48 },
  { is: 'FAULT', exchange: 1, code: 51, body: encode({ incident: 'a' }) },
  { is: 'DRAIN', last: 5 },
  { is: 'REFUSE', code: 16, detail: '' },
  { is: 'ACCEPT', body: encodeAcceptance({ serves: [0], uses: [], context: null, limits: limitsOf() }) },
  { is: 'REKEY', generation: 0 },
  { is: 'END', code: 0 },
]

const begin = (): Uint8Array => {
  const out = new Uint8Array(200)
  const labels = encodeLabels({ a: 'b', c: '' })
  const head = { operation: 0, subject: encodeSubject('a.*'), standing: true, ttlMs: 500, labels }
  return out.slice(0, writeBegin(out, 0, 1, head, 1, encode({ room: 'kitchen' })))
}

const writeFrame = (frame: Frame): Uint8Array => {
  const out = new Uint8Array(20_000)
  if (frame.is === 'BEGIN') {
    const { operation, standing, ttlMs } = frame
    const subject = encodeSubject(frame.subject)
    const head = { operation, subject, standing, ttlMs, labels: encodeLabels(frame.labels) }
    const flags = (frame.end ? 1 : 0) | (frame.more ? 2 : 0)
    return out.slice(0, writeBegin(out, 0, frame.exchange, head, flags, frame.body))
  }
  if (frame.is !== 'DATA') return encodeFrame(frame)
  return out.slice(0, writeData(out, 0, frame.exchange, (frame.end ? 1 : 0) | (frame.more ? 2 : 0), frame.body))
}

/** Padding has no frame: it is cut from what is compared. */
const frames: Target = {
  name: 'frames',
  seeds: [...FRAMES.map((frame) => writeFrame(frame)), begin(), concat(begin(), new Uint8Array(7))],
  run: (input) => {
    const read = refusable(() => decodeFrames(input))
    if (read === undefined) return
    const again = concat(...read.map(writeFrame))
    const padding = input.subarray(again.length)
    if (!equal(again, input.subarray(0, again.length)) || padding.some((byte) => byte !== 0))
      throw new Error(`a second spelling of ${toHex(again)}`)
  },
}

/** A stream in any cut gives the units that it gives in one piece. */
const splitter: Target = {
  name: 'splitter',
  seeds: [
    concat(Uint8Array.of(0, 1, 0, 20), new Uint8Array(20)),
    concat(Uint8Array.of(1, 0, 5), encodePacket({ neg: new Uint8Array(9), noise: new Uint8Array(32) })),
  ],
  run: (input) => {
    const script = new Script(input)
    const lengthOf = script.byte() % 2 === 0 ? recordLength : packetLength
    const cuts = new Script(input.slice(0, 40))
    const stream = input.subarray(2)
    const whole = units(lengthOf, [stream])
    const pieces: Uint8Array[] = []
    for (let at = 0; at < stream.length; ) {
      const length = 1 + (cuts.byte() % 50)
      pieces.push(stream.subarray(at, at + length))
      at += length
    }
    if (units(lengthOf, pieces).join() !== whole.join()) throw new Error('another cut gives other units')
  },
}

const units = (
  lengthOf: (bytes: Uint8Array) => number | undefined,
  pieces: readonly Uint8Array[],
): readonly string[] => {
  const splitter = new Splitter()
  const found: string[] = []
  const refused = refusable(() => {
    for (const piece of pieces) {
      splitter.push(piece)
      for (let unit = splitter.next(lengthOf); unit !== undefined; unit = splitter.next(lengthOf))
        found.push(toHex(unit))
      splitter.keep()
    }
    return true
  })
  return refused === undefined ? [...found, 'refused'] : found
}

const issuer = generateIssuer()
const possession = checkProof(issuer, proveIdentity(generateIdentity(), makeChallenge(issuer, 0), issuer.id), 0)
const granted = { possession, expiresMs: 86_400_000 }

/** What is read of a credential is all of it: written again under its signature, it is the same. */
const credential = twin(
  'credential',
  [
    issueCredential(issuer, granted),
    issueCredential(issuer, {
      ...granted,
      name: 'spiffe://a.example/b',
      roles: ['x', 'y'],
      claims: { a: 1, b: true, c: 'd' },
    }),
  ],
  (bytes) => ({ statement: decodeCredential(bytes), signature: bytes.slice(-64) }),
  ({ statement, signature }) => encodeCredential(encodeStatement(statement), () => signature),
)

/** Padding is no field: it is cut from what is compared. */
const payload: Target = {
  name: 'payload',
  seeds: [
    encodePayload({ initiation: encodeInitiation(initiation) }),
    encodePayload({ credential: new Uint8Array(9), initiation: new Uint8Array(3) }),
    concat(encodePayload({ credential: new Uint8Array(5) }), new Uint8Array(9)),
  ],
  run: (input) => {
    credentialAt(input)
    const fields = refusable(() => decodePayload(input, 'credential', 'initiation'))
    if (fields === undefined) return
    const again = encodePayload(fields)
    if (!equal(again, input.subarray(0, again.length)) || input.subarray(again.length).some((byte) => byte !== 0))
      throw new Error(`a second spelling of ${toHex(again)}`)
  },
}

const acceptance: Acceptance = { serves: [0, 2], uses: [1], context: 'x', limits: limitsOf() }

/** An extension that is not critical is let pass, and not kept (SE-23): what is written again gets it back. */
const EXTENSIONS: Control = new Map([[1, 'x']])
const extensionsOf = (bytes: Uint8Array): Control | undefined => mapOf(decodeControl(bytes)).get(6)
const extended = (bytes: Uint8Array, extensions: Control | undefined): Uint8Array =>
  encodeControl(new Map([...mapOf(decodeControl(bytes)), [6, extensions ?? new Map()]]))

const mapOf = (value: Control): ReadonlyMap<number, Control> => {
  if (value instanceof Map) return value
  throw new TypeError('expected a map')
}

export const canonical: readonly Target[] = [
  credential,
  payload,
  twin(
    'cbor',
    values.map((value) => encode(value)),
    decode,
    encode,
  ),
  twin(
    'control',
    [encodeInitiation(initiation), encodeControl(new Map([[-1, [1, 'a']]]))],
    decodeControl,
    encodeControl,
  ),
  twin('packet', [encodePacket({ neg: new Uint8Array(9), noise: new Uint8Array(32) })], decodePacket, encodePacket),
  twin(
    'hello',
    [encodeHello({ suites: SUITES.map(({ id }) => id), tried: 1, pskId: Uint8Array.of(1, 2) })],
    decodeHello,
    encodeHello,
  ),
  twin('retry', SUITES.map(encodeRetry), decodeRetry, encodeRetry),
  twin(
    'initiation',
    [encodeInitiation(initiation), extended(encodeInitiation(initiation), EXTENSIONS)],
    (bytes) => ({ value: decodeInitiation(bytes), extensions: extensionsOf(bytes) }),
    ({ value, extensions }) => extended(encodeInitiation(value), extensions),
  ),
  twin(
    'acceptance',
    [encodeAcceptance(acceptance), extended(encodeAcceptance(acceptance), EXTENSIONS)],
    (bytes) => ({ value: decodeAcceptance(bytes), extensions: extensionsOf(bytes) }),
    ({ value, extensions }) => extended(encodeAcceptance(value), extensions),
  ),
  frames,
  splitter,
]

const text = new TextDecoder()
const KINDS: readonly TextKind[] = ['peer', 'secret', 'sealed', 'issuer', 'issuerSecret', 'challenge', 'proof']

/** The file of known peers: what is taken out of it leaves the rest readable. */
export const known: Target = {
  name: 'known',
  seeds: [`# people\ntcp:a.example:7000 ${generateIdentity().id}\nunix:/run/a b.sock ${generateIdentity().id}\n`].map(
    utf8,
  ),
  dictionary: ['\n', ' sotto1', '#', 'tcp:'].map(utf8),
  run: (input) => {
    const read = refusable(() => new KnownText(text.decode(input)))
    for (const endpoint of read?.ids.keys() ?? []) new KnownText(read?.without(endpoint) ?? '')
  },
}

/** Texts an operator or a program gives: ids, addresses, patterns, names of protocols. */
export const texts: Target = {
  name: 'texts',
  seeds: [
    generateIdentity().id,
    secretTextOf(generateIdentity()),
    'room.v1.read.a.b',
    'room.v1.*.{peer.id}.>',
    'Noise_XXhfs+psk3_25519+MLKEM768_ChaChaPoly_SHA256',
    'Noise_NK1psk0+psk2_448_AESGCM_BLAKE2b',
  ].map(utf8),
  dictionary: ['{claim.', '}', '.v', '>', '*', 'fallback', '+psk9', 'SOTTO'].map(utf8),
  run: (input) => {
    const words = text.decode(input)
    isAddress(words)
    const pattern = parsePattern(words)
    if (pattern !== undefined) canMatch(pattern, 'call')
    kindOfText(words)
    for (const kind of KINDS) {
      const bytes = refusable(() => decodeText(kind, words))
      if (bytes !== undefined && encodeText(kind, bytes) !== words) throw new Error('a second spelling')
    }
    refusable(() => parseProtocol(words))
  },
}

const POLICY = {
  version: 1,
  groups: { staff: ['any'] },
  rules: [
    {
      id: 'a',
      effect: 'allow',
      by: ['group:staff'],
      verbs: ['call'],
      on: ['room.v1.*'],
      limit: { perSecond: 2, concurrent: 1 },
    },
    {
      id: 'b',
      effect: 'deny',
      to: ['role:x'],
      verbs: ['send'],
      on: ['>'],
      when: [{ attribute: 'label.a', is: 'in', value: ['b', 1] }],
    },
  ],
}

/** A policy that loads decides every question. */
export const policyDocument: Target = {
  name: 'policy',
  seeds: [JSON.stringify(POLICY), '{"version":1,"rules":[]}'].map(utf8),
  dictionary: [
    '"deny"',
    '"allow"',
    '"when":[]',
    '"limit":{}',
    '{',
    '}',
    '[',
    ']',
    ',',
    '"any"',
    '"\\u0000"',
    '1e3',
    '"bytes"',
  ].map(utf8),
  run: (input) => {
    const store = refusable(() => policyStore(parseJson(text.decode(input))))
    if (store === undefined) return
    const peer = { id: PEER, roles: ['x'], claims: {} }
    for (const direction of ['in', 'out'] as const)
      store.decide(
        { peer, direction, verb: 'call', address: 'room.v1.read', attributes: { bytes: 3, 'label.a': 'b' } },
        0,
      )
  },
}

const PEER = generateIdentity().id
