import { describe, expect, test } from 'vitest'
import { encode, type Wire } from '../../src/cbor.js'
import { ERRORS, SottoError } from '../../src/errors.js'
import type { PolicyStore } from '../../src/policy/store.js'
import type { Exchange } from '../../src/session/exchange.js'
import { FLAG, type Labels } from '../../src/session/frames.js'
import { limitsOf } from '../../src/session/limits.js'
import { pairOf, settle } from './pair.js'
import {
  act,
  admitted,
  begin,
  CALL,
  data,
  end,
  expectWholeCredit,
  Flow,
  fate,
  fault,
  filled,
  NOTE,
  Raw,
  reset,
  rules,
  stop,
} from './wire.js'

const { more } = FLAG
const deniedCode = ERRORS['policy/denied'].wire
const NOTHING = new Uint8Array(0)

const allow = { id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send'], on: ['>'] }
/** One call at a time to a peer. */
const outOne = { id: 'out', effect: 'allow', to: ['any'], verbs: ['call'], on: ['>'], limit: { concurrent: 1 } }
const denyIf = (attribute: string, is: string, value?: Wire) => ({
  ...allow,
  id: 'no',
  effect: 'deny',
  when: [
    ...(is === 'present' ? [] : [{ attribute, is: 'present' }]),
    { attribute, is, ...(value !== undefined && { value }) },
  ],
})

const pairWith = (initiator: PolicyStore, responder: PolicyStore) => {
  const both = { uses: [Flow], serves: [Flow], pq: 'off' } as const
  return settle(pairOf({ initiator: { ...both, policy: initiator }, responder: { ...both, policy: responder } }))
}

describe('what comes in', () => {
  test('SE-55 SE-60 is denied unless a rule allows it; both ends name the decision alike, and it is never sent', () => {
    for (const [from, to] of [
      ['initiator', 'responder'],
      ['responder', 'initiator'],
    ] as const) {
      const pair = pairWith(rules(), rules())
      const sender = pair[from]
      const events = pair[`${from}Events`]
      const { exchange } = sender.begin(admitted(sender.admit(act('call', 'secret'), 0)), 0)
      sender.begin(admitted(sender.admit(act('note', 'secret'), 0)), 0)
      settle(pair)
      const decisions = pair[`${to}Events`].flatMap((event) => (event.is === 'denied' ? [event.denial] : []))
      expect(decisions).toMatchObject([
        { verb: 'call', address: 'flow.v1.call', why: 'default', rules: [] },
        { verb: 'send', address: 'flow.v1.note', why: 'default', rules: [] },
      ])
      const established = events.find((event) => event.is === 'established')
      const id = established?.is === 'established' ? established.established.id : ''
      const way = from === 'initiator' ? 'ir' : 'ri'
      const first = from === 'initiator' ? 1 : 2
      expect(decisions.map(({ decision }) => decision)).toEqual([
        `${id.slice(0, 16)}.${way}.${first}.0`,
        `${id.slice(0, 16)}.${way}.${first + 2}.0`,
      ])
      const told = events.flatMap((event) => {
        if (event.is === 'refused') return [event.decision]
        if (event.is !== 'fault' || !SottoError.is(event.error, 'policy/denied')) return []
        expect(event.exchange).toBe(exchange)
        expect(event.error.ran).toBe('no')
        return [event.error.details.decision]
      })
      expect(told).toEqual(decisions.map(({ decision }) => decision))
      expect(pair[`${to}Events`].some(({ is }) => is === 'message')).toBe(false)
    }
  })

  test('SE-60 a FAULT that refuses carries a code and nothing more', () => {
    const raw = new Raw({ policy: rules() }).send(begin({ exchange: 1 }), begin({ exchange: 3, operation: NOTE }))
    expect(raw.read()).toEqual([1, 3].map((exchange) => ({ is: 'FAULT', exchange, code: deniedCode, body: NOTHING })))
  })

  test('SE-56 no byte of what its head decides is decoded: a body that is no CBOR is denied, not invalid', () => {
    const bad = Uint8Array.of(0xff, 0xff)
    const cases = [
      [rules(), {}],
      [rules(allow, denyIf('label.to', 'eq', 'x')), { to: 'x' }],
      [rules({ ...allow, when: [{ attribute: 'label.ok', is: 'present' }] }), {}],
    ] as const
    for (const [policy, labels] of cases) {
      const raw = new Raw({ policy }).send(begin({ exchange: 1, body: bad, labels }))
      expect(raw.read()).toMatchObject([{ is: 'FAULT', exchange: 1, code: deniedCode }])
      expect(raw.only('denied').denial.verb).toBe('call')
    }
    // What is allowed by its head is decoded.
    const raw = new Raw().send(begin({ exchange: 1, body: bad }))
    expect(raw.read()).toMatchObject([
      { is: 'FAULT', code: ERRORS['contract/invalid'].wire, body: encode({ path: '' }) },
    ])
    expect(raw.take()).toEqual([])
  })

  test('SE-56 a large denied message is counted and dropped: its credit comes back at once, whatever else is held', () => {
    const raw = new Raw({ policy: rules(), limits: limitsOf({ sessionWindow: 4_096, message: 20_000 }) })
    raw.send(begin({ exchange: 1, flags: more, body: filled(3_000).fill(0xff) }))
    expect(raw.read()).toMatchObject([
      { is: 'FAULT', exchange: 1, code: deniedCode },
      // The 64 bytes that FAULT held are not in it yet.
      { is: 'CREDIT', limit: 4_096 + 3_000 },
    ])
    for (let piece = 0; piece < 5; piece++) {
      raw.send(data(1, filled(3_000).fill(0xff), more))
      raw.read()
    }
    expect(fate(raw)).toBe('alive')
    raw.send(data(1, filled(2_001)))
    expect(fate(raw)).toBe('session/limit')
  })

  test('SE-56 rules read the visible fields of the wire value, and only those', () => {
    const deny = (field: string, value: Wire) => new Raw({ policy: rules(allow, denyIf(field, 'eq', value)) })
    const outcome = (raw: Raw, body: Wire): string => {
      raw.send(begin({ exchange: 1, operation: CALL, body: encode(body) }))
      return raw
        .take()
        .map(({ is }) => is)
        .join()
    }
    expect(outcome(deny('body.who', 'bob'), { who: 'bob' })).toBe('denied')
    expect(outcome(deny('body.who', 'bob'), { who: 'eve', other: { who: 'bob' } })).toBe('message')
    expect(outcome(deny('body.n', 5), { n: 5 })).toBe('denied')
    expect(outcome(deny('body.n', 5), { n: 6 })).toBe('message')
    // Not declared visible, so absent.
    expect(outcome(deny('body.hidden', 'x'), { hidden: 'x' })).toBe('message')
    // No map, or null: absent. There, and no scalar: an error.
    for (const body of [{ who: null }, ['bob'], 'bob', null, 7])
      expect(outcome(deny('body.who', 'bob'), body)).toBe('message')
    for (const who of [['bob'], { who: 'bob' }, new Uint8Array(3), 2n ** 60n])
      expect(outcome(deny('body.who', 'bob'), { who })).toBe('denied')
  })

  const attributes: readonly (readonly [string, object, Parameters<typeof begin>[0], boolean])[] = [
    ['bytes', denyIf('bytes', 'gt', 10), { exchange: 1, body: filled(11) }, true],
    ['bytes', denyIf('bytes', 'gt', 10), { exchange: 1, body: filled(10) }, false],
    ['ttlMs', denyIf('ttlMs', 'lt', 500), { exchange: 1, ttlMs: 499 }, true],
    ['ttlMs', denyIf('ttlMs', 'lt', 500), { exchange: 1, ttlMs: 500 }, false],
    ['ttlMs of none', denyIf('ttlMs', 'present'), { exchange: 1 }, false],
    ['a label', denyIf('label.a', 'eq', 'x'), { exchange: 1, labels: { a: 'x' } }, true],
    ['a label', denyIf('label.a', 'eq', 'x'), { exchange: 1, labels: { a: 'y', b: 'x' } }, false],
    ['suite', denyIf('suite', 'eq', 'Noise_XX_25519_ChaChaPoly_SHA256'), { exchange: 1 }, true],
    ['suite', denyIf('suite', 'eq', 'Noise_NN_25519_ChaChaPoly_SHA256'), { exchange: 1 }, false],
    ['ageMs', denyIf('ageMs', 'ge', 1_000), { exchange: 1 }, true],
    ['ageMs', denyIf('ageMs', 'gt', 1_000), { exchange: 1 }, false],
    ['time', denyIf('time', 'ge', 5_001_000), { exchange: 1 }, true],
    ['time', denyIf('time', 'gt', 5_001_000), { exchange: 1 }, false],
  ]
  test.each(attributes)('SE-56 rules read %s, of a message in one piece and in two', (_, rule, of, isDenied) => {
    const expected = isDenied ? 'denied' : 'message'
    const raw = new Raw({ policy: rules(allow, rule), epochMs: 5_000_000 })
    raw.nowMs = 1_000
    raw.send(begin(of))
    expect(raw.take().map(({ is }) => is)).toEqual([expected])
    const body = of.body ?? filled(2)
    const pieces = new Raw({ policy: rules(allow, rule), epochMs: 5_000_000 })
    pieces.nowMs = 1_000
    pieces.send(begin({ ...of, flags: more, body: body.subarray(0, 1) }), data(1, body.subarray(1)))
    expect(pieces.take().map(({ is }) => is)).toEqual([expected])
  })

  test('SE-56 the age that a rule reads is counted from the opening of the session', () => {
    for (const [is, kind] of [
      ['ge', 'denied'],
      ['gt', 'message'],
    ] as const) {
      const both = { uses: [Flow], serves: [Flow], pq: 'off' } as const
      const policy = rules(allow, denyIf('ageMs', is, 1_000))
      const pair = settle(pairOf({ initiator: both, responder: { ...both, policy } }, 500), 500)
      pair.initiator.begin(admitted(pair.initiator.admit(act('note'), 1_500)), 1_500)
      settle(pair, 1_500)
      expect(pair.responderEvents.map((event) => event.is)).toEqual(['established', kind])
    }
  })

  test('SE-56 the ttl that a rule reads is the one that was sent, at any time of the clock', () => {
    for (let time = 0.1; time < 8e7; time = time * 1.7 + 0.3) {
      const raw = new Raw({
        limits: limitsOf({ idleMs: 86_400_000 }),
        policy: rules({
          ...allow,
          when: [
            { attribute: 'ttlMs', is: 'present' },
            { attribute: 'ttlMs', is: 'ge', value: 500 },
          ],
        }),
      })
      raw.nowMs = time
      raw.send(begin({ exchange: 1, ttlMs: 500 }))
      expect(
        raw.take().map(({ is }) => is),
        `at ${time}`,
      ).toEqual(['message'])
    }
  })
})

describe('limits', () => {
  const limited = (limit: object) => rules({ ...allow, limit })

  test('SE-55 only what is admitted is charged', () => {
    const policy = rules({ ...allow, limit: { perSecond: 2 } }, denyIf('body.n', 'eq', 1))
    const raw = new Raw({ policy })
    const note = (exchange: number, body: Uint8Array) => begin({ exchange, operation: NOTE, body })
    raw.send(
      ...Array.from({ length: 10 }, (_, index) =>
        note(1 + 2 * index, index % 2 ? Uint8Array.of(0xff) : encode({ n: 1 })),
      ),
    )
    expect(raw.take().every(({ is }) => is === 'denied')).toBe(true)
    raw.send(note(21, NOTHING), note(23, NOTHING), note(25, NOTHING))
    expect(raw.take().map(({ is }) => is)).toEqual(['message', 'message', 'denied'])
    expect(raw.read().at(-1)).toMatchObject({ is: 'FAULT', exchange: 25, code: ERRORS['policy/limited'].wire })
  })

  /** How an admitted call of the peer may end. */
  const endings: readonly (readonly [string, (raw: Raw, exchange: Exchange) => unknown])[] = [
    ['a reply', (raw, exchange) => raw.engine.reply(exchange, 'x')],
    ['a reply in pieces', (raw, exchange) => raw.engine.reply(exchange, 'x'.repeat(200_000))],
    ['a fault', (raw, exchange) => raw.engine.fault(exchange, { code: 'call/internal', incident: '' })],
    [
      'STOP, and a late answer',
      (raw, exchange) => {
        raw.send(stop(1))
        raw.engine.reply(exchange, 'x')
      },
    ],
    [
      'STOP, behind an answer',
      (raw, exchange) => {
        raw.engine.reply(exchange, 'x'.repeat(200_000))
        raw.records(1)
        raw.send(stop(1))
      },
    ],
    [
      'its deadline, and a late answer',
      (raw, exchange) => {
        raw.engine.wake(50)
        raw.engine.reply(exchange, 'x')
      },
    ],
    ['the end of the session', (raw) => raw.engine.ended()],
    [
      'the end of the session with an answer in pieces',
      (raw, exchange) => {
        raw.engine.reply(exchange, 'x'.repeat(200_000))
        raw.records(1)
        raw.engine.abort(SottoError.of('session/closed', 'enough'))
      },
    ],
    ['the end of the session by the peer', (raw) => raw.send(end())],
    [
      'the deadline of close',
      (raw) => {
        raw.engine.close(0, 10)
        raw.engine.wake(10)
      },
    ],
  ]
  test.each(endings)(
    'PO-56 SE-45 SE-59 the place of a call is given back on %s, and not before its handler is done',
    (_, play) => {
      const policy = limited({ concurrent: 1 })
      const raw = new Raw({ policy }).send(begin({ exchange: 1, ttlMs: 50 }))
      const { exchange } = raw.only('message')
      const other = new Raw({ policy }).send(begin({ exchange: 1 }))
      expect(other.only('denied').denial.why).toBe('limit')
      play(raw, exchange)
      raw.read()
      other.send(begin({ exchange: 3 }))
      expect(other.only('denied').denial.why).toBe('limit')
      exchange.handled()
      other.send(begin({ exchange: 5 }))
      expect(other.take().map(({ is }) => is)).toEqual(['message'])
    },
  )

  /** How an own call may end, whatever its progress: each takes the place and gives it back. */
  const own: readonly (readonly [string, (raw: Raw, begun: ReturnType<Raw['begin']>) => unknown])[] = [
    ['a reply', (raw) => raw.read() && raw.send(data(2))],
    ['a fault', (raw) => raw.read() && raw.send(fault(2, 'call/cancelled'))],
    ['giving up before it is framed', (raw, { exchange }) => raw.engine.cancel(exchange)],
    [
      'giving up, and the answer to that',
      (raw, { exchange }) => {
        raw.read()
        raw.engine.cancel(exchange)
        raw.send(fault(2, 'call/cancelled'))
      },
    ],
    ['a deadline before it is framed', (raw) => raw.engine.wake(50)],
    ['the end of the session', (raw) => raw.engine.ended()],
    ['the end of the session once framed', (raw) => raw.read() && raw.engine.ended()],
  ]
  test.each(own)('SE-57 SE-59 the place of an own call is given back on %s', (_, play) => {
    const policy = rules(allow, outOne)
    const raw = new Raw({ policy })
    const begun = raw.begin(act('call', 'x', { ttlMs: 50 }))
    const other = new Raw({ policy })
    expect(other.engine.admit(act('call'), 0)).toMatchObject({ effect: 'deny', why: 'limit' })
    play(raw, begun)
    expect(other.engine.admit(act('call'), 0)).not.toHaveProperty('effect')
  })

  test('SE-55 what was admitted and cannot begin gives its place back', () => {
    const policy = rules(allow, outOne)
    const raw = new Raw({ policy })
    const proof = admitted(raw.engine.admit(act('call'), 0))
    raw.engine.close(0, 1_000)
    expect(() => raw.engine.begin(proof, 0)).toThrow('session/closed')
    expect(new Raw({ policy }).engine.admit(act('call'), 0)).not.toHaveProperty('effect')
  })
})

describe('what goes out', () => {
  test('SE-55 SE-60 what the own policy denies never reaches the wire, and is numbered behind the initiation', () => {
    const raw = new Raw({
      policy: rules(allow, { id: 'mine', effect: 'deny', to: ['any'], verbs: ['send'], on: ['>'] }),
    })
    const established = raw.events.find((event) => event.is === 'established')
    const id = established?.is === 'established' ? established.established.id.slice(0, 16) : ''
    for (const index of [1, 2])
      expect(raw.engine.admit(act('note', 'x'), 0)).toEqual({
        effect: 'deny',
        why: 'rule',
        rules: ['mine'],
        id: `${id}.ri.0.${index}`,
      })
    expect([raw.read(), raw.take()]).toEqual([[], []])
    raw.begin(act('call', 'x'))
    expect(raw.read()).toMatchObject([{ is: 'BEGIN', exchange: 2 }])
  })

  test('SE-55 the body, ttl and labels that are sent are the ones that were judged', () => {
    const raw = new Raw()
    const value = { who: 'bob', n: 1 }
    const labels: Record<string, string> = { a: 'x' }
    const proof = admitted(raw.engine.admit(act('call', value, { ttlMs: 7, labels: labels as Labels }), 0))
    value.who = 'eve'
    labels.a = 'y'
    raw.engine.begin(proof, 0)
    expect(raw.read()).toMatchObject([
      { is: 'BEGIN', ttlMs: 7, labels: { a: 'x' }, body: encode({ who: 'bob', n: 1 }) },
    ])
  })

  test('SE-55 a proof serves once, in its session, for what it judged, and cannot be made of anything else', () => {
    const raw = new Raw()
    const other = new Raw()
    const proof = admitted(raw.engine.admit(act('call', 'x'), 0))
    expect(() => other.engine.begin(proof, 0)).toThrow(TypeError)
    raw.engine.begin(proof, 0)
    expect(() => raw.engine.begin(proof, 0)).toThrow(TypeError)
    raw.send(begin({ exchange: 1 }))
    const { admitted: inbound } = raw.only('message')
    expect(() => raw.engine.begin(inbound, 0)).toThrow(TypeError)
    const copies = [
      Object.assign({}, proof),
      Object.create(Object.getPrototypeOf(proof), Object.getOwnPropertyDescriptors(proof)),
      null,
      7,
    ]
    for (const forged of copies) expect(() => raw.engine.begin(forged, 0)).toThrow(TypeError)
    expect(raw.read().filter(({ is }) => is === 'BEGIN').length).toBe(1)
    expect(other.read()).toEqual([])
  })

  test('SE-55 a proof of a policy that was replaced since is not framed', () => {
    const policy = rules(allow, outOne)
    const raw = new Raw({ policy })
    const proof = admitted(raw.engine.admit(act('call', 'x'), 0))
    policy.replace({
      version: 1,
      rules: [allow, { id: 'out', effect: 'allow', to: ['any'], verbs: ['call'], on: ['>'], limit: { concurrent: 1 } }],
    })
    try {
      raw.engine.begin(proof, 0)
      expect.fail('it is stale')
    } catch (error) {
      if (!SottoError.is(error, 'policy/denied')) throw error
      expect(error.ran).toBe('no')
      expect(error.details).toEqual({
        address: 'flow.v1.call',
        decision: expect.stringMatching(/^[0-9a-f]{16}\.ri\.0\.1$/),
      })
    }
    expect(raw.read()).toEqual([])
    // Its place in the limit came back; asked again, it may go.
    raw.begin(act('call', 'x'))
    expect(raw.read()).toMatchObject([{ is: 'BEGIN' }])
  })

  test('SE-55 a reply needs no rule: what was admitted grants it', () => {
    const pair = pairWith(rules(), rules(allow))
    pair.initiator.begin(admitted(pair.initiator.admit(act('call', 'x'), 0)), 0)
    settle(pair)
    const message = pair.responderEvents.find(({ is }) => is === 'message')
    if (message?.is !== 'message') expect.fail('it came')
    expect(message.admitted).toMatchObject({
      verb: 'call',
      address: 'flow.v1.call',
      decision: expect.stringMatching(/\.ir\.1\.0$/),
    })
    pair.responder.consumed(message)
    pair.responder.reply(message.exchange, 'y')
    settle(pair)
    expect(pair.initiatorEvents.at(-1)).toMatchObject({ is: 'reply', value: 'y' })
    expectWholeCredit(pair.initiator, pair.responder, limitsOf())
  })
})

test('SE-64 SE-36 a denied call in pieces may end, be reset, or be stopped', () => {
  for (const frames of [
    [data(1, filled(3))],
    [reset(1, 3)],
    [stop(1)],
    [stop(1), reset(1, 3)],
    [reset(1, 3), stop(1)],
  ]) {
    const raw = new Raw({ policy: rules() }).send(begin({ exchange: 1, flags: more, body: filled(3) }))
    raw.send(...frames)
    expect(raw.read()).toMatchObject([{ is: 'FAULT', exchange: 1, code: deniedCode }])
    expect(fate(raw)).toBe('alive')
  }
})
