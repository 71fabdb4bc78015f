import { equal, utf8 } from '../../src/bytes.js'
import type { Contract } from '../../src/contract/define.js'
import { defaultProvider } from '../../src/crypto/default.js'
import type { Provider } from '../../src/crypto/provider.js'
import { generateIdentity, type Identity } from '../../src/identity/identity.js'
import { pinnedPeer } from '../../src/identity/peer.js'
import { policyStore } from '../../src/policy/store.js'
import { Engine } from '../../src/session/engine.js'
import type { EngineEvent } from '../../src/session/events.js'
import { limitsOf } from '../../src/session/limits.js'
import type { InitiatorSide, Psk, ResponderSide, Side } from '../../src/session/side.js'
import { SUITES, type Suite } from '../../src/session/suites.js'

/** Two identities that outlive a test. */
export const alice: Identity = generateIdentity()
export const bob: Identity = generateIdentity()

/** A secret that both ends share where a suite asks for one. */
export const PSK: Psk = { id: utf8('psk of the tests'), key: new Uint8Array(32).fill(0x5a) }

/** The suites that an end with this provider may list. */
export const suitesOf = ({ nativeAes }: Provider): readonly Suite[] =>
  SUITES.filter(({ cipher }) => cipher !== 'AESGCM' || nativeAes)

/** What makes an end of either role list, or take, `suite` before any other. */
export const forSuite = (suite: Suite, provider: Provider): Pick<Side, 'pq' | 'provider'> => ({
  pq: suite.pq ? 'require' : 'off',
  provider: { ...provider, nativeAes: suite.cipher === 'AESGCM' },
  ...(suite.psk && { psk: PSK, pskOf: (id: Uint8Array) => (equal(id, PSK.id) ? PSK.key : undefined) }),
})

/** A policy that lets anybody call and send anything. */
export const open = {
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send'], on: ['>'] }],
}

const common = (provider: Provider): Omit<Side, 'identity'> => ({
  // ChaChaPoly, unless a test brings a provider of its own.
  provider: { ...provider, nativeAes: false },
  policy: policyStore(open),
  uses: [],
  serves: [],
  context: null,
  service: '',
  pq: 'require',
  limits: limitsOf(),
  rekey: {},
  padding: 'none',
  handshakeMs: 10_000,
  keepaliveMs: 20_000,
  epochMs: 0,
})

export const initiatorSide = (over: Partial<InitiatorSide> = {}, provider = defaultProvider): InitiatorSide => ({
  ...common(provider),
  identity: alice,
  expected: bob.id,
  ...over,
})

export const responderSide = (over: Partial<ResponderSide> = {}, provider = defaultProvider): ResponderSide => ({
  ...common(provider),
  identity: bob,
  trust: (id) => (id === alice.id ? pinnedPeer(id) : undefined),
  ...over,
})

export interface Pair {
  readonly initiator: Engine
  readonly responder: Engine
  readonly initiatorEvents: EngineEvent[]
  readonly responderEvents: EngineEvent[]
  /** Every piece of bytes that travelled, in order. */
  readonly wire: { readonly from: 'initiator' | 'responder'; readonly bytes: Uint8Array }[]
}

export const pairOf = (
  of: {
    readonly initiator?: Partial<InitiatorSide>
    readonly responder?: Partial<ResponderSide>
    readonly use?: Contract
  } = {},
  nowMs = 0,
): Pair => ({
  initiator: Engine.initiate(initiatorSide({ ...(of.use && { uses: [of.use] }), ...of.initiator }), nowMs),
  responder: Engine.respond(responderSide({ ...(of.use && { serves: [of.use] }), ...of.responder }), nowMs),
  initiatorEvents: [],
  responderEvents: [],
  wire: [],
})

/** Carries bytes both ways and collects events until nothing moves. */
export const settle = (pair: Pair, nowMs = 0): Pair => {
  for (let moved = true; moved; ) {
    moved = carry(pair, 'initiator', nowMs)
    moved = carry(pair, 'responder', nowMs) || moved
  }
  return pair
}

const carry = (pair: Pair, from: 'initiator' | 'responder', nowMs: number): boolean => {
  const to = from === 'initiator' ? 'responder' : 'initiator'
  let moved = false
  for (let bytes = pair[from].take(nowMs); bytes !== undefined; bytes = pair[from].take(nowMs)) {
    pair.wire.push({ from, bytes })
    pair[to].receive(bytes, nowMs)
    moved = true
  }
  for (let event = pair[from].next(); event !== undefined; event = pair[from].next()) {
    pair[`${from}Events`].push(event)
    moved = true
  }
  return moved
}
