/** Sessions over a Unix socket between a program with the SDK and the peer in Python, both ways, with each suite. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  client,
  contract,
  faultOf,
  generateIdentity,
  oneWay,
  type Policy,
  requestResponse,
  type Session,
  SottoError,
  serve,
} from 'sotto'
import { dial, listen } from 'sotto/node'
import { afterAll, expect } from 'vitest'
import { z } from 'zod'
import { toHex } from '../../src/bytes.js'
import { secretTextOf } from '../../src/identity/identity.js'
import { SUITES } from '../../src/session/suites.js'
import { peerOfTest, pythonTest } from './python.js'

const folder = mkdtempSync(join(tmpdir(), 'sotto-python-'))
afterAll(() => rmSync(folder, { recursive: true }))

const Level = z.object({ level: z.number(), text: z.string() })
const Kit = contract('kit.v1', {
  echo: requestResponse({ request: Level, response: Level, visible: ['level'], idempotent: true }),
  fail: requestResponse({ request: z.string(), faults: { Refused: z.string() } }),
  crash: requestResponse({}),
  never: requestResponse({}),
  note: oneWay(Level, { visible: ['level'] }),
})

const policy: Policy = {
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send'], on: ['kit.v1.*'] }],
}
const psk = { id: Uint8Array.of(1, 2, 3, 4), key: new Uint8Array(32).fill(7) }

/** What both ends are told, so that they come to one suite and no other. */
const settingsOf = (name: string) => {
  const pq = name.includes('hfs') ? ('require' as const) : ('off' as const)
  const hasPsk = name.includes('psk3')
  return {
    protocol: { pq, ...(hasPsk && { psk }) },
    env: {
      SOTTO_PQ: pq,
      SOTTO_AES: name.includes('AESGCM') ? 'on' : 'off',
      ...(hasPsk && { SOTTO_PSK: `${toHex(psk.id)}:${toHex(psk.key)}` }),
    },
  }
}
const NAMES = SUITES.map(({ name }) => name)

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  )
  return error instanceof SottoError ? error.code : String(error)
}

/** What every session shows: calls, a message in pieces, faults of each kind, time that runs out, a one-way message. */
const tryAll = async (session: Session<typeof Kit>): Promise<void> => {
  const kit = client(session, Kit)
  expect(await kit.echo({ level: 3, text: 'x' })).toEqual({ level: 3, text: 'x' })
  const long = 'y'.repeat(600_000)
  expect(await kit.echo({ level: 4, text: long })).toEqual({ level: 4, text: long })
  const refused: unknown = await kit.fail('no').catch((error: unknown) => error)
  expect(faultOf(refused, Kit.operations.fail)).toMatchObject({ name: 'Refused', data: 'no' })
  expect(await codeOf(kit.crash())).toBe('call/internal')
  expect(await codeOf(kit.never(undefined, { timeoutMs: 20 }))).toBe('call/deadline')
  await kit.note({ level: 1, text: '' })
}

pythonTest.each(NAMES)('SE-4 a dialler with the SDK holds a session with the peer in Python by %s', async (name) => {
  const [here, there] = [generateIdentity(), generateIdentity()]
  const path = join(folder, `a${NAMES.indexOf(name)}`)
  const { protocol, env } = settingsOf(name)
  const server = peerOfTest(['serve', `unix:${path}`, here.id], { ...env, SOTTO_SECRET: secretTextOf(there) })
  expect(JSON.parse(await server.line())).toEqual({ event: 'listening', id: there.id })

  const session = await dial(`unix:${path}`, { identity: here, peer: there.id, use: [Kit], policy, protocol })
  expect(session.suite).toBe(name)
  await tryAll(session)
  await session.close()
  expect(await session.closed).toEqual({ clean: true })
  const heard: string[] = []
  for (let line = ''; !line.includes('"eof"'); heard.push(line)) line = await server.line()
  expect(heard.filter((line) => line.includes('"note"'))).toHaveLength(1)
  expect(heard.at(-2)).toBe('{"event": "closed", "code": null}')
})

pythonTest.each(NAMES)('SE-4 the peer in Python holds a session with a listener of the SDK by %s', async (name) => {
  const [here, there] = [generateIdentity(), generateIdentity()]
  const path = join(folder, `b${NAMES.indexOf(name)}`)
  const { protocol, env } = settingsOf(name)
  const suites: string[] = []
  const kit = serve(
    Kit,
    { opened: (session) => void suites.push(session.suite) },
    {
      echo: (value) => value,
      fail: (value, { fault }) => {
        throw fault('Refused', value)
      },
      crash: () => undefined,
      never: () => undefined,
      note: () => undefined,
    },
  )
  await using _listener = await listen(`unix:${path}`, {
    identity: here,
    trust: [there.id],
    serve: [kit],
    policy,
    protocol,
  })
  const run = async (operation: string, value: unknown) => {
    const child = peerOfTest(['call', `unix:${path}`, here.id, operation, JSON.stringify(value)], {
      ...env,
      SOTTO_SECRET: secretTextOf(there),
    })
    return { child, exit: await child.exit }
  }
  const echoed = await run('echo', { level: 3, text: 'é' })
  expect(echoed.exit).toBe(0)
  expect(await echoed.child.line()).toBe('{"text": "é", "level": 3}')
  const failed = await run('fail', 'no')
  expect(failed.exit).toBe(1)
  expect(JSON.parse(failed.child.errors.join(''))).toEqual({
    event: 'fault',
    code: 'call/fault',
    ran: 'yes',
    tag: '1',
    name: 'Refused',
    body: '626e6f',
  })
  expect(suites).toEqual([name, name])
})

/** The generations of the keys that a session has gone over to, as its key log tells them; settles at the first refresh of both directions. */
const refreshed = () => {
  const seen = new Set<string>()
  let done: () => void = () => undefined
  const both = new Promise<void>((resolve) => {
    done = resolve
  })
  const unsafeKeyLog = (line: string) => {
    const [, , way, generation] = line.split(' ')
    if (generation === '1') seen.add(String(way))
    if (seen.size === 2) done()
  }
  return { both, unsafeKeyLog }
}

pythonTest('CH-28 a dialler with the SDK refreshes the keys of a session with the peer in Python', async () => {
  const [here, there] = [generateIdentity(), generateIdentity()]
  const path = join(folder, 'c')
  const server = peerOfTest(['serve', `unix:${path}`, here.id], { SOTTO_SECRET: secretTextOf(there) })
  await server.line()
  const { both, unsafeKeyLog } = refreshed()
  const protocol = { rekey: { records: 3, refreshMs: 2_000, unsafeKeyLog } }
  const session = await dial(`unix:${path}`, { identity: here, peer: there.id, use: [Kit], policy, protocol })
  await both
  await tryAll(session)
  await session.close()
  expect(await session.closed).toEqual({ clean: true })
})

pythonTest('CH-30 the peer in Python refreshes the keys of a session when a listener of the SDK asks', async () => {
  const [here, there] = [generateIdentity(), generateIdentity()]
  const path = join(folder, 'd')
  const { both, unsafeKeyLog } = refreshed()
  const protocol = { rekey: { refreshMs: 2_000, unsafeKeyLog } }
  const kit = serve(Kit, {
    echo: async (value) => {
      await both
      return value
    },
    fail: () => undefined,
    crash: () => undefined,
    never: () => undefined,
    note: () => undefined,
  })
  await using _listener = await listen(`unix:${path}`, {
    identity: here,
    trust: [there.id],
    serve: [kit],
    policy,
    protocol,
  })
  const child = peerOfTest(['call', `unix:${path}`, here.id, 'echo', '{"level":1,"text":"a"}'], {
    SOTTO_SECRET: secretTextOf(there),
  })
  expect(await child.exit).toBe(0)
})

const NO_LINES = [
  '',
  'x',
  '[]',
  '{}',
  '{"do":"dance"}',
  '{"session":1,"do":"close"}',
  '{"do":"open","session":1,"policy":{}}',
]

pythonTest.each(NO_LINES)(
  'CF-1 the shim in Python ends, without an answer, for a line that is none: %s',
  async (text) => {
    const shim = peerOfTest(['shim'])
    shim.write('{"do":"hello","sotto":1}')
    expect(JSON.parse(await shim.line())).toMatchObject({ hello: { levels: ['core'] } })
    shim.write(text)
    expect(await shim.exit).toBe(1)
    await expect(shim.line()).rejects.toThrow('the peer ended: ')
  },
)
