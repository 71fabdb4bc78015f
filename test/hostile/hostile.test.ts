import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { secretTextOf } from '../../src/identity/identity.js'
import { generateIdentity } from '../../src/index.js'
import { decodePacket, packetLength } from '../../src/session/packets.js'
import { SUITES } from '../../src/session/suites.js'
import type { Attack, Report } from './attacker.js'
import type { Handshakes, Held, Pace, Whom } from './honest.js'
import { KINDS } from './kinds.js'
import { addressesOf, HONEST, HOSTILE } from './load.js'
import type { Seen, Start } from './server.js'
import { type Talk, talkTo } from './talk.js'

/** Connections of each kind: `SOTTO_HOSTILE=500` is the full size. */
const COUNT = Number(process.env.SOTTO_HOSTILE ?? 6)
/** The handshake limit of the listener: `SOTTO_HOSTILE_MS=10000` is what it is unless a program says otherwise. */
const LIMIT_MS = Number(process.env.SOTTO_HOSTILE_MS ?? 1_000)
const LONG_MS = 600_000

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sotto-hostile-'))
afterAll(() => rmSync(folder, { recursive: true }))

beforeAll(async () => {
  await build({
    entryPoints: ['server', 'attacker', 'honest'].map((name) => at(`${name}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    alias: { '#native': at('../../src/crypto/native.ts') },
  })
})

interface Field {
  readonly server: Talk
  readonly attacker: Talk
  readonly honest: Talk
  readonly whom: Whom
  readonly attack: Omit<Attack, 'kinds' | 'count'>
}

/** A listener, an attacker and honest clients, each a process; the listener has been in use. */
const field = async (handshakeMs: number): Promise<Field> => {
  const start = async (name: string): Promise<Talk> => {
    const talk = await talkTo(join(folder, `${name}.mjs`))
    onTestFinished(() => talk.end())
    return talk
  }
  const [server, attacker, honest] = await Promise.all([start('server'), start('attacker'), start('honest')])
  const [key, mine] = [generateIdentity(), generateIdentity()]
  const begin: Start = { secret: secretTextOf(key), trust: [mine.id], handshakeMs }
  const port = await server.ask<number>('start', begin)
  const whom: Whom = { secret: secretTextOf(mine), peer: key.id, port, addresses: addressesOf(HONEST, 50) }
  const recording = await honest.ask<{ first: string; third: string }>('record', whom)
  await honest.ask('hold', { ...whom, count: 2 * COUNT, calls: 1 })
  return { server, attacker, honest, whom, attack: { port, addresses: addressesOf(HOSTILE, 24), ...recording } }
}

/** Resolves with what the listener has seen once only so many sockets are open there. */
const quiet = async (server: Talk, open = 0): Promise<Seen> => {
  for (;;) {
    const seen = await server.ask<Seen>('seen', { reset: false })
    if (seen.open <= open) return seen
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const percentile = (times: Handshakes['times'], part: number): number => {
  const sorted = times.map(([, ms]) => ms).sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

const figures = ({ times, failed }: Handshakes): string =>
  `${times.length} sessions, p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms, failed ${JSON.stringify(failed)}`

const since = ({ times, failed }: Handshakes, ms: number): Handshakes => ({
  times: times.filter(([at]) => at >= ms),
  failed,
})

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`

const say = (...lines: readonly string[]): void => {
  if (process.env.SOTTO_HOSTILE !== undefined) console.log(lines.join('\n'))
}

/** The packets of what a hostile end got, each as the length of its negotiation part and of its Noise part. */
const packetsOf = (hex: string): (readonly [neg: number, noise: number])[] => {
  const packets: [number, number][] = []
  for (let left: Uint8Array = Buffer.from(hex, 'hex'); left.length > 0; ) {
    const length = packetLength(left)
    if (length === undefined || length > left.length) throw new Error('a packet cut short')
    const { neg, noise } = decodePacket(left.subarray(0, length))
    packets.push([neg.length, noise.length])
    left = left.subarray(length)
  }
  return packets
}

const RETRY = [3, 0]
const MESSAGE2 = [0, SUITES[0].sizes[1]]

/** What each kind may be answered with, at most. */
const answersTo = (kind: string): readonly (readonly number[])[] => {
  if (kind === 'a suite for a Retry') return [RETRY]
  return /packet|own words|never reads/.test(kind) ? [MESSAGE2] : []
}

test(
  `LI-1 LI-2 LI-4 LI-50 LI-53 ${COUNT} hostile connections of each of ${Object.keys(KINDS).length} kinds at once`,
  async () => {
    const { server, attacker, honest, whom, attack } = await field(LIMIT_MS)
    const pace: Pace = { ...whom, everyMs: 25, count: Math.max(20, COUNT) }
    const before = await honest.ask<Handshakes>('handshakes', pace)
    await quiet(server)
    await server.ask('seen')
    const during = honest.ask<Handshakes>('handshakes', { ...pace, count: 1e6 })
    const kinds = Object.keys(KINDS)
    const start = performance.now()
    const { outcomes, connectedMs, lagMs } = await attacker.ask<Report>('attack', { ...attack, kinds, count: COUNT })
    const tookMs = performance.now() - start
    await honest.ask('stop')
    const after = await during
    const seen = await quiet(server)
    say(
      `before: ${figures(before)}`,
      `during: ${figures(after)}`,
      `of these, begun once all had connected (${connectedMs.toFixed(0)} ms) and a second more: ${figures(since(after, connectedMs + 1_000))}`,
      `the attack took ${tookMs.toFixed(0)} ms; the listener used ${seen.cpuMs.toFixed(0)} ms of a processor, was late by ${seen.lagMs.toFixed(0)} ms at most, the attacker by ${lagMs.toFixed(0)} ms`,
      `memory: ${mebibytes(seen.rss)}, at most ${mebibytes(seen.mostRss - seen.rss)} more`,
      `the slowest hostile one was closed after ${seen.slowestMs.toFixed(0)} ms, and got ${seen.mostSent} bytes`,
      JSON.stringify(await server.ask('failures')),
    )
    for (const { kind, most } of outcomes) {
      const packets = packetsOf(most)
      expect(packets.length === 0 ? answersTo(kind) : packets, kind).toEqual(answersTo(kind))
    }
    expect(seen.mostSent).toBeLessThanOrEqual(7 + 4 + SUITES[0].sizes[1])
    // What the listener promises, and what this machine was late by.
    expect(seen.slowestMs).toBeLessThanOrEqual(LIMIT_MS + 1_000 + seen.lagMs)
    expect(seen.mostRss - seen.rss).toBeLessThanOrEqual(32 * 2 ** 20)
    expect(after.times.length).toBeGreaterThan(0)
    // It lives, and serves.
    const { times } = await honest.ask<Handshakes>('handshakes', { ...pace, count: 5 })
    expect(times.length).toBeGreaterThan(0)
  },
  LONG_MS,
)

test.each([
  ['other sources', HONEST],
  ['the same sources', HOSTILE],
])(
  `LI-4 LI-50 LI-53 ${20 * COUNT} half-open attempts at once, and honest ends of %s still get in`,
  async (what, network) => {
    const { server, attacker, honest, whom, attack } = await field(10_000)
    await server.ask('seen')
    const kinds = ['says nothing', 'packet 1, then nothing']
    // It is not waited for: those that are not pushed out are held for 10 s.
    attacker.ask<Report>('attack', { ...attack, kinds, count: 10 * COUNT }).catch(() => undefined)
    const pace: Pace = { ...whom, addresses: addressesOf(network, 24), everyMs: 25, count: Math.max(30, COUNT / 2) }
    const during = await honest.ask<Handshakes>('handshakes', pace)
    attacker.end()
    const seen = await quiet(server)
    say(
      `${what}: ${figures(during)}; the listener used ${seen.cpuMs.toFixed(0)} ms of a processor, at most ${mebibytes(seen.mostRss - seen.rss)} more memory`,
    )
    const failed = Object.values(during.failed).reduce((sum, count) => sum + count, 0)
    expect(during.times.length).toBeGreaterThan(0)
    if (network === HONEST) expect(failed).toBe(0)
  },
  LONG_MS,
)

test(
  `LI-54 ${2 * COUNT} sessions of one listener at once, each with calls`,
  async () => {
    const { server, honest, whom } = await field(10_000)
    await server.ask('seen')
    const held = await honest.ask<Held>('hold', { ...whom, count: 2 * COUNT, calls: 20 })
    const seen = await quiet(server)
    say(
      `${held.sessions} sessions and ${held.calls} calls in ${held.ms.toFixed(0)} ms; the listener used ${seen.cpuMs.toFixed(0)} ms of a processor, at most ${mebibytes(seen.mostRss - seen.rss)} more memory`,
    )
    expect([held.sessions, held.calls]).toEqual([2 * COUNT, 40 * COUNT])
  },
  LONG_MS,
)
