import type { Verb } from '../contract/kinds.js'
import type { SottoError } from '../errors.js'
import type { PeerId } from '../identity/id.js'
import type { Seen } from '../policy/auditrecord.js'
import type { Direction } from '../policy/compile.js'
import type { Verdict } from '../policy/decide.js'
import type { PeerPolicy } from '../policy/peer.js'

/** What is told of a session that is established. */
interface Opened {
  readonly role: 'initiator' | 'responder'
  readonly suite: { readonly name: string }
  readonly uses: readonly string[]
  readonly serves: readonly string[]
}

/** One decision of a session, under the id that both ends know. */
interface Decided {
  readonly decision: string
  readonly direction: Direction
  readonly verb: Verb
  readonly address: string
  readonly verdict: Verdict
}

/** What the audit log is told of one session: where nobody hears it, nothing. */
export class Trail {
  #policy: PeerPolicy
  readonly #session: string
  readonly #peer: PeerId

  /** `session` is empty as long as there is none. */
  constructor(policy: PeerPolicy, session: string, peer: PeerId) {
    this.#policy = policy
    this.#session = session
    this.#peer = peer
  }

  /** The peer is another by what it shows, with the same id: nothing is kept of who it was before. */
  renew(policy: PeerPolicy): void {
    this.#policy = policy
  }

  /** Whether anybody hears it. */
  get heard(): boolean {
    return this.#policy.audited
  }

  /** SE-142 */
  opened({ role, suite, uses, serves }: Opened): void {
    this.#policy.audit({ kind: 'opened', ...this.#whose, role, suite: suite.name, uses, serves })
  }

  /** SE-140: a message was judged, of which `bytes` of the body have come. */
  decided(of: Decided, bytes: number, seen?: Seen): void {
    this.#policy.audit({ kind: 'decided', ...this.#whose, ...of, bytes, ...(seen && { seen }) })
  }

  /** SE-141: what stood before does not any more. */
  narrowed(of: Decided): void {
    this.#policy.audit({ kind: 'narrowed', ...this.#whose, ...of })
  }

  /** SE-142 */
  closed(error: SottoError | undefined): void {
    this.#policy.audit({ kind: 'closed', ...this.#whose, code: error?.code ?? null })
  }

  get #whose() {
    return { session: this.#session, peer: this.#peer }
  }
}
