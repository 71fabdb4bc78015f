/** Questions to stores of a rule or two, as the tests of bypasses ask them. */
import { VERBS, type Verb } from '../../src/contract/kinds.js'
import { SottoError } from '../../src/errors.js'
import type { Peer } from '../../src/identity/peer.js'
import type { Attributes } from '../../src/policy/check.js'
import { type PolicyStore, policyStore } from '../../src/policy/store.js'
import { idOf } from './arbitrary.js'

export const peer: Peer = { id: idOf(1), roles: [], claims: {} }
export const rule = (more: object = {}) => ({
  id: 'r',
  effect: 'allow',
  by: ['any'],
  verbs: VERBS,
  on: ['>'],
  ...more,
})
export const storeOf = (...rules: object[]): PolicyStore => policyStore({ version: 1, rules })
export const decide = (
  store: PolicyStore,
  address: string,
  over: { readonly verb?: Verb; readonly peer?: Peer; readonly attributes?: Attributes } = {},
) => store.decide({ peer, direction: 'in', verb: 'call', attributes: {}, ...over, address }, 0)

/** Where a document does not load; 'none' if it does. */
export const pathOf = (document: unknown): string => {
  try {
    policyStore(document)
  } catch (error) {
    if (SottoError.is(error, 'policy/malformed')) return error.details.path
    throw error
  }
  return 'none'
}
