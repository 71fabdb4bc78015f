import { SottoError } from '../errors.js'
import type { Peer } from '../identity/peer.js'
import type { PeerPolicy } from '../policy/peer.js'
import { decisionId } from './decision.js'
import type { Side } from './side.js'
import type { Suite } from './suites.js'

/** The verb `initiate`, asked once per contract at the contract's own address (SE-28). */
export class InitiateGate {
  readonly #policy: PeerPolicy
  readonly #attributes: Readonly<Record<string, string | number>>
  readonly #nowMs: number
  readonly #releases: (() => void)[] = []

  constructor(side: Side, peer: Peer, suite: Suite, nowMs: number) {
    this.#policy = side.policy.forPeer(peer)
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
    if (verdict.effect === 'allow') {
      if (verdict.release !== undefined) this.#releases.push(verdict.release)
      return
    }
    const decision = sessionId === '' ? '' : decisionId(sessionId, 'ir', 0, index)
    const code = verdict.why === 'limit' ? 'policy/limited' : 'policy/denied'
    const reason = verdict.rules.join(', ') || verdict.why
    throw SottoError.of(code, `initiate ${address} (${reason})`, { details: { decision, address } })
  }

  /** The session is over: what rules count as open at one time goes back. */
  release(): void {
    for (const release of this.#releases) release()
  }
}
