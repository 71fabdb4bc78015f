import type { Verb } from '../contract/kinds.js'
import type { PeerId } from '../identity/id.js'
import type { Direction } from '../policy/compile.js'

/** A verb at an address, for all peers whose id no token is, or for the one whose id a token is. */
export interface Cell {
  readonly direction: Direction
  readonly verb: Verb
  readonly address: string
  /** The address as people read it: with `{peer.id}`, and a placeholder of its contract where any other token may stand. */
  readonly shown: string
  readonly visible: readonly string[]
  readonly owner: PeerId | undefined
}
