import { EMPTY, toHex } from '../../src/bytes.js'
import { encode, type Wire } from '../../src/cbor.js'
import type { Provider } from '../../src/crypto/provider.js'
import { Identity } from '../../src/identity/identity.js'
import { issueCredential } from '../../src/identity/issue.js'
import { Issuer } from '../../src/identity/issuer.js'
import { Possession } from '../../src/identity/possession.js'
import { formOf } from '../../src/kit/frameform.js'
import { Player, type Setup } from '../../src/kit/player.js'
import type { Act, Role } from '../../src/kit/sessionform.js'
import { decodeFrames } from '../../src/session/frames.js'
import { prologueOf } from '../../src/session/hello.js'
import { limitsOf } from '../../src/session/limits.js'
import { decodePacket } from '../../src/session/packets.js'
import { SUITES, type Suite } from '../../src/session/suites.js'
import { counting, fromHex } from '../hex.js'
import type { Flight, Seen, SessionVector, SideForm, Vectors } from '../schema.js'
import { exportOf, scheduleOf, Trace } from '../trace.js'
import { rekeyed } from './channel.js'

type Session = Vectors<'session'>
type Contracts = SessionVector['contracts']

/** What a session is made of: how its ends differ from the usual, and what they do, in groups that leave together. */
interface Plot {
  readonly name: string
  /** The level that it needs beside core. */
  readonly level?: 'policy'
  readonly suite: Suite
  readonly initiator?: Partial<SideForm>
  readonly responder?: Partial<SideForm>
  readonly acts?: readonly (readonly Act[])[]
}

export const sessionVectors = (provider: Provider): Session => ({
  about:
    'Whole sessions, byte for byte (spec/session.md). Each end is made from `initiator` or `responder`, with the `contracts` that it names; `random` is what it draws, in that order. ' +
    'script: what happens, in order. An item with `act` is done by the application of the end `by`; one with `bytes` is what the end `from` writes then, which the other reads. ' +
    '`events` is what each end learns, in order. ' +
    '`aes`: AESGCM is listed before ChaChaPoly, and allowed. `psk`: that of the initiator, or the one that the responder knows. ' +
    '`peer` is the id of the other end, which the responder trusts if `trusts` is true; or, where there is an `issuer`, the name that the initiator expects ' +
    'it to vouch for, and the responder trusts that issuer. Without a `policy` an end allows all. No end waits for credit. `steps` are h, ck, k and n after each token of the handshake that counts. ' +
    '`flights` take the bytes apart that are written at `item`: of a packet, `payload` is what the Noise message carries, null where the message is not read; of a record, `key` and `n` seal it.',
  sessions: [...plots(), ...refusals(), certified(provider)].map((plot) => sessionOf(plot, provider)),
})

const operation = (
  name: string,
  kind: 'requestResponse' | 'oneWay' | 'stream',
  over: Partial<Contracts[string]['operations'][number]> = {},
): Contracts[string]['operations'][number] => ({
  name,
  kind,
  subject: '',
  faults: [],
  visible: [],
  retain: false,
  idempotent: false,
  ...over,
})

const THERMOSTAT = [
  operation('log', 'oneWay', { visible: ['level'] }),
  operation('read', 'requestResponse', { faults: ['NoSuchRoom'], visible: ['room'] }),
  operation('set', 'requestResponse', { idempotent: true }),
]

const CONTRACTS: Contracts = {
  thermostat: { name: 'thermostat.v1', operations: THERMOSTAT },
  'thermostat, changed': {
    name: 'thermostat.v1',
    operations: THERMOSTAT.map((row) => (row.name === 'set' ? { ...row, idempotent: false } : row)),
  },
  tape: {
    name: 'tape.v1',
    operations: [
      operation('chat', 'stream', { visible: ['level'], up: 'items', down: 'items' }),
      operation('copy', 'stream', { up: 'bytes', down: 'bytes' }),
      operation('history', 'stream', { up: 'nothing', down: 'items' }),
    ],
  },
  display: { name: 'display.v1', operations: [operation('ask', 'requestResponse'), operation('show', 'oneWay')] },
}

const QUIET = [{ attribute: 'body.level', is: 'le', value: 5 }]
const LOUD = [
  { attribute: 'body.level', is: 'present' },
  { attribute: 'body.level', is: 'gt', value: 5 },
]

const POLICY = {
  version: 1,
  rules: [
    { id: 'read', effect: 'allow', by: ['any'], verbs: ['call'], on: ['thermostat.v1.read'] },
    { id: 'quiet', effect: 'allow', by: ['any'], verbs: ['send'], on: ['thermostat.v1.log'], when: QUIET },
    { id: 'chat', effect: 'allow', by: ['any'], verbs: ['stream'], on: ['tape.v1.*'] },
    { id: 'loud', effect: 'deny', by: ['any'], verbs: ['stream'], on: ['tape.v1.chat'], when: LOUD },
  ],
}

const cbor = (value: Wire): string => toHex(encode(value))

type Begin = Extract<Act, { readonly act: 'call' | 'send' | 'stream' }>

const call = (by: Role, contract: string, name: string, value: Wire, over: Partial<Begin> = {}): Begin => ({
  by,
  act: 'call',
  contract,
  operation: name,
  body: cbor(value),
  ttlMs: 0,
  labels: {},
  ...over,
})

const read = (room: string, over: Partial<Begin> = {}): Act =>
  call('initiator', 'thermostat.v1', 'read', { room }, over)

const log = (level: number): Act => call('initiator', 'thermostat.v1', 'log', { level }, { act: 'send' })

const reply = (by: Role, value: Wire): Act => ({ by, act: 'reply', body: cbor(value) })

/** What makes both ends come to `suite` at once. */
const settingsOf = ({ pq, psk, cipher }: Suite): Pick<SideForm, 'pq' | 'aes' | 'psk'> => ({
  pq: pq ? 'require' : 'off',
  aes: cipher === 'AESGCM',
  psk: psk ? { id: toHex(counting(0x51, 8)), key: toHex(PSK) } : null,
})

const PSK = counting(0x70, 32)

/** Two suites through all that a session can do, the others through a call. */
const plots = (): Plot[] => {
  const [hfs, xx, ...others] = SUITES
  return [whole(hfs), whole(xx), ...others.map(brief), retried(), streaming(xx), ruled(xx)]
}

const brief = (suite: Suite): Plot => ({
  name: `a call in a session of ${suite.name}`,
  suite,
  initiator: settingsOf(suite),
  responder: settingsOf(suite),
  acts: CALL,
})

const whole = (suite: Suite): Plot => ({
  name: `a whole session of ${suite.name}`,
  suite,
  initiator: { ...settingsOf(suite), rekeyRecords: 4, context: cbor({ tenant: 'acme' }) },
  // Small records and windows, so that a message comes in pieces and gives credit back.
  responder: {
    ...settingsOf(suite),
    limits: limitsOf({ plaintext: 1_024, sessionWindow: 4_096 }),
    context: cbor('hello'),
  },
  acts: [
    [{ by: 'initiator', act: 'ping' }],
    [read('kitchen', { ttlMs: 5_000, labels: { trace: '7' } })],
    [reply('responder', 20.5)],
    [read('attic')],
    [{ by: 'responder', act: 'fault', name: 'NoSuchRoom', body: cbor({ room: 'attic' }) }],
    [call('initiator', 'thermostat.v1', 'set', 21)],
    [reply('responder', null)],
    [log(1), log(9)],
    [
      { by: 'responder', act: 'consume' },
      { by: 'responder', act: 'consume' },
    ],
    [call('responder', 'display.v1', 'ask', 'which room?')],
    [reply('initiator', 'kitchen')],
    [read('x'.repeat(1_600))],
    [reply('responder', null)],
    [read('cellar')],
    [{ by: 'initiator', act: 'cancel' }],
    [reply('responder', 18)],
    [{ by: 'initiator', act: 'close' }],
  ],
})

const stream = (name: string, value: Wire): Act => call('initiator', 'tape.v1', name, value, { act: 'stream' })

const item = (by: Role, body: string): Act => ({ by, act: 'item', body })

/** Streams of items and of bytes: both ways, ended by either end, told to stop, given up. */
const streaming = (suite: Suite): Plot => ({
  name: 'a session of streams',
  suite,
  initiator: { ...settingsOf(suite), uses: ['tape'], serves: [] },
  responder: {
    ...settingsOf(suite),
    uses: [],
    serves: ['tape'],
    limits: limitsOf({ plaintext: 1_024, exchangeWindow: 4_096, sessionWindow: 4_096 }),
  },
  acts: [
    [stream('chat', 'hello')],
    [item('initiator', cbor('a')), item('initiator', cbor({ level: 5 }))],
    [item('responder', cbor('A'))],
    [{ by: 'initiator', act: 'end' }],
    [item('responder', cbor('B')), { by: 'responder', act: 'end' }],
    [stream('copy', null)],
    [item('initiator', toHex(counting(0, 2_000)))],
    [item('responder', toHex(counting(0, 16)))],
    [{ by: 'responder', act: 'stop' }],
    [{ by: 'responder', act: 'end' }],
    [stream('history', { room: 'kitchen' })],
    [item('responder', cbor('x'.repeat(1_500))), item('responder', cbor(2)), { by: 'responder', act: 'end' }],
    [stream('history', { room: 'attic' })],
    [{ by: 'initiator', act: 'cancel' }],
    [{ by: 'responder', act: 'end' }],
    [{ by: 'initiator', act: 'close' }],
  ],
})

/** What rules deny: a call, a message for a field of its body, an item of a stream. */
const ruled = (suite: Suite): Plot => ({
  name: 'a session under rules',
  level: 'policy',
  suite,
  initiator: { ...settingsOf(suite), uses: ['thermostat', 'tape'], serves: [] },
  responder: { ...settingsOf(suite), uses: [], serves: ['thermostat', 'tape'], policy: POLICY },
  acts: [
    [read('kitchen')],
    [reply('responder', 20.5)],
    [call('initiator', 'thermostat.v1', 'set', 21)],
    [log(1), log(9)],
    [{ by: 'responder', act: 'consume' }],
    [stream('chat', 'hello')],
    [item('initiator', cbor({ level: 5 }))],
    [item('initiator', cbor({ level: 9 }))],
    [{ by: 'responder', act: 'end' }],
    [{ by: 'initiator', act: 'close' }],
  ],
})

const [, XX] = SUITES
const CALL: NonNullable<Plot['acts']> = [
  [read('kitchen')],
  [reply('responder', 20.5)],
  [{ by: 'responder', act: 'close' }],
]

const retried = (): Plot => ({
  name: 'a session with Retry',
  suite: XX,
  initiator: { pq: 'prefer' },
  responder: { pq: 'off' },
  acts: CALL,
})

const UNIX_MS = 1_800_000_000_000
const NAMES = { initiator: 'spiffe://example.org/display', responder: 'spiffe://example.org/thermostat' } as const

/** Neither end has the other's key: an issuer vouches for both. */
const certified = (provider: Provider): Plot => {
  const issuer = Issuer.of(counting(0x90, 32), provider)
  const credential = (role: Role): string => {
    const possession = Possession.of(Identity.of(SECRET[role], provider).id, UNIX_MS)
    const serial = { ...provider, randomBytes: (length: number) => counting(0x51, length) }
    const grant = { possession, name: NAMES[role], roles: ['kitchen'], expiresMs: UNIX_MS + 86_400_000 }
    return toHex(issueCredential(issuer, grant, serial))
  }
  const certifiedSide = (role: Role): Partial<SideForm> => ({
    ...settingsOf(XX),
    unixMs: UNIX_MS,
    credential: credential(role),
    peer: NAMES[role === 'initiator' ? 'responder' : 'initiator'],
    issuer: issuer.id,
  })
  return {
    name: 'a session of two ends that know each other by credentials',
    level: 'policy',
    suite: XX,
    initiator: certifiedSide('initiator'),
    responder: certifiedSide('responder'),
    acts: CALL,
  }
}

const refusals = (): Plot[] => {
  const refusal = (name: string, responder: Partial<SideForm>, initiator: Partial<SideForm> = {}): Plot => ({
    name: `a session refused: ${name}`,
    suite: XX,
    initiator: { pq: 'off', ...initiator },
    responder: { pq: 'off', ...responder },
  })
  const deny = { id: 'no', effect: 'deny', by: ['any'], verbs: ['initiate'], on: ['thermostat.v1'] }
  return [
    refusal('the key is not trusted', { trusts: false }),
    refusal('another service', {}, { service: 'billing' }),
    { ...refusal('the policy denies the contract', { policy: { version: 1, rules: [deny] } }), level: 'policy' },
    refusal('the contract is not served', { serves: [] }),
    refusal('a row differs', { serves: ['thermostat, changed'] }),
  ]
}

const SECRET = { initiator: counting(0x00, 32), responder: counting(0x80, 32) } as const

const sideOf = (role: Role, draws: SideForm['random'], over: Partial<SideForm>, provider: Provider): SideForm => {
  const initiator = role === 'initiator'
  return {
    secretKey: toHex(SECRET[role]),
    unixMs: 0,
    credential: '',
    peer: Identity.of(SECRET[initiator ? 'responder' : 'initiator'], provider).id,
    issuer: null,
    uses: [initiator ? 'thermostat' : 'display'],
    serves: [initiator ? 'display' : 'thermostat'],
    context: cbor(null),
    service: '',
    pq: 'require',
    aes: false,
    psk: null,
    limits: limitsOf(),
    rekeyRecords: null,
    trusts: true,
    ...over,
    random: draws,
  }
}

/** What each end draws: a fresh ephemeral for every Hello. */
const drawsOf = (plot: Plot): Record<Role, SideForm['random']> => {
  const draw = (name: string, first: number, length: number): SideForm['random'][number] => ({
    name,
    bytes: toHex(counting(first, length)),
  })
  const { pq } = plot.suite
  return {
    initiator: [
      ...(isRetried(plot) ? [draw('e of the first hello', 0x10, 32), draw('e1 of the first hello', 0x30, 64)] : []),
      draw('e', 0x20, 32),
      ...(pq ? [draw('e1', 0x40, 64)] : []),
    ],
    responder: [draw('e', 0xc0, 32), ...(pq ? [draw('ekem1', 0xe0, 32)] : [])],
  }
}

const sessionOf = (plot: Plot, provider: Provider): SessionVector => {
  const draws = drawsOf(plot)
  const initiator = sideOf('initiator', draws.initiator, plot.initiator ?? {}, provider)
  const responder = sideOf('responder', draws.responder, plot.responder ?? {}, provider)
  const setup = { contracts: contractsOf(initiator, responder), initiator, responder }
  const { script, events, sessionId } = play(setup, plot.acts ?? [], provider)
  // With a retry the first hello and the retry go before the three messages.
  const packets = sentIn(script).slice(0, isRetried(plot) ? 5 : 3)
  const { trace, prologue } = traceOf(plot.suite, setup, packets, provider)
  const schedule = scheduleOf(provider, trace.ck, trace.h)
  const { t, k_ir, k_ri, x, exp } = schedule
  if (sessionId !== undefined && sessionId !== toHex(exportOf(provider, exp, 'sotto session id', EMPTY, 16)))
    throw new TypeError(`${plot.name}: the session id is not that of its keys`)
  const annotate = annotator(plot.suite, packets.length, trace, schedule, provider)
  return {
    name: plot.name,
    ...(plot.level && { level: plot.level }),
    ...setup,
    script,
    ...(sessionId !== undefined && { sessionId }),
    events,
    suite: plot.suite.name,
    prologue: toHex(prologue),
    steps: trace.steps,
    keys: { t: toHex(t), k_ir: toHex(k_ir), k_ri: toHex(k_ri), x: toHex(x), exp: toHex(exp) },
    flights: script.flatMap((item, index) => ('bytes' in item ? [annotate(item, index)] : [])),
  }
}

const contractsOf = (...sides: readonly SideForm[]): Contracts => {
  const used = new Set(sides.flatMap(({ uses, serves }) => [...uses, ...serves]))
  return Object.fromEntries(Object.entries(CONTRACTS).filter(([key]) => used.has(key)))
}

const isRetried = ({ initiator, responder }: Plot): boolean => initiator?.pq === 'prefer' && responder?.pq === 'off'

const sentIn = (script: SessionVector['script']): Uint8Array[] =>
  script.flatMap((item) => ('bytes' in item ? [fromHex(item.bytes)] : []))

interface Sent {
  readonly from: Role
  readonly bytes: string
}

interface Played {
  readonly script: SessionVector['script']
  readonly events: Record<Role, Seen[]>
  /** Undefined if it did not open. */
  readonly sessionId: string | undefined
}

/** Lets two ends talk, a group of acts at a time, until nothing moves. */
const play = (setup: Setup, acts: readonly (readonly Act[])[], provider: Provider): Played => {
  const players = {
    initiator: new Player(setup, 'initiator', provider),
    responder: new Player(setup, 'responder', provider),
  }
  const script: SessionVector['script'] = []
  const events: Played['events'] = { initiator: [], responder: [] }
  const carry = (from: Role, to: Role): boolean => {
    const bytes = players[from].take()
    if (bytes !== undefined) script.push({ from, bytes: toHex(bytes) })
    events[from].push(...players[from].seen())
    if (bytes === undefined) return false
    players[to].receive(bytes)
    events[to].push(...players[to].seen())
    return true
  }
  for (const group of [[], ...acts]) {
    for (const act of group) {
      script.push({ ...act })
      players[act.by].do(act)
    }
    while (carry('initiator', 'responder') || carry('responder', 'initiator'));
  }
  for (const { left, role } of Object.values(players))
    if (left > 0) throw new TypeError(`the ${role} has not drawn all of its random values`)
  return { script, events, sessionId: players.initiator.established?.id }
}

const traceOf = (
  suite: Suite,
  setup: Setup,
  packets: readonly Uint8Array[],
  provider: Provider,
): { readonly trace: Trace; readonly prologue: Uint8Array } => {
  const drawn = (role: Role, name: string): Uint8Array | undefined => {
    const found = setup[role].random.find((each) => each.name === name)
    return found && fromHex(found.bytes)
  }
  const secrets = {
    initiator: { s: SECRET.initiator, e: drawn('initiator', 'e') ?? EMPTY, e1: drawn('initiator', 'e1') },
    responder: { s: SECRET.responder, e: drawn('responder', 'e') ?? EMPTY },
    psks: suite.psk ? [PSK] : [],
  }
  const messages = packets.slice(-3).map(decodePacket)
  const prologue = prologueOf(packets.slice(0, -2).map((packet) => decodePacket(packet).neg))
  const trace = new Trace(provider, suite.name, secrets, prologue)
  for (const { noise } of messages) trace.read(noise)
  return { trace, prologue }
}

/** Reads what is sent as one who has the keys: first the packets, then the records of each direction. */
const annotator = (
  { cipher }: Suite,
  packetCount: number,
  trace: Trace,
  schedule: { readonly k_ir: Uint8Array; readonly k_ri: Uint8Array },
  provider: Provider,
): ((sent: Sent, item: number) => Flight) => {
  const directions = { initiator: { key: schedule.k_ir, n: 0 }, responder: { key: schedule.k_ri, n: 0 } }
  let packets = 0
  return ({ from, bytes }, item) => {
    if (packets++ < packetCount) {
      const { neg, noise } = decodePacket(fromHex(bytes))
      const payload = trace.payloads[packets - 1 - (packetCount - 3)]
      return {
        is: 'packet',
        item,
        neg: toHex(neg),
        noise: toHex(noise),
        payload: payload ? toHex(payload) : null,
      }
    }
    const direction = directions[from]
    const { key, n } = direction
    const plaintext = provider.cipher[cipher].importKey(key).open(n, EMPTY, fromHex(bytes).subarray(2))
    if (plaintext === undefined) throw new TypeError(`record ${n} of the ${from} does not open`)
    const frames = decodeFrames(plaintext).map(formOf)
    direction.n++
    if (frames.some(({ is }) => is === 'REKEY')) direction.key = rekeyed(cipher, key)
    return { is: 'record', item, key: toHex(key), n, plaintext: toHex(plaintext), frames }
  }
}
