import { EMPTY, toHex } from '../bytes.js'
import type { AeadKey, Dh, DhKey, Provider } from '../crypto/provider.js'
import { Identity } from '../identity/identity.js'
import { trustStore } from '../identity/trust.js'
import { ServiceConversations } from '../messaging/conversations.js'
import { policyStore } from '../policy/store.js'
import { Engine } from '../session/engine.js'
import { decodeFrames, type Frame } from '../session/frames.js'
import { limitsOf } from '../session/limits.js'
import type { Side } from '../session/side.js'
import { kitContract } from './kitcontract.js'
import { fromHex } from './members.js'
import { ALL_ALLOWED, type Role } from './sessionform.js'
import type { Opening, SomeLimits } from './trafficform.js'

/** 32 bytes that count up: fixed, and no secret to anyone. */
const keyFrom = (first: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, at) => first + at)

const SECRET = { initiator: keyFrom(0x00), responder: keyFrom(0x80) } as const
const EPHEMERAL = { initiator: keyFrom(0x20), responder: keyFrom(0xc0) } as const
const OTHER = { initiator: 'responder', responder: 'initiator' } as const

/** An open session: the end that is tried, and the keys of its peer, by which anything can be said to it. */
export class OpenedPeer {
  readonly engine: Engine
  readonly #from: Direction
  readonly #to: Direction

  constructor(setup: Opening, provider: Provider) {
    const known = remembering(provider)
    const keys: string[] = []
    const own = engineOf(setup.role, { ...setup, limits: setup.own }, known)
    const sound = { operations: setup.operations, limits: setup.peer, keyLog: (line: string) => keys.push(line) }
    const other = engineOf(OTHER[setup.role], sound, known)
    const last = shakeHands(setup, own, other)
    this.engine = own
    this.#from = directionOf(setup.role, keys, provider)
    this.#to = directionOf(OTHER[setup.role], keys, provider)
    if (last !== undefined) this.#from.n += last
    if (setup.role === 'initiator' && setup.waits !== true) this.#to.n++
  }

  /** A record of the peer. */
  say(plaintext: Uint8Array): Uint8Array {
    const { key, n } = this.#to
    const record = new Uint8Array(2 + plaintext.length + 16)
    new DataView(record.buffer).setUint16(0, plaintext.length + 16)
    key.seal(n, EMPTY, plaintext, record.subarray(2))
    this.#to.n++
    if (endsInRekey(plaintext)) this.#to.key = key.rekey()
    return record
  }

  /** The frames of a record of the end that is tried. */
  read(record: Uint8Array): readonly Frame[] {
    const plaintext = this.#from.key.open(this.#from.n++, EMPTY, record.subarray(2))
    if (plaintext === undefined) throw new TypeError('expected a record of the end that is tried')
    return decodeFrames(plaintext)
  }
}

interface Direction {
  key: AeadKey
  n: number
}

interface End {
  readonly operations: readonly string[]
  readonly limits: SomeLimits
  readonly policy?: unknown
  readonly keyLog?: (line: string) => void
}

const engineOf = (role: Role, { operations, limits, policy, keyLog }: End, known: Provider): Engine => {
  const provider = { ...known, nativeAes: false, randomBytes: () => EPHEMERAL[role] }
  const peer = Identity.of(SECRET[OTHER[role]], known).id
  const contract = kitContract(operations)
  const { flow } = contract
  const side: Side = {
    identity: Identity.of(SECRET[role], known),
    provider,
    policy: policyStore(policy ?? ALL_ALLOWED),
    uses: [contract],
    serves: [contract],
    ...(flow && { conversations: new Map([['kit.v1', new ServiceConversations(flow, () => undefined, {})]]) }),
    context: null,
    service: '',
    pq: 'off',
    limits: limitsOf(
      Object.fromEntries(Object.entries(limits).flatMap(([name, n]) => (n === undefined ? [] : [[name, n]]))),
    ),
    rekey: {},
    handshakeMs: 10_000,
    keepaliveMs: 20_000,
    padding: 'none',
    epochMs: 0,
    ...(keyLog && { keyLog }),
  }
  if (role === 'initiator') return Engine.initiate({ ...side, expected: peer }, 0)
  const trust = trustStore([peer], { provider: known })
  return Engine.respond({ ...side, trust: trust.check.bind(trust) }, 0)
}

/** Lets both ends open; the number of records that the one that is tried has written. */
const shakeHands = ({ role, waits }: Opening, own: Engine, other: Engine): number | undefined => {
  const [initiator, responder] = role === 'initiator' ? [own, other] : [other, own]
  const carry = (from: Engine, to: Engine): void => {
    const bytes = from.take(0)
    if (bytes === undefined) throw new TypeError('expected a packet or a record')
    to.receive(bytes, 0)
  }
  carry(initiator, responder)
  carry(responder, initiator)
  carry(initiator, responder)
  if (waits === true) return 0
  carry(responder, initiator)
  for (const engine of [own, other]) if (engine.next()?.is !== 'established') throw new TypeError('expected a session')
  return role === 'responder' ? 1 : 0
}

const directionOf = (from: Role, log: readonly string[], { cipher }: Provider): Direction => {
  const way = from === 'initiator' ? 'ir' : 'ri'
  const [, , , , key = ''] = log.map((line) => line.split(' ')).find(([, , each]) => each === way) ?? []
  return { key: cipher.ChaChaPoly.importKey(fromHex('key', key)), n: 0 }
}

/** The reader goes over to the next key if it takes the record; of one that it does not take nothing follows. */
const endsInRekey = (plaintext: Uint8Array): boolean =>
  plaintext.length >= 2 && plaintext[plaintext.length - 2] === 0x0b && plaintext[plaintext.length - 1] === 0

/** What the slow curve gave before, by both keys: of a session that is opened a thousand times, with keys that are always the same. */
const agreed = new Map<string, Uint8Array>()

const remembering = (provider: Provider): Provider => {
  const curve = provider.dh['25519']
  const made = (name: string, make: () => Uint8Array): Uint8Array => {
    const found = agreed.get(name) ?? make()
    agreed.set(name, found)
    return found.slice()
  }
  const importKey = (secretKey: Uint8Array): DhKey => {
    const name = `${provider.name} ${toHex(secretKey)}`
    const key = (): DhKey => curve.importKey(fromHex('key', name.slice(provider.name.length + 1)))
    return {
      publicKey: made(name, () => key().publicKey),
      agree: (publicKey) => made(`${name} ${toHex(publicKey)}`, () => key().agree(publicKey)),
      erase: () => undefined,
    }
  }
  const dh: Dh = { ...curve, importKey }
  return { ...provider, dh: { ...provider.dh, '25519': dh } }
}
