import { describe, expect, test } from 'vitest'
import { encode } from '../../src/cbor.js'
import { client, contract, policyStore, requestResponse, serve } from '../../src/index.js'
import { code, gate, pair } from '../link/sessions.js'
import { begin, CALL, data, Flow, NOTE, Raw, Streams, TALK } from '../session/wire.js'

/** Policies that are replaced, and audit functions that do not behave, at the worst moment. */

const allow = { id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send', 'stream'], on: ['>'] }
const document = (...rules: object[]) => ({ version: 1, rules })
/** True of the record of a message that is let through; the initiation has records too. */
const isAllow = (record: Uint8Array): boolean => {
  const { kind, verb, effect }: { kind: string; verb?: string; effect?: string } = JSON.parse(
    new TextDecoder().decode(record),
  )
  return kind === 'decided' && verb !== 'initiate' && effect === 'allow'
}

describe('an audit function', () => {
  const odd: readonly (readonly [what: string, audit: () => unknown])[] = [
    [
      'throws',
      () => {
        throw new RangeError('bang')
      },
    ],
    ['returns nothing', () => undefined],
    ['returns a promise that is refused', () => Promise.reject(new RangeError('bang')).catch(() => 1)],
    ['says it dropped all', () => false],
  ]
  test.each(odd)('PO-39 that %s changes no decision, and ends no session', (_, audit) => {
    const denied = { ...allow, id: 'no', effect: 'deny', on: ['flow.v1.note'] }
    const policy = policyStore(document(allow, denied), { audit: () => audit() as boolean })
    const raw = new Raw({ policy }, {}, [Flow, Streams])
    raw.send(
      begin({ exchange: 1, operation: CALL }),
      begin({ exchange: 3, operation: NOTE }),
      begin({ exchange: 5, operation: TALK, flags: 0 }),
      data(5, encode({ n: 1 }), 0),
    )
    expect(raw.take().map(({ is }) => is)).toEqual(['message', 'denied', 'message', 'item'])
    policy.replace(document(denied))
    raw.engine.reask(0)
    expect(raw.engine.over).toBe(false)
    raw.send(begin({ exchange: 7, operation: CALL }))
    expect(raw.take().some(({ is }) => is === 'message')).toBe(false)
  })

  test.each([['an item of a stream', TALK, 2]] as const)(
    'PO-24 SE-133 that replaces the policy while %s is let in: no user code sees it',
    (_, operation, nth) => {
      for (const when of [[], [{ attribute: 'bytes', is: 'ge', value: 0 }]]) {
        let allowed = 0
        const policy = policyStore(document({ ...allow, when }), {
          audit: (record) => {
            if (isAllow(record) && ++allowed === nth) policy.replace(document())
            return true
          },
        })
        const raw = new Raw({ policy }, {}, [Flow, Streams])
        policy.onChange(() => raw.engine.reask(0))
        const stream = operation === TALK
        raw.send(begin({ exchange: 1, operation, flags: stream ? 0 : 1, body: encode({ n: 1 }) }))
        // Up to here it is with its handler.
        if (nth === 2)
          for (const event of raw.take()) if (event.is === 'message') expect(raw.engine.stands(event)).toBe(true)
        if (nth === 2) raw.send(data(1, encode({ n: 2 }), 0))
        expect(allowed).toBe(nth)
        const seen = raw
          .take()
          .filter((event) => event.is === 'message' || event.is === 'item')
          .filter((event) => raw.engine.stands(event) === true)
        expect(seen).toEqual([])
        expect(raw.read().map(({ is }) => is)).toContain('FAULT')
        expect(raw.engine.over).toBe(false)
      }
    },
  )
})

test('SE-131 ME-17 a call that waits for a slot when it is denied is never handled', async () => {
  const Work = contract('work.v1', { run: requestResponse({}) })
  const policy = policyStore(document(allow))
  const [first, done] = [gate(), gate()]
  let runs = 0
  const service = serve(
    Work,
    { concurrency: 1 },
    {
      run: async () => {
        runs++
        first.open()
        await done.passed
      },
    },
  )
  const { near } = await pair({ near: { use: [Work] }, far: { serve: [service], policy } })
  const calls = Array.from({ length: 5 }, () => code(client(near, Work).run()))
  await first.passed
  await near.ping()
  policy.replace(document())
  // Allowed again, it is too late for what was denied.
  policy.replace(document(allow))
  done.open()
  expect(await Promise.all(calls)).toEqual(Array(5).fill('policy/denied'))
  expect(runs).toBe(1)
})
