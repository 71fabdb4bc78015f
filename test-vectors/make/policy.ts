import type { Provider } from '../../src/crypto/provider.js'
import { Identity } from '../../src/identity/identity.js'
import { decisionId } from '../../src/session/decision.js'
import { counting } from '../hex.js'
import type { Vectors } from '../schema.js'
import { addressCases } from './policyaddresses.js'
import { conditionCases } from './policyconditions.js'
import { contractCases, refusedByContracts } from './policycontracts.js'
import { effectCases } from './policyeffects.js'
import { ask, type Case, type Policy } from './policyform.js'
import { limitCases } from './policylimits.js'
import { patternCases } from './policypatterns.js'
import { refusedDocuments } from './policyrefused.js'
import { texts, textsRefused } from './policytexts.js'

export const policyVectors = (provider: Provider): Policy => {
  const everybody = peers(provider)
  const { alice } = everybody
  const cases = [
    ...effectCases(alice.id),
    ...conditionCases(),
    ...addressCases(alice.id),
    ...limitCases(),
    ...contractCases(),
  ]
  return {
    about:
      'Policies and what they decide (spec/policy.md). policies: a document and questions, asked in order of one store. A question is one act of a peer, or to it where `direction` is out; `nowMs` is the clock. ' +
      'With `charge` the act is done if it is allowed, so that limits count it and its exchange is open; `ended` names questions before it whose exchanges end first, `item` is one more item of a stream that is open, and `replace` is a document that is put in force first. ' +
      '`verdicts` answer them: `why` is null for an allow; `rules` are the ids of the rules that decided, in the document’s order. Their `rule` is the requirement they show. ' +
      'patterns: whether a pattern matches a call at an address; `error` is a claim that is absent or no token. refused: documents that must not load, and where the fault is; their question is never answered. ' +
      '`contracts`, where there are any, are exports that the document is held against. texts: JSON texts, and the value of each; textsRefused: texts that are no JSON, and where that shows.',
    policies: cases.map((each) => posed(each, everybody)),
    patterns: patternCases(alice.id).map((each) => ({ ...each, peer: peerOf(each.peer, everybody) })),
    refused: [...refusedDocuments(), ...refusedByContracts()].map(({ name, rule, path, ...loaded }) => {
      const { peers, questions } = posed({ name, ...loaded, questions: [ask(rule, 'it', {})] }, everybody)
      return { name, code: 'policy/malformed', rule, ...loaded, peers, questions, path }
    }),
    texts: texts(),
    textsRefused: textsRefused(),
  }
}

type Peers = ReturnType<typeof peers>
type Vector = Policy['policies'][number]

const posed = ({ questions, ...loaded }: Case, everybody: Peers): Vector => ({
  ...loaded,
  peers: Object.fromEntries(questions.map(({ peer }) => [peer, peerOf(peer, everybody)])),
  questions: questions.map(({ effect: _effect, why: _why, rules: _rules, ...question }) => question),
  verdicts: questions.map(({ effect, why, rules }) => ({ effect, why, rules })),
})

const peerOf = (name: string, { alice, bob }: Peers): Vector['peers'][string] => {
  if (name !== 'alice' && name !== 'bob') throw new TypeError(`expected alice or bob, got ${name}`)
  return name === 'alice' ? alice : bob
}

const peers = (provider: Provider) => {
  const id = (first: number): string => Identity.of(counting(first, 32), provider).id
  return {
    alice: { id: id(0x00), roles: [], claims: {} },
    bob: {
      id: id(0x80),
      name: 'spiffe://acme/bob',
      roles: ['ops'],
      claims: {
        tenant: 'acme',
        level: 3,
        admin: true,
        title: 'no token',
        empty: '',
        longest: 'w'.repeat(65),
        tooLong: 'w'.repeat(66),
      },
    },
  }
}

export const decisionVectors = (): Vectors<'decision'> => {
  const of = (
    way: 'ir' | 'ri',
    exchange: number,
    index: number,
    sessionId = '00112233445566778899aabbccddeeff',
  ): Vectors<'decision'>['vectors'][number] => ({
    sessionId,
    way,
    exchange,
    index,
    decision: decisionId(sessionId, way, exchange, index),
  })
  return {
    about:
      'Names of decisions, which both ends compute and neither sends (spec/session.md): the first 8 bytes of the session id, the way, the exchange, the index.',
    vectors: [
      of('ir', 0, 0),
      of('ir', 0, 1),
      of('ri', 0, 0),
      of('ri', 0, 255),
      of('ir', 1, 0),
      of('ri', 1, 0),
      of('ir', 1, 1),
      of('ri', 2, 0),
      of('ir', 10, 9),
      of('ir', 9, 10),
      of('ri', 65_536, 0),
      of('ir', 1_073_741_825, 12),
      of('ri', 2 ** 31, 2 ** 32),
      of('ir', 3, Number.MAX_SAFE_INTEGER),
      of('ir', 1, 0, '00112233445566780000000000000000'),
      of('ir', 1, 0, '00000000000000000123456789abcdef'),
      of('ri', 1, 0, 'ffffffffffffffffffffffffffffffff'),
    ],
  }
}
