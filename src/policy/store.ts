import { toHex, utf8 } from '../bytes.js'
import type { Contract } from '../contract/define.js'
import { defaultProvider } from '../crypto/default.js'
import { Epoch } from '../identity/epoch.js'
import type { Peer } from '../identity/peer.js'
import { Compiled } from './compile.js'
import { checkContracts } from './contracts.js'
import type { Question, Verdict } from './decide.js'
import { type Explanation, explain } from './explain.js'
import { type Finding, findingsOf } from './findings.js'
import { Limits } from './limits.js'
import { loadPolicy } from './load.js'
import { PeerPolicy, type Ruling, type Source, tell } from './peer.js'
import type { Policy } from './rule.js'

/** A policy that can be replaced while sessions live, and what its limits have counted. */
export interface PolicyStore {
  /** Counts the replacements. */
  readonly epoch: number
  /** What the policy in force probably says other than it was meant to; it is looked for when it is first read. */
  readonly findings: readonly Finding[]
  /**
   * Puts another document in force, at once and for all sessions; on an error the old one stays. What limits have counted
   * is kept for rules of the same id.
   *
   * @throws SottoError policy/malformed
   */
  replace(document: unknown): void
  /**
   * Asks another shadow policy beside the one in force, with limits that start anew, or with undefined none any more.
   *
   * @throws SottoError policy/malformed; the old one stays
   * @throws TypeError without an audit, for nobody would hear of it
   */
  replaceShadow(document: unknown): void
  /** What would be decided; charges nothing. `nowMs` is of the clock that admits. */
  decide(question: Question, nowMs: number): Verdict
  /** What `decide` says and why, for people: it looks at every rule, and takes its time. */
  explain(question: Question, nowMs: number): Explanation
  /** @internal */
  forPeer(peer: Peer): PeerPolicy
  /** @internal Calls back after every replacement, until the returned function is called. */
  onChange(changed: () => void): () => void
}

export interface PolicyOptions {
  /** What a document says of these contracts must fit them; what it says of others is not looked at. */
  readonly contracts?: readonly Contract[]
  /** A document that decides nothing: where its effect is another, the audit record of the decision says so. */
  readonly shadow?: unknown
  /**
   * Called with each audit record: a JSON object in UTF-8 of at most 4,096 bytes, its own to keep. False says that it was
   * dropped. It must not throw and not block.
   */
  readonly audit?: (record: Uint8Array) => boolean
}

/**
 * @param document plain data, as JSON gives it; undefined is a policy without rules, which denies every act of a peer
 * @throws SottoError policy/malformed
 * @throws TypeError for a shadow without an audit
 */
export const policyStore = (document: unknown, options: PolicyOptions = {}): PolicyStore =>
  new Store(document === undefined ? { version: 1, rules: [] } : document, options)

class Store implements PolicyStore, Source {
  readonly limits = new Limits()
  readonly audit: Source['audit']
  compiled: Compiled
  shadow: Ruling | undefined
  readonly #contracts: readonly Contract[]
  readonly #epoch = new Epoch()
  #policy: Policy
  #findings: readonly Finding[] | undefined

  constructor(document: unknown, { contracts = [], shadow, audit }: PolicyOptions) {
    this.#contracts = [...contracts]
    this.audit = audit
    this.#policy = this.#load(document)
    this.compiled = new Compiled(this.#policy)
    this.replaceShadow(shadow)
    this.#tellPolicy(this.epoch)
  }

  get epoch(): number {
    return this.#epoch.value
  }

  get findings(): readonly Finding[] {
    this.#findings ??= findingsOf(this.#policy, this.#contracts)
    return this.#findings
  }

  // PO-24: nothing changes before the whole document has loaded.
  replace(document: unknown): void {
    this.#policy = this.#load(document)
    this.compiled = new Compiled(this.#policy)
    this.#findings = undefined
    // Before those who narrow by it are told.
    this.#tellPolicy(this.epoch + 1)
    this.#epoch.advance()
  }

  replaceShadow(document: unknown): void {
    if (document === undefined) {
      this.shadow = undefined
      return
    }
    if (this.audit === undefined) throw new TypeError('expected an audit, for a shadow policy is heard there alone')
    this.shadow = { compiled: new Compiled(this.#load(document)), limits: new Limits() }
  }

  decide({ peer, direction, verb, address, attributes }: Question, nowMs: number): Verdict {
    return this.forPeer(peer).decide(direction, verb, address, attributes, nowMs)
  }

  explain(question: Question, nowMs: number): Explanation {
    return explain(question, this.decide(question, nowMs), this, nowMs)
  }

  forPeer(peer: Peer): PeerPolicy {
    return new PeerPolicy(this, peer)
  }

  onChange(changed: () => void): () => void {
    return this.#epoch.onChange(changed)
  }

  #load(document: unknown): Policy {
    const policy = loadPolicy(document)
    checkContracts(policy, this.#contracts)
    return policy
  }

  /** PO-38: each policy by its digest, before a decision is made by it. */
  #tellPolicy(epoch: number): void {
    if (this.audit === undefined) return
    const digest = toHex(defaultProvider.hash.SHA256.digest(utf8(JSON.stringify(this.#policy))))
    tell(this.audit, { kind: 'policy', epoch, digest })
  }
}
