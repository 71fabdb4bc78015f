import { equal } from '../bytes.js'
import { addressOf, MAX_ADDRESS_BYTES } from '../contract/address.js'
import { guessChange } from '../contract/changes.js'
import type { Contract } from '../contract/define.js'
import { KINDS, type Verb } from '../contract/kinds.js'
import { type Row, rowDigest, rowsOf } from '../contract/row.js'
import { fits, parseTemplate, type Template } from '../contract/subject.js'
import type { Hash } from '../crypto/provider.js'
import { SottoError } from '../errors.js'
import type { Acceptance, Initiation, Offer } from './initiation.js'

/** One operation both ends agreed on; its index in a direction's list is its number on the wire (SE-26). */
export interface Route {
  readonly contract: string
  readonly row: Row
  readonly template: Template
  /** What policy calls an act of this kind. */
  readonly verb: Verb
  /** Where in a topic or queue; empty for none, and in the lists. */
  readonly subject: string
  /** Of a topic or queue: what stands, a subscription or a consumer. */
  readonly standing: boolean
  /** With the subject. */
  readonly address: string
  /** Where messages of the operation went last: to know an address again costs less than to put it together. */
  readonly known: Map<string, Route>
}

/** Subjects that are remembered of an operation, as many as a peer has plans of a policy. */
const KNOWN = 512

/** SE-143, SE-144: the route of a message that says so of itself; undefined where its operation has no such thing. */
export const routeAt = (route: Route, subject: string, standing: boolean): Route | undefined => {
  if (standing) return made(route, subject, standing)
  const known = route.known.get(subject)
  if (known !== undefined) return known
  const at = made(route, subject, standing)
  if (at === undefined) return undefined
  if (route.known.size === KNOWN) route.known.clear()
  route.known.set(subject, at)
  return at
}

const made = (route: Route, subject: string, standing: boolean): Route | undefined => {
  const { row, template } = route
  const verbs: readonly Verb[] = KINDS[row.kind]
  // SE-145: an exchange goes by its verb, and what stands is a stream.
  const verb = verbs[standing ? 1 : 0]
  const operation = addressOf(route.contract, row.name)
  const address = subject === '' ? operation : `${operation}.${subject}`
  if (verb === undefined || address.length > MAX_ADDRESS_BYTES || !fits(template, subject, standing)) return undefined
  return { ...route, verb, subject, standing, address }
}

/** Whether what is begun has no answer. */
export const isOneWay = ({ verb }: Route): boolean => verb === 'send' || verb === 'publish'

/** Both directions' numbering; undefined marks a row only the other end has, which is never sent to it. */
export interface Agreement {
  /** What the initiator may begin. */
  readonly forward: readonly (Route | undefined)[]
  /** What the responder may begin. */
  readonly backward: readonly (Route | undefined)[]
  /** Names of the contracts in each direction. */
  readonly forwardContracts: readonly string[]
  readonly backwardContracts: readonly string[]
}

export const offerOf = (hash: Hash, contract: Contract): Offer => ({
  contract: contract.name,
  operations: rowsOf(contract).map((row) => ({ name: row.name, digest: rowDigest(hash, row) })),
})

/**
 * The responder's answer: all that the initiator uses, and what this end uses where it is offered (SE-24, SE-25).
 * @throws contract/unserved, contract/changed
 */
export const answer = (
  hash: Hash,
  initiation: Initiation,
  own: { readonly uses: readonly Contract[]; readonly serves: readonly Contract[] },
): Pick<Acceptance, 'serves' | 'uses'> => {
  for (const wanted of initiation.uses) demandServed(hash, wanted, own.serves)
  return {
    serves: initiation.uses.map((_, index) => index),
    uses: initiation.serves.flatMap((offered, index) => (isOffered(hash, offered, own.uses) ? [index] : [])),
  }
}

/** Both ends compute the same numbering from the initiator's offers and the indices taken (SE-26). @throws session/malformed */
export const agree = (
  initiation: Initiation,
  taken: Pick<Acceptance, 'serves' | 'uses'>,
  own: { readonly forward: readonly Contract[]; readonly backward: readonly Contract[] },
): Agreement => {
  const forward = pick(initiation.uses, taken.serves)
  if (forward.length !== initiation.uses.length)
    throw SottoError.of('session/malformed', 'the acceptance leaves out a contract that was demanded')
  const backward = pick(initiation.serves, taken.uses)
  return {
    forward: forward.flatMap((offer) => routes(offer, own.forward)),
    backward: backward.flatMap((offer) => routes(offer, own.backward)),
    forwardContracts: forward.map(({ contract }) => contract),
    backwardContracts: backward.map(({ contract }) => contract),
  }
}

const pick = (offers: readonly Offer[], indices: readonly number[]): readonly Offer[] =>
  indices.map((index) => {
    const offer = offers[index]
    if (offer === undefined)
      throw SottoError.of('session/malformed', `the acceptance names offer ${index} of ${offers.length}`)
    return offer
  })

const routes = ({ contract, operations }: Offer, own: readonly Contract[]): (Route | undefined)[] => {
  const rows = own.filter(({ name }) => name === contract).flatMap((known) => rowsOf(known))
  return operations.map(({ name }) => {
    const row = rows.find((candidate) => candidate.name === name)
    return row === undefined ? undefined : routeOf(contract, row)
  })
}

const routeOf = (contract: string, row: Row): Route => ({
  contract,
  row,
  template: parseTemplate(row.subject),
  verb: KINDS[row.kind][0],
  subject: '',
  standing: false,
  address: addressOf(contract, row.name),
  known: new Map(),
})

const demandServed = (hash: Hash, { contract, operations }: Offer, served: readonly Contract[]): void => {
  const own = served.find(({ name }) => name === contract)
  if (own === undefined)
    throw SottoError.of('contract/unserved', `${contract} is not served here`, { details: { contract } })
  const rows = rowsOf(own)
  for (const { name: operation, digest } of operations) {
    const row = rows.find(({ name }) => name === operation)
    const details = { contract, operation }
    if (row === undefined)
      throw SottoError.of('contract/unserved', `${contract}.${operation} is not served here`, { details })
    if (!equal(rowDigest(hash, row), digest)) {
      const field = guessChange(hash, row, digest)?.field
      throw SottoError.of(
        'contract/changed',
        `${contract}.${operation} differs here in ${field ?? 'more than one way'}`,
        {
          details: field === undefined ? details : { ...details, field },
        },
      )
    }
  }
}

/** True if the offer holds every row of a contract this end uses. */
const isOffered = (hash: Hash, offered: Offer, used: readonly Contract[]): boolean => {
  const own = used.find(({ name }) => name === offered.contract)
  return (
    own !== undefined &&
    rowsOf(own).every((row) => {
      const entry = offered.operations.find(({ name }) => name === row.name)
      return entry !== undefined && equal(entry.digest, rowDigest(hash, row))
    })
  )
}
