import { SottoError } from '../errors.js'
import type { PeerId } from '../identity/id.js'
import type { Peer } from '../identity/peer.js'
import type { Admission, PeerPolicy } from '../policy/peer.js'
import { decisionId } from './decision.js'
import type { Side } from './side.js'
import type { Suite } from './suites.js'
import { Trail } from './trail.js'

/** The verb `initiate`, asked once per contract at the contract's own address (SE-28), and never again (SE-136). */
export class InitiateGate {
  readonly #policy: PeerPolicy
  readonly #peer: PeerId
  readonly #attributes: Readonly<Record<string, string | number>>
  readonly #nowMs: number
  readonly #releases: (() => void)[] = []
  /** What this end may ask for, by its index: the audit log is told when there is a session. */
  readonly #asked: { readonly address: string; readonly verdict: Admission }[] = []

  constructor(side: Side, peer: Peer, suite: Suite, nowMs: number) {
    this.#policy = side.policy.forPeer(peer)
    this.#peer = peer.id
    this.#attributes = { suite: suite.name, time: side.epochMs + nowMs }
    this.#nowMs = nowMs
  }

  /** Without charging a limit: may it be offered or taken at all? */
  allows(direction: 'in' | 'out', contract: string): boolean {
    return this.#policy.foresee(direction, 'initiate', contract, this.#attributes)?.effect !== 'deny'
  }

  /** @throws policy/denied, policy/limited; `sessionId` is empty before there is one */
  demand(direction: 'in' | 'out', address: string, index: number, sessionId: string): void {
    const verdict = this.#policy.admit(direction, 'initiate', address, this.#attributes, this.#nowMs)
    if (direction === 'in' || verdict.effect === 'deny') this.#decided(direction, address, index, sessionId, verdict)
    else if (this.#policy.audited) this.#asked.push({ address, verdict })
    if (verdict.effect === 'allow') {
      if (verdict.release !== undefined) this.#releases.push(verdict.release)
      return
    }
    const code = verdict.why === 'limit' ? 'policy/limited' : 'policy/denied'
    const reason = verdict.rules.join(', ') || verdict.why
    const details = { decision: idOf(sessionId, index), address }
    throw SottoError.of(code, `initiate ${address} (${reason})`, { details })
  }

  /** What this end asked for has its ids now (SE-140). */
  asked(sessionId: string): void {
    for (const [index, { address, verdict }] of this.#asked.entries())
      this.#decided('out', address, index, sessionId, verdict)
  }

  /** The session is over: what rules count as open at one time goes back. */
  release(): void {
    for (const release of this.#releases) release()
  }

  #decided(direction: 'in' | 'out', address: string, index: number, sessionId: string, verdict: Admission): void {
    const decision = idOf(sessionId, index)
    const trail = new Trail(this.#policy, sessionId, this.#peer)
    trail.decided({ decision, direction, verb: 'initiate', address, verdict }, 0, verdict.seen)
  }
}

const idOf = (sessionId: string, index: number): string =>
  sessionId === '' ? '' : decisionId(sessionId, 'ir', 0, index)
