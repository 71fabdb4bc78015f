import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from '@nats-io/transport-node'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { client, generateIdentity, type Session, SottoError } from '../../src/index.js'
import { natsBroker } from '../../src/nats.js'
import { dial, type Endpoint, writeIdentity } from '../../src/node.js'
import { KEY, open, Work } from './natspeer.js'
import { hasNats, NatsServer } from './natsserver.js'

/** More of them look longer: SOTTO_NATS_MESSAGES. */
const MESSAGES = Number(process.env.SOTTO_NATS_MESSAGES ?? 200)
const CREDIT = 16
const PRODUCERS = 16

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sotto-services-'))
const program = join(folder, 'natspeer.mjs')
const keyFile = join(folder, 'theirs.key')
const mine = generateIdentity()
const theirs = generateIdentity()

afterAll(() => rmSync(folder, { recursive: true }))

interface Service {
  readonly session: Session
  readonly child: ChildProcess
}

/** What was handed out, at which service, when, and whether its acknowledgement was taken. */
interface Handed {
  readonly value: number
  readonly by: number
  readonly attempt: number
  readonly atMs: number
}

describe.runIf(hasNats())('two services in two processes', () => {
  beforeAll(async () => {
    await writeIdentity(keyFile, theirs)
    await build({
      entryPoints: [at('natspeer.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
      alias: { '#native': at('../../src/crypto/native.ts') },
      // The clients of NATS are CommonJS, and ask for modules of Node as such do.
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    })
  })

  const start = async (name: string, port: number): Promise<Service> => {
    const endpoint: Endpoint = `unix:${join(folder, name)}`
    const child = fork(program, [keyFile, mine.id, endpoint, `${port}`], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    await new Promise((resolve) => child.once('message', resolve))
    const session = await dial(endpoint, { identity: mine, peer: theirs.id, policy: open, use: [Work] })
    onTestFinished(() => session.abort())
    return { session, child }
  }

  test('BR-81 BR-83 consumers go on at the other service when one is killed, and nothing is lost', async () => {
    const server = await NatsServer.start()
    onTestFinished(() => server.remove())
    const services = [await start('a', server.port), await start('b', server.port)]
    const [first, second] = services
    if (first === undefined || second === undefined) throw new RangeError('expected two services')
    const handed: Handed[] = []
    const acked = new Set<number>()
    // Its acknowledgement may have been taken by the service that was killed before it could say so.
    const unknown = new Set<number>()
    const consume = async ({ session }: Service, by: number): Promise<void> => {
      for await (const job of client(session, Work).jobs.consume({}, { credit: CREDIT })) {
        handed.push({ value: job.value, by, attempt: job.attempt, atMs: performance.now() })
        if (handed.length === Math.floor(MESSAGES / 2)) kill()
        void job.ack().then(
          () => acked.add(job.value),
          (error: unknown) => {
            expect(error).toBeInstanceOf(SottoError)
            unknown.add(job.value)
          },
        )
      }
    }
    let killedMs = Number.POSITIVE_INFINITY
    const kill = (): void => {
      killedMs = performance.now()
      first.child.kill('SIGKILL')
    }
    const lost = consume(first, 0).catch((error: unknown) => error)
    const stays = consume(second, 1).catch((error: unknown) => error)
    let next = 0
    const produce = async (): Promise<void> => {
      for (let value = next++; value < MESSAGES; value = next++) await enqueue(services, value)
    }
    await Promise.all(Array.from({ length: PRODUCERS }, produce))
    expect(await lost).toMatchObject({ code: 'session/lost' })
    const connection = await connect({ servers: `127.0.0.1:${server.port}` })
    onTestFinished(() => connection.close())
    const broker = natsBroker({ connection, keys: [KEY] })
    const queue = broker.queue('work.v1.jobs', Work.operations.jobs.settings)
    const isEmpty = async (): Promise<boolean> => {
      const { ready, delayed, leased, dead } = await queue.metrics()
      return ready + delayed + leased + dead === 0
    }
    await vi.waitUntil(isEmpty, { timeout: 300_000, interval: 100 })
    await vi.waitUntil(() => new Set([...acked, ...unknown]).size === MESSAGES, { timeout: 60_000 })
    tell(handed, killedMs)
    expect(
      [...unknown].every((value) => acked.has(value) || handed.some(({ by, value: got }) => by === 0 && got === value)),
    ).toBe(true)
    expect(new Set(handed.map(({ value }) => value)).size).toBe(MESSAGES)
    second.session.abort()
    expect(await stays).toMatchObject({ code: 'session/lost' })
  }, 600_000)
})

/** At either service; under a key, so that one which may have stored it can be asked again at the other. */
const enqueue = async (services: readonly Service[], value: number): Promise<void> => {
  for (let n = value; ; n++) {
    const service = services[n % services.length]
    if (service === undefined) throw new RangeError('expected a service')
    try {
      await client(service.session, Work).jobs.enqueue(value, { key: `${value}` })
      return
    } catch (error) {
      if (!(error instanceof SottoError) || error.ran === 'yes') throw error
    }
  }
}

const tell = (handed: readonly Handed[], killedMs: number): void => {
  const after = handed.filter(({ atMs }) => atMs > killedMs)
  const ms = (found: Handed | undefined) => (found === undefined ? 'none' : `${Math.round(found.atMs - killedMs)} ms`)
  const goesOn = ms(after.find(({ by }) => by === 1))
  const again = after.filter(({ attempt }) => attempt > 1)
  const span = (handed.at(-1)?.atMs ?? 0) - (handed[0]?.atMs ?? 0)
  console.log(
    `services: ${handed.length} handed out of ${MESSAGES}, ${handed.length - new Set(handed.map(({ value }) => value)).size} twice; ` +
      `one killed: the other went on after ${goesOn}, what the killed one held came after ${ms(again[0])} to ${ms(again.at(-1))}; ` +
      `${Math.round(span)} ms in all`,
  )
}
