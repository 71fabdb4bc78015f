import { claimOf, type Scalar } from '../policy/rule.js'
import type { Cell } from './cell.js'
import { type Fresh, productOf, sizeOf } from './domain.js'
import type { PeerClass } from './peerclass.js'
import { type Piece, piecesOf } from './pieces.js'

/** Combinations of attributes that are gone through for one class of peers in one cell, and for a whole comparison, at most. */
const MAX_POINTS = 100_000
const MAX_POINTS_IN_ALL = 1_000_000

/** An attribute that rules read, and all it can be. */
export interface Reading {
  readonly attribute: string
  readonly pieces: readonly Piece[]
}

/** A piece for each of some readings, and the values that stand for them. */
export interface Point {
  readonly pieces: readonly Piece[]
  readonly values: Readonly<Record<string, Scalar>>
}

/** Everything that a class of peers can come with to a cell, as far as rules can tell. */
export interface Space {
  /** By the names of the claims, without `claim.`. */
  readonly claims: readonly Reading[]
  readonly attributes: readonly Reading[]
  readonly size: number
}

/** The combinations that may still be gone through. */
export class Allowance {
  #left = MAX_POINTS_IN_ALL

  /** Takes as many, or none if there are too many. */
  take(points: number): boolean {
    if (points > MAX_POINTS || points > this.#left) return false
    this.#left -= points
    return true
  }
}

/** CL-36: what rules that may match read of these peers in the cell, and all it can be. */
export const spaceOf = ({ word }: Fresh, cell: Cell, peers: PeerClass): Space => {
  const rules = peers.rules.flat()
  const compared = rules.flatMap((rule) => rule.claims)
  const read = new Set([
    ...rules.flatMap(({ checks }) => checks.map(({ attribute }) => attribute)),
    ...compared.map(({ name }) => `claim.${name}`),
  ])
  const readings = [...read].sort().map((attribute) => ({
    attribute,
    pieces: piecesOf({
      attribute,
      verb: cell.verb,
      visible: cell.visible,
      conditions: rules.flatMap(({ rule }) => rule.when?.filter((each) => each.attribute === attribute) ?? []),
      checks: rules.flatMap(({ checks }) => checks.filter((each) => each.attribute === attribute)),
      tokens: [...new Set(compared.flatMap(({ name, token }) => (name === claimOf(attribute) ? [token] : [])))],
      word,
    }),
  }))
  return {
    claims: readings.flatMap(({ attribute, pieces }) => {
      const claim = claimOf(attribute)
      return claim === undefined ? [] : [{ attribute: claim, pieces }]
    }),
    attributes: readings.filter(({ attribute }) => claimOf(attribute) === undefined),
    size: sizeOf(readings.map(({ pieces }) => pieces)),
  }
}

/** Every combination of the readings. */
export function* pointsOf(readings: readonly Reading[]): Generator<Point> {
  for (const pieces of productOf(readings.map((reading) => reading.pieces))) {
    const values: Record<string, Scalar> = Object.create(null)
    readings.forEach(({ attribute }, at) => {
      const value = pieces[at]?.value
      if (value !== undefined) values[attribute] = value
    })
    yield { pieces, values }
  }
}
