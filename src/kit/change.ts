import type { Question, Verdict } from '../policy/decide.js'
import type { Who } from '../policy/rule.js'

export type Kind = 'now allowed' | 'now denied' | 'other limit'

/** What two documents decide otherwise. */
export interface Change {
  readonly kind: Kind
  readonly direction: Question['direction']
  readonly verb: Question['verb']
  /** With `{peer.id}`, and a placeholder of its contract where any other token may stand. */
  readonly address: string
  /** The peers: with one name of each list, and no other that rules here speak of; all such peers where there is none. */
  readonly who: readonly (readonly Who[])[]
  /** Names with which such a peer changes not, or not always. */
  readonly except: readonly Who[]
  /** What the attributes are where it changes; empty: it changes whatever they are. */
  readonly when: readonly { readonly attribute: string; readonly is: readonly string[] }[]
  /** True if it changes wherever `when` holds, false if only there but not everywhere. */
  readonly exactly: boolean
  /** The rules that decide, where it changes; one of all that say the same. */
  readonly rules: { readonly older: readonly string[]; readonly newer: readonly string[] }
  /** A question that shows it. */
  readonly example: Question & { readonly older: Answer; readonly newer: Answer }
}

export type Answer = Verdict & { readonly limits: readonly string[] }

/** What was not gone through, for there are too many combinations: of peers with these names, alone or with others. */
export interface Undecided {
  readonly direction: Question['direction']
  readonly verb: Question['verb']
  readonly address: string
  readonly who: readonly (readonly Who[])[]
  readonly combinations: number
}

export interface Difference {
  readonly changes: readonly Change[]
  readonly undecided: readonly Undecided[]
}
