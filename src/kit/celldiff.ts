import type { Claims, Peer } from '../identity/peer.js'
import type { Attributes } from '../policy/check.js'
import type { Verdict } from '../policy/decide.js'
import type { PeerPolicy } from '../policy/peer.js'
import type { Who } from '../policy/rule.js'
import type { Cell } from './cell.js'
import type { Answer, Change, Difference, Kind, Undecided } from './change.js'
import type { Document } from './document.js'
import type { Fresh } from './domain.js'
import { joined, type PeerClass, peerClasses, peerOf } from './peerclass.js'
import { describePieces, type Piece } from './pieces.js'
import { type Allowance, pointsOf, type Space, spaceOf } from './points.js'

type Documents = readonly [older: Document, newer: Document]

/** What two documents decide otherwise in one cell. */
export const cellDiff = (documents: Documents, fresh: Fresh, cell: Cell, allowance: Allowance): Difference => {
  const [base, ...others] = peerClasses(documents, fresh, cell)
  const diff = new CellDiff(documents, fresh, cell, allowance)
  const everyone = diff.compare(base, [])
  // CL-39: who was not gone through is told once, and not again with another name.
  const open = new Set(
    everyone === undefined ? others : others.filter((peers) => !diff.compare(peers, [base], everyone)),
  )
  for (const [one, other] of pairsOf(others)) {
    if (open.has(one) || open.has(other)) continue
    const both = joined(base, one, other)
    if (both !== undefined && !diff.compare(both, [base, one, other], [], one)) open.add(one)
  }
  return { changes: diff.changes(), undecided: diff.undecided }
}

/** The pairs of which both together may change where neither alone does: CL-37 has the reason. */
function* pairsOf(classes: readonly PeerClass[]): Generator<readonly [PeerClass, PeerClass]> {
  const marked = classes.map((peers) => ({ peers, grants: grants(peers), turns: turns(peers) }))
  for (const [at, one] of marked.entries()) {
    for (const other of marked.slice(at + 1)) {
      if ((one.grants && other.turns) || (one.turns && other.grants)) yield [one.peers, other.peers]
    }
  }
}

/** Whether it may be allowed for what everyone is not. */
const grants = ({ own }: PeerClass): boolean =>
  own.some((rules) => [...rules.values()].some(({ rule }) => rule.effect === 'allow'))

/** Whether a document says of it, and not of everyone, what the other does not say of it. */
const turns = ({ own, rules }: PeerClass): boolean =>
  own.some((of, at) => [...of.keys()].some((says) => !rules[1 - at]?.some((other) => other.says === says)))

const isChanged = ([older, newer]: PeerClass['rules']): boolean => {
  const before = new Set(older?.map(({ says }) => says))
  const now = new Set(newer?.map(({ says }) => says))
  return before.size !== now.size || [...before].some((says) => !now.has(says))
}

/** Whether the documents differ in what becomes of an act that no rule speaks of. */
const isShifted = ([older, newer]: Documents, { direction }: Cell): boolean =>
  direction === 'out' && (older.policy.outbound ?? 'allow') !== (newer.policy.outbound ?? 'allow')

class CellDiff {
  readonly undecided: Undecided[] = []
  readonly #documents: Documents
  readonly #fresh: Fresh
  readonly #cell: Cell
  readonly #allowance: Allowance
  readonly #found: Region[] = []

  constructor(documents: Documents, fresh: Fresh, cell: Cell, allowance: Allowance) {
    this.#documents = documents
    this.#fresh = fresh
    this.#cell = cell
    this.#allowance = allowance
  }

  changes(): readonly Change[] {
    return this.#found.map((region) => region.change(this.#cell))
  }

  /**
   * Finds where these peers change and nobody among `fewer`, who have some of their names, changes likewise. Where
   * `everyone` changes and they do not, they are an exception. Undefined if there is too much to go through, which is told
   * of all that have the names of `told`.
   */
  compare(
    peers: PeerClass,
    fewer: readonly PeerClass[],
    everyone: readonly Region[] = [],
    told = peers,
  ): readonly Region[] | undefined {
    if (!isChanged(peers.rules) && !isShifted(this.#documents, this.#cell)) {
      for (const region of everyone) region.except(peers.who)
      return []
    }
    const space = spaceOf(this.#fresh, this.#cell, peers)
    if (!this.#allowance.take(space.size)) {
      const { direction, verb, shown: address } = this.#cell
      this.undecided.push({ direction, verb, address, who: told.who, combinations: space.size })
      return undefined
    }
    const regions = this.#regions(peers, fewer, space, everyone)
    this.#found.push(...regions)
    return regions
  }

  #regions(
    peers: PeerClass,
    fewer: readonly PeerClass[],
    space: Space,
    everyone: readonly Region[],
  ): readonly Region[] {
    const regions = new Map<Kind, Region>()
    for (const claims of pointsOf(space.claims)) {
      const asking = new Asking(this.#documents, this.#cell, peers, claims.values)
      const [usual, ...less] = fewer.map((each) => new Asking(this.#documents, this.#cell, each, claims.values))
      for (const { values, pieces } of pointsOf(space.attributes)) {
        const kind = asking.kind(values)
        const usually = kind !== undefined || everyone.length > 0 ? usual?.kind(values) : undefined
        if (usually !== kind) everyone.find((region) => region.kind === usually)?.except(peers.who)
        if (kind === undefined || kind === usually || less.some((each) => each.kind(values) === kind)) continue
        const region = regions.get(kind) ?? new Region(kind, peers, space, asking.example(values))
        regions.set(kind, region)
        region.add([...claims.pieces, ...pieces], asking.answers(values))
      }
    }
    return [...regions.values()]
  }
}

/** Two documents, asked of one peer at one cell. */
class Asking {
  readonly #documents: Documents
  readonly #cell: Cell
  readonly #peer: Peer
  readonly #policies: readonly [PeerPolicy, PeerPolicy]

  constructor(documents: Documents, cell: Cell, peers: PeerClass, claims: Claims) {
    const [older, newer] = documents
    this.#documents = documents
    this.#cell = cell
    this.#peer = peerOf(peers, claims)
    this.#policies = [older.store.forPeer(this.#peer), newer.store.forPeer(this.#peer)]
  }

  kind(attributes: Attributes): Kind | undefined {
    const { older, newer } = this.answers(attributes)
    if (older.effect !== newer.effect) return newer.effect === 'allow' ? 'now allowed' : 'now denied'
    if (newer.effect === 'deny') return undefined
    return older.limits.join() === newer.limits.join() ? undefined : 'other limit'
  }

  answers(attributes: Attributes): { readonly older: Answer; readonly newer: Answer } {
    const { direction, verb, address } = this.#cell
    const [older, newer] = this.#policies
    return {
      older: answerOf(this.#documents[0], older.decide(direction, verb, address, attributes, 0)),
      newer: answerOf(this.#documents[1], newer.decide(direction, verb, address, attributes, 0)),
    }
  }

  example(attributes: Attributes): Change['example'] {
    const { direction, verb, address } = this.#cell
    return { peer: this.#peer, direction, verb, address, attributes, ...this.answers(attributes) }
  }
}

const answerOf = (document: Document, verdict: Verdict): Answer => ({
  ...verdict,
  limits: verdict.effect === 'allow' ? document.limitsOf(verdict.rules) : [],
})

/** Where a change of one kind is found. */
class Region {
  readonly kind: Kind
  readonly #who: PeerClass['who']
  readonly #readings: readonly {
    readonly attribute: string
    readonly pieces: readonly Piece[]
    readonly met: Set<Piece>
  }[]
  readonly #example: Change['example']
  readonly #rules = { older: new Set<string>(), newer: new Set<string>() }
  readonly #except = new Set<Who>()
  #points = 0

  constructor(kind: Kind, { who }: PeerClass, { claims, attributes }: Space, example: Change['example']) {
    this.kind = kind
    this.#who = who
    this.#readings = [
      ...claims.map(({ attribute, pieces }) => ({ attribute: `claim.${attribute}`, pieces })),
      ...attributes,
    ].map((reading) => ({ ...reading, met: new Set<Piece>() }))
    this.#example = example
  }

  add(pieces: readonly Piece[], { older, newer }: { readonly older: Answer; readonly newer: Answer }): void {
    this.#points++
    this.#readings.forEach(({ met }, at) => {
      const piece = pieces[at]
      if (piece !== undefined) met.add(piece)
    })
    for (const id of older.rules) this.#rules.older.add(id)
    for (const id of newer.rules) this.#rules.newer.add(id)
  }

  except(who: PeerClass['who']): void {
    for (const name of who.flat()) this.#except.add(name)
  }

  change(cell: Cell): Change {
    const narrowed = this.#readings.filter(({ pieces, met }) => met.size < pieces.length)
    return {
      kind: this.kind,
      direction: cell.direction,
      verb: cell.verb,
      address: cell.shown,
      who: this.#who,
      except: [...this.#except],
      when: narrowed.map(({ attribute, pieces, met }) => ({
        attribute,
        is: describePieces(pieces.filter((piece) => met.has(piece))),
      })),
      exactly: this.#points === this.#readings.reduce((size, { met }) => size * met.size, 1),
      rules: { older: [...this.#rules.older], newer: [...this.#rules.newer] },
      example: this.#example,
    }
  }
}
