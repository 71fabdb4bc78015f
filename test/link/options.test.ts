import { expect, onTestFinished, test, vi } from 'vitest'
import {
  type DialOptions,
  generateIdentity,
  type Host,
  type HostOptions,
  host,
  initiate,
  memoryPair,
  type Protocol,
  type Session,
  SottoError,
} from '../../src/index.js'
import { initiatorSideOf, responderSideOf } from '../../src/link/options.js'

const near = generateIdentity()
const far = generateIdentity()
const KEY = new Uint8Array(32).fill(3)
const ID = Uint8Array.of(1, 2, 3)

const dialling = (protocol: DialOptions['protocol'] = {}): DialOptions => ({ identity: near, peer: far.id, protocol })
const listening = (protocol: Protocol = {}): HostOptions => ({ identity: far, trust: [near.id], protocol })

const opened = (options: HostOptions): Host => {
  const answering = host(options)
  onTestFinished(() => answering.close())
  return answering
}

/** The session of a dial, or the code of the error it met; and how many Hellos the listener got. */
const dialled = async (answering: Host, options: DialOptions): Promise<Session | string> => {
  const [left, right] = memoryPair()
  answering.accept(right).catch(() => undefined)
  try {
    return await initiate(left, options)
  } catch (error) {
    return error instanceof SottoError ? error.code : String(error)
  }
}

test('SE-88 a psk of another length, of zeros alone, or with another id is refused at both ends before a byte is sent', () => {
  const wrong: readonly { readonly id: Uint8Array; readonly key: Uint8Array }[] = [
    { id: ID, key: KEY.subarray(1) },
    { id: ID, key: new Uint8Array(33).fill(1) },
    { id: ID, key: new Uint8Array(32) },
    { id: new Uint8Array(0), key: KEY },
    { id: new Uint8Array(33), key: KEY },
  ]
  for (const psk of wrong) {
    expect(() => initiatorSideOf(dialling({ psk }), 0)).toThrow(RangeError)
    expect(() => host(listening({ psk }))).toThrow(RangeError)
    expect(() => host(listening({ psk: [{ id: ID, key: KEY }, psk] }))).toThrow(RangeError)
  }
  for (const psk of [
    [],
    [
      { id: ID, key: KEY },
      { id: Uint8Array.from(ID), key: KEY.with(0, 4) },
    ],
  ])
    expect(() => host(listening({ psk }))).toThrow(RangeError)
  // What does not compile may still be run.
  const list: object = { psk: [{ id: ID, key: KEY }] }
  const text: object = { psk: { id: 'id', key: 'key' } }
  for (const protocol of [list, text]) expect(() => initiatorSideOf(dialling(protocol), 0)).toThrow(TypeError)
})

test('SE-83 psks are copied when they are given', () => {
  const psk = { id: Uint8Array.from(ID), key: Uint8Array.from(KEY) }
  const initiator = initiatorSideOf(dialling({ psk }), 0)
  const responder = responderSideOf(listening({ psk }), 0)
  psk.id.fill(9)
  psk.key.fill(9)
  expect(initiator.psk).toEqual({ id: ID, key: KEY })
  expect([responder.pskOf?.(ID), responder.pskOf?.(psk.id)]).toEqual([KEY, undefined])
})

test('SE-80 SE-82 a listener with two psks takes either, so that one can replace the other, and nobody without', async () => {
  const [old, next] = [
    { id: ID, key: KEY },
    { id: Uint8Array.of(4), key: KEY.with(0, 9) },
  ] as const
  const answering = opened(listening({ psk: [old, next] }))
  for (const psk of [old, next]) {
    const session = await dialled(answering, dialling({ psk }))
    if (typeof session === 'string') throw new Error(session)
    expect(session.suite).toContain('psk3')
    await session.close()
  }
  // The listener says nothing, and closes.
  expect(await dialled(answering, dialling())).toBe('session/lost')
  expect(await dialled(answering, dialling({ psk: { ...old, key: next.key } }))).toBe('session/lost')
  expect(await dialled(answering, dialling({ psk: { ...old, id: Uint8Array.of(5) } }))).toBe('session/lost')
  expect(await dialled(opened(listening()), dialling({ psk: old }))).toBe('session/lost')
})

test('SE-84 a dial that a lesser list would have saved fails, and is not tried again', async () => {
  const [left, right] = memoryPair()
  const hellos: number[] = []
  const dial = initiate(left, dialling()).catch((error: unknown) => error)
  for await (const bytes of right) {
    hellos.push(bytes.length)
    // The listener has `pq: 'off'` and knows none of the list.
    await right.close()
  }
  expect(await dial).toMatchObject({ code: 'session/lost' })
  expect(hellos).toHaveLength(1)
})

test('SE-5 options that cannot be are refused, and never taken for a lesser setting', () => {
  const wrong: object[] = [
    { pq: 'required' },
    { pq: 'constructor' },
    { padding: 'bucket' },
    { padding: { multiple: 0 } },
    { padding: { multiple: 65_520 } },
    { padding: { multiple: Number.NaN } },
    { padding: { multiple: 1.5 } },
    { rekey: { records: 0 } },
    { rekey: { records: Number.NaN } },
    { rekey: { bytes: 0 } },
    { rekey: { bytes: Number.POSITIVE_INFINITY } },
    { rekey: { refreshMs: 1_999 } },
    { rekey: { refreshMs: 3_600_001 } },
  ]
  for (const protocol of wrong) {
    expect(() => initiatorSideOf(dialling(protocol), 0), JSON.stringify(protocol)).toThrow(RangeError)
    expect(() => responderSideOf(listening(protocol), 0), JSON.stringify(protocol)).toThrow(RangeError)
  }
  expect(initiatorSideOf(dialling(), 0)).toMatchObject({ pq: 'require', padding: 'none', rekey: {} })
  const protocol = { pq: 'prefer', padding: { multiple: 256 }, rekey: { records: 9, refreshMs: 2_000 } } as const
  expect(initiatorSideOf(dialling(protocol), 0)).toMatchObject(protocol)
})

test('CH-37 a key log is set by one option alone, which says so aloud, and sees the keys of both ends', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  onTestFinished(() => warn.mockRestore())
  const lines: string[] = []
  const answering = opened(listening())
  const session = await dialled(answering, dialling({ rekey: { unsafeKeyLog: (line) => lines.push(line) } }))
  if (typeof session === 'string') throw new Error(session)
  expect(warn.mock.calls.join()).toContain('unsafeKeyLog')
  expect(lines.filter((line) => line.includes(session.id))).toHaveLength(2)
  await session.close()
})
