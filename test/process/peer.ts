/**
 * The other process of a test. `node peer.js ROLE KEYFILE PEER ENDPOINT LOG`: what it ran is written to LOG, a byte each,
 * before anything is answered, so that it holds even when the process is killed.
 */
import { openSync, writeSync } from 'node:fs'
import { client, generateIdentity, type PeerId, type Session, serve } from '../../src/index.js'
import { dial, type Endpoint, listen, readIdentity } from '../../src/node.js'
import { Back, open, There } from './contracts.js'

const [, , role = '', keyFile = '', peerId, endpointText, log = ''] = process.argv
const identity = await readIdentity(keyFile)
// The casts: the test gives what it made.
const peer = peerId as PeerId
const endpoint = endpointText as Endpoint
const ran = openSync(log, 'a')

const never = () => new Promise<never>(() => undefined)

const there = serve(
  There,
  {
    // A call of this end is open, too, when either is killed.
    opened: async (session) => {
      if (!session.uses.includes(Back)) return
      const back = client<typeof Back, typeof Back>(session as Session<typeof Back>, Back)
      await back.wait(Uint8Array.of(0)).catch(() => undefined)
    },
  },
  {
    echo: (value) => value,
    wait: (value) => {
      writeSync(ran, value)
      return never()
    },
    tell: () => never(),
  },
)

const serving = async (): Promise<void> => {
  const listener = await listen(endpoint, { identity, trust: [peer], policy: open, serve: [there], use: [Back] })
  process.send?.('listening')
  for await (const _ of listener.failures);
}

const calling = async (): Promise<void> => {
  const session = await dial(endpoint, { identity, peer, policy: open, use: [There] })
  const acts = client(session, There)
  const calls = Array.from({ length: 20 }, (_, i) => acts.wait(Uint8Array.of(i)).catch(() => undefined))
  await acts.tell(Uint8Array.of(1))
  await Promise.all(calls)
}

/** Ways to live and end, after which the process has nothing left to do and must exit by itself. */
const LIVES: Readonly<Record<string, () => Promise<void>>> = {
  close: async () => {
    const session = await dial(endpoint, { identity, peer, policy: open, use: [There] })
    await client(session, There).echo(new Uint8Array(100_000))
    await session.ping()
    const asked = session.ping({ timeoutMs: 1e6 }).catch(() => undefined)
    await session.close()
    await asked
  },
  abort: async () => {
    const { signal } = new AbortController()
    const session = await dial(endpoint, { identity, peer, policy: open, use: [There], signal })
    const call = client(session, There)
      .wait(Uint8Array.of(1), { timeoutMs: 1e6, signal })
      .catch(() => undefined)
    await client(session, There).echo(Uint8Array.of(1))
    session.abort()
    await Promise.all([call, session.closed])
  },
  refused: async () => {
    const stranger = generateIdentity().id
    const attempts = [
      dial(endpoint, { identity, peer: stranger, use: [There] }),
      dial('unix:/nowhere/sotto.sock', { identity, peer }),
      dial(endpoint, { identity, peer, use: [There], protocol: { service: 'none' } }),
    ]
    if ((await Promise.allSettled(attempts)).some(({ status }) => status === 'fulfilled')) process.exitCode = 3
  },
  listen: async () => {
    const listener = await listen('tcp:127.0.0.1:0', { identity, trust: [peer], serve: [there] })
    await listener.close()
    const aborted = new AbortController()
    await listen('tcp:127.0.0.1:0', { identity, trust: [peer], signal: aborted.signal })
    aborted.abort()
  },
  stdioListen: async () => {
    const listener = await listen('stdio:', { identity, trust: [peer], policy: open, serve: [there] })
    const until = async (): Promise<void> => {
      for (const session of listener.sessions) await session.closed
    }
    while (listener.sessions.size === 0) await new Promise((resolve) => setImmediate(resolve))
    await until()
    await listener.close()
  },
  stdioDial: async () => {
    const session = await dial('stdio:', { identity, peer, policy: open, use: [There] })
    await client(session, There).echo(new Uint8Array(300_000))
    await session.close()
  },
}

const life = LIVES[role]
if (role === 'serve') await serving()
else if (role === 'call') await calling()
else if (life === undefined) process.exitCode = 2
else {
  await life()
  // Exiting would wait for it: it is a wait that nobody is in any more.
  if (process.getActiveResourcesInfo().includes('Timeout')) process.exitCode = 4
}
