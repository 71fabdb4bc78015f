import { beforeAll, describe, expect, test } from 'vitest'
import { BROKEN, type Broken } from '../../src/kit/broken.js'
import { type Case, Finding } from '../../src/kit/case.js'
import { MISBEHAVIOURS } from '../../src/kit/misbehaviours/all.js'
import { shimOf } from './shimof.js'

/** Some wait for a clock, so many run at once. */
const AT_ONCE = 48

/** What each case finds, by its name; nothing for those that pass. No two that run at once share a shim. */
const findings = async (cases: readonly Case[], broken?: Broken): Promise<ReadonlyMap<string, string>> => {
  const found = new Map<string, string>()
  const rest = [...cases]
  const work = async (): Promise<void> => {
    const shim = await shimOf(broken)
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      try {
        await next.run(shim)
      } catch (error) {
        if (!(error instanceof Finding)) throw error
        found.set(next.name, error.message)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, cases.length) }, work))
  return found
}

const titled = ({ rule, role, name }: Case): string => `${rule} a peer of the ${role} ${name}`

describe('a hostile peer', () => {
  let found: ReadonlyMap<string, string> = new Map()
  beforeAll(async () => {
    found = await findings(MISBEHAVIOURS)
  }, 120_000)

  test.each(MISBEHAVIOURS.map((each) => [titled(each), each.name] as const))('%s', (_, name) => {
    expect(found.get(name)).toBeUndefined()
  })

  test('has a name of its own for each of what it does, and a rule', () => {
    expect(new Set(MISBEHAVIOURS.map(({ name }) => name)).size).toBe(MISBEHAVIOURS.length)
    expect(MISBEHAVIOURS.length).toBeGreaterThanOrEqual(150)
    for (const { rule } of MISBEHAVIOURS) expect(rule).toMatch(/^[A-Z]{2}-\d+$/)
  })
})

/** Says a byte more than it writes, where it should say nothing. */
const talkative: Broken = {
  says: (said) => (said.event === 'closed' ? [{ session: said.session, bytes: '00' }, said] : [said]),
}

/** Hears of something that it was not told. */
const imagining: Broken = {
  says: (said) => (said.event === 'open' ? [said, { ...said, event: 'heard', operation: 'echo', body: '' }] : [said]),
}

/** Shims that are wrong in one respect, and some of the cases that are to find it. */
const WRONG: readonly (readonly [name: string, broken: Broken | undefined, ...found: string[]])[] = [
  [
    'trusts-anyone',
    BROKEN['trusts-anyone'],
    'comes with a key that nobody trusts',
    'comes with a key that nobody trusts and no Initiation',
  ],
  [
    'judges-once',
    BROKEN['judges-once'],
    'shows a responder a credential of another name',
    'shows a responder a credential that ends sooner',
    'stays when its credential has ended',
    'calls with a role that its newer credential has not',
  ],
  [
    'forgets-revocations',
    BROKEN['forgets-revocations'],
    'shows an initiator a newer credential that is revoked',
    'goes on with a responder when its key is revoked',
    'goes on when the credential it has shown last is revoked',
  ],
  [
    'leaves-at-once',
    BROKEN['leaves-at-once'],
    'answers a settlement behind the leaving of its consumer',
    'is left by the program that began a stream',
  ],
  ['takes-any-suite', BROKEN['takes-any-suite'], 'lists a suite without ML-KEM to a responder that requires it'],
  [
    'ignores-policy',
    BROKEN['ignores-policy'],
    'calls where nothing is allowed',
    'calls with a level that is too high',
    'publishes to another subject than it may',
    'subscribes with a credit, which is no field of a message',
    'uses a contract that it may not initiate',
  ],
  [
    'lets-denied-be-heard',
    BROKEN['lets-denied-be-heard'],
    'calls where nothing is allowed',
    'calls another operation than it may',
  ],
  [
    'ignores-limits',
    BROKEN['ignores-limits'],
    'seals a plaintext one byte over the limit',
    'has a call open more than it may',
    'sends a message that is longer than it may be',
    'sends a byte more than the window of the session',
    'sends a byte more than the window of an exchange',
  ],
  [
    'clean-truncation',
    BROKEN['clean-truncation'],
    'ends the transport without END',
    'ends the transport inside a record',
    'ends the transport behind DRAIN',
  ],
  [
    'one-code-for-all',
    BROKEN['one-code-for-all'],
    'changes a record of a suite with ML-KEM and ChaChaPoly',
    'begins exchange 0',
    'proves another key than the initiator expects',
  ],
  ['goes-on-behind-forgery', BROKEN['goes-on-behind-forgery'], 'sends a record with a bit of its tag changed'],
  ['tells-twice', BROKEN['tells-twice'], 'has a handler fail, to learn of what', 'stops a call that is worked on'],
  ['hides-refusals', BROKEN['hides-refusals'], 'refuses a one-way message'],
  ['nothing-ran', BROKEN['nothing-ran'], 'answers a call with two items', 'ends while a call of the other end is open'],
  ['tells-behind-the-end', BROKEN['tells-behind-the-end'], 'begins exchange 0'],
  [
    'says a byte more than it may',
    talkative,
    'says Hello with another magic',
    'sends message 3 with a bit of its last tag changed',
    'sends a payload of message 2 with a proof',
  ],
  ['hears of what it was not told', imagining, 'begins exchange 0', 'gives credit of 0'],
]

describe('a hostile peer finds a shim out that', () => {
  for (const [name, broken, ...names] of WRONG)
    test(name, async () => {
      const cases = MISBEHAVIOURS.filter((each) => names.includes(each.name))
      expect(new Set((await findings(cases, broken)).keys())).toEqual(new Set(names))
    })
})
