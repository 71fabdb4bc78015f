import { concat, EMPTY, toHex } from '../bytes.js'
import type { Wire } from '../cbor.js'
import { Opener, RECORD_CEILING } from '../channel/opener.js'
import { Sealer } from '../channel/sealer.js'
import type { Peer } from '../identity/peer.js'
import type { HandshakeState } from '../noise/handshake.js'
import type { Split } from '../noise/split.js'
import { type Agreement, agree, type Route } from './agreement.js'
import type { Acceptance, Initiation } from './initiation.js'
import { lookOf } from './keylog.js'
import { type Limits, lesser } from './limits.js'
import type { Side } from './side.js'
import type { Suite } from './suites.js'

export type Role = 'initiator' | 'responder'

/** Judges the key a peer proved, with what it shows; asked again when trust changes, at expiry and on a renewed credential. */
export type Judge = (credential: Uint8Array | undefined, unixMs: number) => Peer | undefined

/** Who the peer of a handshake is, and by what. */
interface Proved {
  readonly peer: Peer
  /** Borrowed. */
  readonly credential: Uint8Array | undefined
  readonly judge: Judge
}

/** A handshake whose three messages are through, with the keys of both directions. Only a finished handshake makes one. */
export class Finished {
  readonly role: Role
  readonly suite: Suite
  readonly peer: Peer
  /** What the peer showed in the handshake. */
  readonly credential: Uint8Array | undefined
  readonly judge: Judge
  readonly sealer: Sealer
  readonly opener: Opener
  /** Hex, 32 digits, the same at both ends (CH-12). */
  readonly sessionId: string
  // A private field makes the class nominal: an object with the same members is no finished handshake.
  readonly #split: Split

  private constructor(role: Role, suite: Suite, { peer, credential, judge }: Proved, split: Split, { rekey }: Side) {
    this.role = role
    this.suite = suite
    this.peer = peer
    this.credential = credential && concat(credential)
    this.judge = judge
    this.sealer = new Sealer(split.send, rekey)
    this.opener = new Opener(split.receive, RECORD_CEILING[suite.cipher])
    this.sessionId = sessionIdOf(split)
    this.#split = split
  }

  get split(): Split {
    return this.#split
  }

  /** @throws noise/misuse unless `handshake` is finished */
  static of(role: Role, suite: Suite, proved: Proved, handshake: HandshakeState, side: Side): Finished {
    return new Finished(role, suite, proved, handshake.splitUnder(lookOf(side.keyLog, 0, sessionIdOf)), side)
  }

  /** Every key of the session goes. */
  erase(): void {
    this.sealer.erase()
    this.opener.erase()
    this.#split.erase()
  }
}

const sessionIdOf = (split: Split): string => toHex(split.exportReserved('sotto session id', EMPTY, 16))

/** A finished handshake and an ACCEPT: all a session is built from, and the only thing it is built from (SE-27). */
export class Established {
  readonly role: Role
  readonly suite: Suite
  readonly peer: Peer
  /** Hex, 32 digits. */
  readonly id: string
  /** What the peer sent along. */
  readonly context: Wire
  /** What this end enforces on what it receives. */
  readonly own: Limits
  /** What the peer declared; windows are its alone. */
  readonly declared: Limits
  /** What this end obeys in what it sends: the peer's word or its own, whichever is less. */
  readonly allowed: Limits
  readonly outbound: readonly (Route | undefined)[]
  readonly inbound: readonly (Route | undefined)[]
  /** Names of the contracts this end uses and serves here. */
  readonly uses: readonly string[]
  readonly serves: readonly string[]
  // Private, and so the class is nominal.
  readonly #split: Split

  private constructor(finished: Finished, agreement: Agreement, own: Limits, declared: Limits, context: Wire) {
    const initiator = finished.role === 'initiator'
    this.role = finished.role
    this.suite = finished.suite
    this.peer = finished.peer
    this.id = finished.sessionId
    this.context = context
    this.own = own
    this.declared = declared
    this.allowed = lesser(own, declared)
    this.outbound = initiator ? agreement.forward : agreement.backward
    this.inbound = initiator ? agreement.backward : agreement.forward
    this.uses = initiator ? agreement.forwardContracts : agreement.backwardContracts
    this.serves = initiator ? agreement.backwardContracts : agreement.forwardContracts
    this.#split = finished.split
  }

  /** @throws session/malformed if the acceptance does not fit the initiation (SE-25) */
  static of(finished: Finished, side: Side, initiation: Initiation, acceptance: Acceptance): Established {
    const initiator = finished.role === 'initiator'
    const theirs = initiator ? acceptance : initiation
    const agreement = agree(initiation, acceptance, {
      forward: initiator ? side.uses : side.serves,
      backward: initiator ? side.serves : side.uses,
    })
    return new Established(finished, agreement, side.limits, theirs.limits, theirs.context)
  }

  /** As `Split.export`. */
  exportKey(label: string, context: Uint8Array, length: number): Uint8Array {
    return this.#split.export(label, context, length)
  }
}
