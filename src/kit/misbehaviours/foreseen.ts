import { FLAG } from '../../session/frames.js'
import type { Case } from '../case.js'
import type { Hostile } from '../hostile.js'
import { cbor, data } from '../hostileframes.js'
import { faults, type Outcome, unharmed } from '../hostileoutcomes.js'
import { casesOf, type Row } from './row.js'
import { seesNothing } from './standing.js'

/** A call in pieces, under a deny rule and an allow rule: whether it is refused before its last piece, and what becomes of it then. */

/** What a rule comes to by the BEGIN of the call, which has a `ttlMs` and no label; the last piece brings its `level`. */
const RULES = {
  met: { when: [{ attribute: 'ttlMs', is: 'present' }] },
  'not met': { when: [{ attribute: 'ttlMs', is: 'absent' }] },
  'in error': { when: [{ attribute: 'label.a', is: 'eq', value: 'a' }] },
  'of another operation': { on: ['kit.v1.crash'] },
  open: { when: [{ attribute: 'body.level', is: 'eq', value: 5 }] },
} as const

type RuleIs = keyof typeof RULES

/** The rows of the table FORESEEN, inbound; `nothing` is decided before the last piece, and by then the open rules are met. */
const TABLE: readonly (readonly [
  deny: RuleIs,
  allow: RuleIs,
  early: 'denied' | 'nothing',
  late: 'denied' | 'taken',
])[] = [
  ['met', 'open', 'denied', 'denied'],
  ['not met', 'open', 'nothing', 'taken'],
  ['in error', 'open', 'denied', 'denied'],
  ['of another operation', 'open', 'nothing', 'taken'],
  ['open', 'met', 'nothing', 'denied'],
  ['open', 'not met', 'denied', 'denied'],
  ['open', 'in error', 'denied', 'denied'],
  ['open', 'of another operation', 'denied', 'denied'],
  ['open', 'open', 'nothing', 'denied'],
]

const BODY = cbor({ level: 5 })

const rule = (id: string, effect: 'deny' | 'allow', is: RuleIs) => ({
  id,
  effect,
  by: ['any'],
  verbs: ['call'],
  on: ['kit.v1.echo'],
  ...RULES[is],
})

const DENIED: Outcome = faults('policy/denied')

const taken: Outcome = async (peer) => {
  await peer.frame('DATA')
  await unharmed(peer)
}

const begins = (peer: Hostile): void =>
  peer.say(peer.begin('echo', { flags: FLAG.more, ttlMs: 60_000, body: BODY.slice(0, 3) }))

const goesOn = async (peer: Hostile): Promise<void> => {
  begins(peer)
  await seesNothing(peer)
  peer.say(data(peer.first, BODY.slice(3)))
}

const rows = TABLE.map(([deny, allow, early, late]) => {
  const row: Row = {
    name: `begins a call in pieces where the deny rule is ${deny} and the allow rule ${allow}`,
    rule: 'PO-51',
    does: early === 'denied' ? begins : goesOn,
    outcome: late === 'denied' ? DENIED : taken,
    heard: late === 'denied' ? [] : ['echo'],
  }
  return { row, policy: { version: 1, rules: [rule('d', 'deny', deny), rule('a', 'allow', allow)] } }
})

export const FORESEEN: readonly Case[] = rows.flatMap(({ row, policy }) =>
  casesOf({ level: 'policy', setup: { open: { policy } } }, [row]),
)
