/** The shim inside this process: what its sessions do and say, one end talking with the other. */
import { describe, expect, test } from 'vitest'
import { toHex, utf8 } from '../../src/bytes.js'
import { encode, type Wire } from '../../src/cbor.js'
import { Lines, MAX_LINE } from '../../src/kit/shimlines.js'
import { INITIATOR, type Line, RESPONDER, Talk } from './talk.js'

const cbor = (value: Wire): string => toHex(encode(value))

const begun = async (initiator: Line = {}, responder: Line = {}, talk = new Talk()): Promise<Talk> => {
  await talk.hello()
  talk.pair(initiator, responder)
  await Promise.all([talk.event(INITIATOR, 'open'), talk.event(RESPONDER, 'open')])
  return talk
}

/** Both ends hang up, and what they said of the end. */
const ended = async (talk: Talk): Promise<readonly unknown[]> => {
  await Promise.all([talk.event(INITIATOR, 'eof'), talk.event(RESPONDER, 'eof')])
  await talk.settle()
  expect(talk.over).toBeUndefined()
  for (const session of [INITIATOR, RESPONDER])
    expect(
      talk
        .events(session)
        .slice(-2)
        .map(({ event }) => event),
    ).toEqual(['closed', 'eof'])
  return [INITIATOR, RESPONDER].map((session) => talk.events(session, 'closed')[0]?.code)
}

describe('the sessions of a shim', () => {
  test('CF-1 it says what it claims, before anything else', async () => {
    const talk = new Talk()
    const { hello } = await talk.hello()
    expect(hello).toMatchObject({ sotto: 1, levels: ['core', 'messaging', 'policy'] })
    const early = new Talk()
    early.tell({ do: 'settle', id: 1 })
    expect(early.over?.error).toMatchObject({ message: 'line 1: expected hello first' })
  })

  test('CF-3 CF-5 both ends open with the same name and call each other', async () => {
    const talk = await begun()
    const [one, two] = [talk.events(INITIATOR, 'open')[0], talk.events(RESPONDER, 'open')[0]]
    expect(one?.sessionId).toBe(two?.sessionId)
    expect(one?.suite).toMatch(/^Noise_XXhfs_/)
    talk.act(INITIATOR, 'call', { tag: 'a', operation: 'echo', body: cbor({ level: 1 }) })
    expect(await talk.event(INITIATOR, 'reply')).toMatchObject({ tag: 'a', body: cbor({ level: 1 }) })
    talk.act(RESPONDER, 'call', { tag: 'a', operation: 'fail', body: cbor(7) })
    const fault = { tag: 'a', code: 'call/fault', ran: 'yes', name: 'Refused', body: cbor(7) }
    expect(await talk.event(RESPONDER, 'fault')).toMatchObject(fault)
    talk.act(INITIATOR, 'send', { operation: 'note', body: '' })
    talk.act(INITIATOR, 'call', { tag: 'c', operation: 'crash', body: '' })
    expect(await talk.event(INITIATOR, 'fault')).toMatchObject({ tag: 'c', code: 'call/internal', ran: 'yes' })
    await talk.settle()
    const heard = talk.events(RESPONDER, 'heard').map(({ operation, body }) => [operation, body])
    expect(heard).toEqual([
      ['echo', cbor({ level: 1 })],
      ['note', ''],
      ['crash', ''],
    ])
    talk.act(INITIATOR, 'close')
    expect(await ended(talk)).toEqual([null, null])
  })

  test('CF-5 a call that is cancelled is over at its handler', async () => {
    const talk = await begun()
    talk.act(INITIATOR, 'call', { tag: 'n', operation: 'never', body: '' })
    await talk.event(RESPONDER, 'heard')
    talk.act(INITIATOR, 'cancel', { tag: 'n' })
    expect(await talk.event(INITIATOR, 'fault')).toMatchObject({ tag: 'n', code: 'call/cancelled' })
    expect(await talk.event(RESPONDER, 'over')).toMatchObject({ operation: 'never', code: 'call/cancelled' })
  })

  test('CF-5 streams go both ways, of items and of bytes', async () => {
    const talk = await begun()
    talk.act(INITIATOR, 'stream', { tag: 's', operation: 'collect', body: '' })
    talk.act(INITIATOR, 'item', { tag: 's', body: cbor('x') })
    talk.act(INITIATOR, 'stream', { tag: 'b', operation: 'pour', body: '' })
    talk.act(INITIATOR, 'item', { tag: 'b', body: '00ff' })
    talk.act(INITIATOR, 'stream', { tag: 'c', operation: 'count', body: cbor(2) })
    await talk.until(({ event, tag }) => event === 'ended' && tag === 'c')
    talk.act(INITIATOR, 'end', { tag: 's' })
    talk.act(INITIATOR, 'end', { tag: 'b' })
    for (const of of ['s', 'b']) await talk.until(({ event, tag }) => event === 'ended' && tag === of)
    const items = (of: string) => talk.events(INITIATOR, 'item').flatMap(({ tag, body }) => (tag === of ? [body] : []))
    expect([items('s'), items('b'), items('c')]).toEqual([[cbor('x')], ['00ff'], [cbor(0), cbor(1)]])
  })

  test('CF-5 what is published and enqueued is delivered', async () => {
    const talk = await begun()
    talk.act(INITIATOR, 'subscribe', { tag: 't', operation: 'news', subject: '*', slow: 'block', credit: 4 })
    await talk.event(INITIATOR, 'ready')
    talk.act(INITIATOR, 'publish', { operation: 'news', subject: 'hall', body: cbor(1) })
    talk.act(INITIATOR, 'enqueue', { tag: 'e', operation: 'work', subject: 'hall', body: cbor(2) })
    await talk.event(INITIATOR, 'reply')
    talk.act(INITIATOR, 'consume', { tag: 'q', operation: 'work', subject: 'hall' })
    await talk.until(({ event, tag }) => event === 'item' && tag === 'q')
    const items = talk.events(INITIATOR, 'item').map(({ tag, subject, body }) => [tag, subject, body])
    expect(items).toEqual([
      ['t', 'hall', cbor(1)],
      ['q', 'hall', cbor(2)],
    ])
    expect(talk.events(INITIATOR, 'heard').map(({ operation, subject }) => [operation, subject])).toEqual([
      ['news', 'hall'],
      ['work', 'hall'],
    ])
    talk.act(RESPONDER, 'close')
    expect(await ended(talk)).toEqual([null, null])
  })

  test('CF-7 what a policy refuses is told to its sender, and heard by nobody', async () => {
    const rules = [{ id: 'calls', effect: 'allow', by: ['any'], verbs: ['call'], on: ['kit.v1.echo'] }]
    const talk = await begun({}, { policy: { version: 1, rules } })
    talk.act(INITIATOR, 'send', { operation: 'note', body: '' })
    expect(await talk.event(INITIATOR, 'refused')).toMatchObject({ verb: 'send', address: 'kit.v1.note' })
    talk.act(RESPONDER, 'replace', { policy: { version: 1, rules: [] } })
    talk.act(INITIATOR, 'call', { tag: 'a', operation: 'echo', body: '' })
    expect(await talk.event(INITIATOR, 'fault')).toMatchObject({ tag: 'a', code: 'policy/denied', ran: 'no' })
    await talk.settle()
    expect(talk.events(RESPONDER, 'heard')).toEqual([])
  })

  test.each(['require', 'prefer', 'off'])('CF-3 suites, psk, limits and rekeying are as said, pq: %s', async (pq) => {
    const psk = { id: '01', key: '33'.repeat(32) }
    const both = { pq, psk, service: 's', context: cbor(5), limits: { message: 2048 }, rekey: { records: 2 } }
    const talk = await begun(both, both)
    expect(talk.events(INITIATOR, 'open')[0]?.suite).toMatch(pq === 'off' ? /^Noise_XXpsk3_/ : /^Noise_XXhfs\+psk3_/)
    for (const tag of ['1', '2', '3', '4']) {
      talk.act(INITIATOR, 'call', { tag, operation: 'echo', body: '01' })
      await talk.until((line) => line.event === 'reply' && line.tag === tag)
    }
    const id = { id: 'x' }
    for (const operation of ['start', 'go', 'finish']) {
      talk.act(INITIATOR, 'call', { tag: operation, operation, body: cbor(id) })
      await talk.until((line) => line.event === 'reply' && line.tag === operation)
    }
    talk.act(INITIATOR, 'call', { tag: 'l', operation: 'echo', body: cbor(new Uint8Array(4096)) })
    expect(await talk.event(INITIATOR, 'fault')).toMatchObject({ tag: 'l', code: 'call/too-large' })
  })

  test('CF-6 an end that came without END is told before the end of the pipe', async () => {
    const talk = await begun()
    talk.tell({ session: RESPONDER, eof: true })
    expect(await ended(talk)).toEqual(['channel/truncated', 'channel/truncated'])
  })

  test('CF-6 who is not expected is told of as closed', async () => {
    const talk = new Talk()
    await talk.hello()
    talk.pair({ secret: '44'.repeat(32) })
    expect(await ended(talk)).toEqual(['identity/not-trusted', 'identity/not-trusted'])
    expect(talk.events(INITIATOR, 'open')).toEqual([])
  })

  test('CF-4 what is settled has said all that it leads to', async () => {
    const talk = await begun()
    for (let tag = 0; tag < 64; tag++) talk.act(INITIATOR, 'call', { tag: `${tag}`, operation: 'echo', body: '' })
    const before = await talk.settle()
    expect(talk.events(INITIATOR, 'reply')).toHaveLength(64)
    expect(talk.said.at(-1)).toBe(before)
  })

  test('CF-4 sessions that go on and on, and handlers that wait, do not hold up what is settled', async () => {
    const talk = await begun()
    talk.act(RESPONDER, 'call', { tag: 'waits', operation: 'never', body: '' })
    let isSettled = false
    const goesOn = async (): Promise<number> => {
      let tag = 0
      for (; !isSettled; tag++) {
        const name = `${tag}`
        talk.act(INITIATOR, 'call', { tag: name, operation: 'echo', body: '' })
        await talk.until((line) => line.event === 'reply' && line.tag === name)
      }
      return tag
    }
    const calls = goesOn()
    await talk.settle()
    isSettled = true
    expect(await calls).toBeGreaterThan(1)
    expect(talk.events(INITIATOR, 'heard')).toHaveLength(1)
  })

  test('CF-2 what is not known is unsupported', async () => {
    const talk = new Talk()
    await talk.hello()
    expect(await talk.ask('weather', {})).toEqual({ id: 1, unsupported: true })
  })

  test('CF-1 it ends with its sessions, by exit', async () => {
    const talk = await begun()
    talk.tell({ do: 'exit' })
    expect(talk.over).toEqual({ error: undefined })
  })
})

describe('lines', () => {
  const wrong: readonly (readonly [string, string])[] = [
    ['{', 'no JSON'],
    ['[]', 'no object'],
    ['{"do":"dance"}', 'an act of no session'],
    ['{"do":"open","session":1,"role":"both"}', 'another role'],
    ['{"session":7,"bytes":"00"}', 'a session that was never opened'],
    ['{"do":"ask","id":1,"ask":"cbor","vector":{"as":"body","hex":"F6"}}', 'hex in capitals'],
    ['{"do":"settle"}', 'no id'],
  ]

  test.each(wrong)('CL-51 %s ends the shim: %s', async (line) => {
    const talk = new Talk()
    await talk.hello()
    talk.shim.take(line)
    expect(talk.over?.error).toMatchObject({ name: 'SyntaxError', message: expect.stringMatching(/^line 2: /) })
  })

  test('CL-51 are cut wherever they come apart, and are UTF-8 of at most 4 MiB', () => {
    const bytes = utf8('{"é":1}\n\n{}\n')
    const lines = new Lines()
    expect([...bytes].flatMap((byte) => lines.take(Uint8Array.of(byte)))).toEqual(['{"é":1}', '', '{}'])
    expect(lines.end()).toBeUndefined()
    lines.take(utf8('{'))
    expect(() => lines.end()).toThrow(SyntaxError)
    expect(() => new Lines().take(Uint8Array.of(0xc3, 0x0a))).toThrow('UTF-8')
    const longest = new Lines()
    expect(longest.take(new Uint8Array(MAX_LINE).fill(0x20))).toEqual([])
    expect(() => longest.take(utf8(' '))).toThrow(`${MAX_LINE}`)
  })
})
