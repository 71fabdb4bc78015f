import type { Contract } from '../contract/define.js'
import { cellDiff } from './celldiff.js'
import type { Difference } from './change.js'
import type { Document } from './document.js'
import { Domain } from './domain.js'
import { Allowance } from './points.js'

/**
 * CL-36: what changes from one policy to another, exact over all that the contracts let be asked (spec/cli.md).
 */
export const policyDiff = (older: Document, newer: Document, contracts: readonly Contract[]): Difference => {
  const documents = [older, newer] as const
  const domain = new Domain(documents, contracts)
  const allowance = new Allowance()
  const wide = domain.wide().map(({ act: { direction, verb, shown }, addresses }) => {
    return { direction, verb, address: shown, who: [], combinations: addresses }
  })
  const cells = [...domain.cells()].map((cell) => cellDiff(documents, domain.fresh, cell, allowance))
  return {
    changes: cells.flatMap(({ changes }) => changes),
    undecided: [...wide, ...cells.flatMap(({ undecided }) => undecided)],
  }
}
