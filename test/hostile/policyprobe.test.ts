import { describe, expect, test } from 'vitest'
import { encode } from '../../src/cbor.js'
import { type Contract, contract } from '../../src/contract/define.js'
import { oneWay, requestResponse } from '../../src/contract/operation.js'
import { bytes } from '../../src/contract/shape.js'
import { ERRORS } from '../../src/errors.js'
import { policyStore } from '../../src/policy/store.js'
import { FLAG } from '../../src/session/frames.js'
import { pairOf, settle } from '../session/pair.js'
import { begin, CALL, data, Flow, NOTE, Raw, rules, Streams, TALK } from '../session/wire.js'

/** What a peer can find out by asking: all that it sees, compared, where it must not see a difference. */

const { more } = FLAG
const VERBS = ['call', 'send', 'stream']
const allow = { id: 'all', effect: 'allow', by: ['any'], verbs: VERBS, on: ['>'] }
const deny = { ...allow, id: 'no', effect: 'deny' }

/** Policies that refuse every message by its head alone, each for a reason of its own. */
const REFUSING: Readonly<Record<string, readonly object[]>> = {
  'no rule': [],
  'rules of others': [{ ...allow, by: ['role:operator', 'name:spiffe://x/y'] }],
  'rules of other operations': [{ ...allow, on: ['flow.v1.other', 'other.v1.>'] }],
  'rules of other verbs': [{ ...allow, verbs: ['publish', 'enqueue'] }],
  'a deny rule': [deny],
  'an allow and a deny': [allow, deny],
  'a rule in error': [allow, { ...deny, when: [{ attribute: 'label.x', is: 'eq', value: 'y' }] }],
  'a claim in error': [{ ...allow, when: [{ attribute: 'claim.team', is: 'eq', value: 'red' }] }],
  'an unmet condition': [{ ...allow, when: [{ attribute: 'label.x', is: 'present' }] }],
  'a thousand rules': Array.from({ length: 1_000 }, (_, n) => ({ ...deny, id: `r${n}` })),
  'a limit nobody reached': [{ ...allow, limit: { perSecond: 1 } }, deny],
}

/** The records that a peer is sent in answer to `frames`: what is in each, and the bytes it takes on the wire. */
const seenBy = (policy: readonly object[], ...frames: readonly Uint8Array[]) => {
  const open = () => new Raw({ policy: rules(...policy) }, {}, [Flow, Streams])
  const lengths = (raw: Raw): number[] => {
    const found: number[] = []
    for (let part = raw.engine.take(0); part !== undefined; part = raw.engine.take(0)) found.push(part.length)
    return found
  }
  const [read, measured] = [open(), open()]
  return frames.map((frame) => ({ frames: read.send(frame).records(), lengths: lengths(measured.send(frame)) }))
}

describe('a message that is refused', () => {
  const asked = {
    'a call': begin({ exchange: 1, operation: CALL, body: encode({ n: 1 }) }),
    'a call of no bytes': begin({ exchange: 1, operation: CALL }),
    'a call that is no CBOR': begin({ exchange: 1, operation: CALL, body: Uint8Array.of(0xff, 0xff) }),
    'a call with labels and a deadline': begin({ exchange: 1, ttlMs: 9, labels: { team: 'red' } }),
    'a one-way message': begin({ exchange: 1, operation: NOTE, body: encode({ n: 1 }) }),
    'a stream': begin({ exchange: 1, operation: TALK, flags: 0 }),
  }
  test.each(Object.entries(asked))(
    'SE-60 %s: the peer sees the same records, byte for byte in length, whatever the reason',
    (_, frame) => {
      const answers = Object.values(REFUSING).map((policy) => seenBy(policy, frame))
      const [first] = answers
      expect(first).toMatchObject([{ frames: [[{ is: 'FAULT', exchange: 1, code: ERRORS['policy/denied'].wire }]] }])
      for (const answer of answers) expect(answer).toEqual(first)
    },
  )

  test('SE-60 in pieces: the same at every piece, whatever is in them', () => {
    const pieces = (byte: number) => [
      begin({ exchange: 1, flags: more, body: new Uint8Array(100).fill(byte) }),
      data(1, new Uint8Array(60_000).fill(byte), more),
      data(1, new Uint8Array(60_000).fill(byte), more),
      data(1, new Uint8Array(10).fill(byte)),
    ]
    const answers = Object.values(REFUSING).flatMap((policy) => [
      seenBy(policy, ...pieces(0xff)),
      seenBy(policy, ...pieces(0)),
    ])
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
  })

  test('SE-60 behind its body it is refused in the bytes that it is refused in before it', () => {
    const body = encode({ n: 5 })
    const late = [
      [allow, { ...deny, when: [{ attribute: 'body.n', is: 'eq', value: 5 }] }],
      [allow, { ...deny, when: [{ attribute: 'bytes', is: 'gt', value: 0 }] }],
      [allow, { ...deny, when: [{ attribute: 'body.who', is: 'eq', value: 'x' }] }],
      [{ ...allow, when: [{ attribute: 'body.n', is: 'eq', value: 6 }] }],
    ]
    for (const operation of [CALL, NOTE]) {
      const asked = begin({ exchange: 1, operation, body })
      const early = seenBy([], asked)
      for (const policy of late) expect(seenBy(policy, asked)).toEqual(early)
    }
  })

  test('SE-60 SE-126 an item that is refused is refused in the same bytes for every reason', () => {
    const asked = [
      begin({ exchange: 1, operation: TALK, flags: 0, body: encode({ n: 1 }) }),
      data(1, encode({ n: 5 }), 0),
    ]
    const reasons = [
      [allow, { ...deny, when: [{ attribute: 'body.n', is: 'eq', value: 5 }] }],
      [{ ...allow, when: [{ attribute: 'body.n', is: 'eq', value: 1 }] }],
      [
        allow,
        {
          ...deny,
          when: [
            { attribute: 'body.n', is: 'ne', value: 1 },
            { attribute: 'label.x', is: 'eq', value: 'y' },
          ],
        },
      ],
    ]
    const answers = reasons.map((policy) => seenBy(policy, ...asked))
    expect(answers[0]).toMatchObject([
      { frames: [] },
      { frames: [[{ is: 'FAULT', code: ERRORS['policy/denied'].wire }]] },
    ])
    for (const answer of answers) expect(answer).toEqual(answers[0])
  })

  test('SE-60 a limit is told by its code alone: not which, of what rule, or how much is left', () => {
    const asked = [1, 3, 5].map((exchange) => begin({ exchange, operation: CALL, body: encode({ n: exchange }) }))
    const limits = [
      [{ ...allow, limit: { perSecond: 2 } }],
      [{ ...allow, limit: { concurrent: 2 } }],
      [{ ...allow, limit: { bytesPerSecond: 8 } }],
      [allow, { ...allow, id: 'other', limit: { perSecond: 2 } }],
    ]
    const answers = limits.map((policy) => seenBy(policy, ...asked))
    expect(answers[0]).toMatchObject([
      { frames: [] },
      { frames: [] },
      { frames: [[{ is: 'FAULT', exchange: 5, code: ERRORS['policy/limited'].wire, body: new Uint8Array(0) }]] },
    ])
    for (const answer of answers) expect(answer).toEqual(answers[0])
    // The records are as long as those of a denial.
    const denied = seenBy([], asked[0] ?? new Uint8Array(0))
    expect(denied[0]?.lengths).toEqual(answers[0]?.[2]?.lengths)
  })
})

describe('a session that is asked for', () => {
  const operations = { read: requestResponse({ response: bytes }), put: oneWay(bytes) }
  const Known: Contract = contract('known.v1', operations)
  const Other: Contract = contract('other.v1', operations)
  const Third: Contract = contract('third.v1', operations)
  const trimmed = (...operations: readonly ('read' | 'put' | 'erase')[]): Contract =>
    contract(
      'known.v1',
      Object.fromEntries(
        operations.map((name) => [name, name === 'put' ? oneWay(bytes) : requestResponse({ response: bytes })]),
      ),
    )
  const noInitiate = (on: string) => ({ id: 'no', effect: 'deny', by: ['any'], verbs: ['initiate'], on: [on] })

  /** What the dialler sees of the verdict: its error, and the lengths of all that came. */
  const verdict = (of: {
    readonly asks: readonly Contract[]
    readonly serves?: readonly Contract[]
    readonly uses?: readonly Contract[]
    readonly offers?: readonly Contract[]
    readonly policy?: readonly object[]
  }) => {
    const { asks, serves = [], uses = [], offers = [], policy = [] } = of
    const pair = settle(
      pairOf({
        initiator: { uses: asks, serves: offers, pq: 'off' },
        responder: { serves, uses, pq: 'off', policy: policyStore({ version: 1, rules: policy }) },
      }),
    )
    const last = pair.initiatorEvents.at(-1)
    const lengths = pair.wire.flatMap(({ from, bytes }) => (from === 'responder' ? [bytes.length] : []))
    const ended = last?.is === 'closed' ? last.error : undefined
    return { code: ended?.code ?? last?.is, message: ended?.message.replace(/[0-9a-f]{16}\./, ''), lengths }
  }

  test('SE-28 SE-60 a contract that is denied looks the same if it is served, if not, and if its rows differ', () => {
    for (const policy of [[noInitiate('known.v1')], [noInitiate('*.v1')], [noInitiate('>')]]) {
      const answers = [
        verdict({ asks: [Known], serves: [Known], policy }),
        verdict({ asks: [Known], serves: [], policy }),
        verdict({ asks: [Known], serves: [Other], policy }),
        verdict({ asks: [trimmed('erase')], serves: [Known], policy }),
        verdict({ asks: [Known], serves: [trimmed('read')], policy }),
      ]
      expect(answers[0]?.code).toBe('policy/denied')
      for (const answer of answers) expect(answer).toEqual(answers[0])
    }
  })

  test('SE-28 a denial comes before what is served is looked at, wherever in the list it stands', () => {
    const policy = [noInitiate('third.v1')]
    for (const serves of [[], [Known], [Known, Other], [Known, Other, Third]])
      expect(verdict({ asks: [Known, Other, Third], serves, policy })).toMatchObject({ code: 'policy/denied' })
  })

  test('SE-24 what is not served looks the same whatever the rules say of messages, or of others', () => {
    const answers = [
      [],
      [allow],
      [deny],
      [{ ...allow, on: ['known.v1.>'] }],
      [{ ...noInitiate('known.v1'), by: ['role:operator'] }],
      [{ ...allow, verbs: ['initiate'], on: ['known.v1'] }],
    ].map((policy) => verdict({ asks: [Known], serves: [Other], policy }))
    expect(answers[0]?.code).toBe('contract/unserved')
    for (const answer of answers) expect(answer).toEqual(answers[0])
  })

  test('SE-25 SE-28 what a listener would use and may not looks the same as what it does not know', () => {
    const outbound = { id: 'no', effect: 'deny', to: ['any'], verbs: ['initiate'], on: ['other.v1'] }
    const answers = [
      verdict({ asks: [Known], serves: [Known], offers: [Other] }),
      verdict({ asks: [Known], serves: [Known], offers: [Other], uses: [Other], policy: [outbound] }),
      verdict({ asks: [Known], serves: [Known], offers: [Other], uses: [Third] }),
    ]
    expect(answers[0]?.code).toBe('established')
    for (const answer of answers) expect(answer).toEqual(answers[0])
    expect(verdict({ asks: [Known], serves: [Known], offers: [Other], uses: [Other] })).not.toEqual(answers[0])
  })

  test('SE-28 a limit on sessions is the peer’s, in all its sessions, and its place is free when one is over', () => {
    const policy = policyStore({
      version: 1,
      rules: [
        { id: 'one', effect: 'allow', by: ['any'], verbs: ['initiate'], on: ['known.v1'], limit: { concurrent: 1 } },
      ],
    })
    const open = () =>
      settle(pairOf({ initiator: { uses: [Known], pq: 'off' }, responder: { serves: [Known], pq: 'off', policy } }))
    const first = open()
    expect(first.initiatorEvents).toMatchObject([{ is: 'established' }])
    for (let tries = 0; tries < 3; tries++)
      expect(open().initiatorEvents).toMatchObject([{ is: 'closed', error: { code: 'policy/limited' } }])
    first.responder.ended()
    expect(open().initiatorEvents).toMatchObject([{ is: 'established' }])
  })
})
