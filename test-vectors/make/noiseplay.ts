import { EMPTY, toHex, utf8 } from '../../src/bytes.js'
import type { KeyPair, Provider } from '../../src/crypto/provider.js'
import { SottoError } from '../../src/errors.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import { generateKeyPair } from '../../src/noise/keypair.js'
import { keysOf } from '../../src/noise/options.js'
import { isOneWay, type Role } from '../../src/noise/patterns.js'
import { type Protocol, parseProtocol } from '../../src/noise/protocol.js'
import type { Split } from '../../src/noise/split.js'
import { fromHex } from '../hex.js'
import type { NoiseRefused } from '../noiseschema.js'

/** What both sides are given, with the members that a vector has. */
export type Setting = Omit<NoiseRefused, 'comment' | 'messages' | 'code' | 'rule' | 'fails'>

type Message = NoiseRefused['messages'][number]
type Fails = NoiseRefused['fails']

/** What comes in place of what was written. */
export type Arrives = (index: number, written: Uint8Array) => Uint8Array

export interface Played {
  readonly messages: readonly Message[]
  readonly hash: Uint8Array | undefined
  readonly failed: { readonly fails: Fails; readonly error: SottoError } | undefined
}

/** Of message 1 and so on, then of the transport; none of them is as long as another. */
const PAYLOADS = ['one', '', 'three: a longer payload', 'four4', 'a transport message', '', 'its successor', 'last']
const TRANSPORT = 4

/** A protocol with keys of its own, each the hash of what it is for. */
export const settingOf = (name: string, provider: Provider): Setting => {
  const protocol = parseProtocol(name)
  const { SHA512 } = provider.hash
  const secret = (what: string, length: number): string =>
    toHex(SHA512.digest(utf8(`Sotto test vectors ${name} ${what}`)).subarray(0, length))
  const dh = provider.dh[protocol.dh]
  const psks = Array.from({ length: keysOf(protocol.pattern, 'initiator').psks }, (_, i) => secret(`psk ${i}`, 32))
  const side = (role: Role, peer: Role) => {
    const uses = keysOf(protocol.pattern, role)
    return {
      prologue: toHex(utf8('Sotto test vectors')),
      ...(psks.length > 0 && { psks }),
      ...(uses.s && { static: secret(`${role} s`, dh.length) }),
      ...(hasEphemeral(protocol, role) && { ephemeral: secret(`${role} e`, dh.length) }),
      ...(uses.rs && { remote_static: toHex(dh.importKey(fromHex(secret(`${peer} s`, dh.length))).publicKey) }),
    }
  }
  const hfs = protocol.pattern.messages.flat().includes('e1')
  return {
    protocol_name: name,
    ...prefixed('init', side('initiator', 'responder')),
    ...(hfs && { init_e1: secret('e1', 64) }),
    ...prefixed('resp', side('responder', 'initiator')),
    ...(hfs && { resp_ekem1: secret('ekem1', 32) }),
  }
}

type SideGiven = {
  readonly prologue: string
  readonly psks?: string[]
  readonly static?: string
  readonly ephemeral?: string
  readonly remote_static?: string
}

const prefixed = <R extends 'init' | 'resp'>(role: R, given: SideGiven) =>
  // A cast, for a computed key is of any name.
  Object.fromEntries(Object.entries(given).map(([key, value]) => [`${role}_${key}`, value])) as {
    [K in keyof SideGiven as `${R}_${K}`]: SideGiven[K]
  }

const hasEphemeral = ({ pattern, messages }: Protocol, role: Role): boolean =>
  pattern.pre[role].includes('e') || messages.some(({ writer, tokens }) => writer === role && tokens.includes('e'))

/** Plays both sides until all is said or the first fails, each message changed as `arrives` says. */
export const play = (setting: Setting, provider: Provider, arrives: Arrives = (_, written) => written): Played => {
  const messages: Message[] = []
  let at: Fails = { message: null, on: 'start' }
  try {
    const protocol = parseProtocol(setting.protocol_name)
    const sides = [sideOf(setting, protocol, 'initiator', provider), sideOf(setting, protocol, 'responder', provider)]
    const [initiator, responder] = [need(sides[0]), need(sides[1])]
    const oneWay = isOneWay(protocol.pattern)
    const ends: { initiator?: Split; responder?: Split } = {}
    const count = protocol.messages.length
    let hash: Uint8Array | undefined
    for (let index = 0; index < count + TRANSPORT; index++) {
      if (index === count) {
        hash = initiator.handshakeHash
        Object.assign(ends, { initiator: initiator.split(), responder: responder.split() })
      }
      const writer: Role = index % 2 === 0 || (oneWay && index >= count) ? 'initiator' : 'responder'
      const reader: Role = writer === 'initiator' ? 'responder' : 'initiator'
      const payload = utf8(PAYLOADS[index] ?? '')
      const [from, to] = writer === 'initiator' ? [initiator, responder] : [responder, initiator]
      const [out, into] = [ends[writer]?.send, ends[reader]?.receive]
      messages.push({ payload: toHex(payload), ciphertext: '' })
      at = { message: index, on: 'write' }
      const written = out === undefined ? from.writeMessage(payload) : out.encryptWithAd(EMPTY, payload)
      const ciphertext = arrives(index, written)
      const changed = toHex(written) === toHex(ciphertext) ? {} : { written: toHex(written) }
      messages[index] = { payload: toHex(payload), ciphertext: toHex(ciphertext), ...changed }
      at = { message: index, on: 'read' }
      if (into === undefined) to.readMessage(ciphertext)
      else into.decryptWithAd(EMPTY, ciphertext)
    }
    return { messages, hash, failed: undefined }
  } catch (error) {
    // That it fails is what most settings are for; anything else is a defect of the maker.
    if (!(error instanceof SottoError)) throw error
    return { messages, hash: undefined, failed: { fails: at, error } }
  }
}

const sideOf = (setting: Setting, protocol: Protocol, role: Role, provider: Provider): HandshakeState => {
  const given = givenTo(setting, role)
  const uses = keysOf(protocol.pattern, role)
  const pair = (secret: string): KeyPair => generateKeyPair(protocol.dh, fromHex(secret), provider)
  const peer = givenTo(setting, role === 'initiator' ? 'responder' : 'initiator')
  return new HandshakeState({
    protocol: setting.protocol_name,
    role,
    provider,
    prologue: fromHex(given.prologue),
    psks: (given.psks ?? []).map(fromHex),
    ...(given.s !== undefined && { s: pair(given.s) }),
    ...(given.rs !== undefined && { rs: fromHex(given.rs) }),
    ...(uses.re && peer.e !== undefined && { re: pair(peer.e).publicKey }),
    ephemeralForTesting: {
      ...(given.e !== undefined && { e: fromHex(given.e) }),
      ...(setting.init_e1 !== undefined && { e1: fromHex(setting.init_e1) }),
      ...(setting.resp_ekem1 !== undefined && { ekem1: fromHex(setting.resp_ekem1) }),
    },
  })
}

export const givenTo = (setting: Setting, role: Role) =>
  role === 'initiator'
    ? {
        prologue: setting.init_prologue,
        psks: setting.init_psks,
        s: setting.init_static,
        e: setting.init_ephemeral,
        rs: setting.init_remote_static,
      }
    : {
        prologue: setting.resp_prologue,
        psks: setting.resp_psks,
        s: setting.resp_static,
        e: setting.resp_ephemeral,
        rs: setting.resp_remote_static,
      }

const need = <T>(value: T | undefined): T => {
  if (value === undefined) throw new TypeError('expected a value that is there')
  return value
}
