/** A day of a session that sends a message a second, in a process of its own (age.test.ts): prints what it came to. */

import type { Engine } from '../../src/session/engine.js'
import { decodeFrames, NO_LABELS } from '../../src/session/frames.js'
import { Random } from '../random.js'
import { type Watcher, watched } from './keyring.js'
import { Process } from './process.js'
import type { Role, Setting } from './script.js'
import { messageOf } from './service.js'

const HOUR_MS = 3_600_000
const HOURS = 24
const SECOND_MS = 1_000

/** Records under a key, and how long keys are in use. */
const RECORDS = 100

const SETTING: Setting = {
  suite: 'XX',
  aes: [true, true],
  credentials: false,
  psk: false,
  padding: 'none',
  provider: 'native',
  limits: [{}, {}],
  rekey: [RECORDS, RECORDS],
  refreshMs: HOUR_MS,
  keepaliveMs: 20_000,
  latencyMs: 0,
  capacity: 0,
  closes: 'both',
}

/** Counts the keys of a direction, and keeps of each no more than six bytes. */
class Keys implements Watcher {
  readonly #seen: Set<number>
  #key = ''
  #records = 0
  /** Of any key, at most. */
  most = 0
  rekeys = 0
  refreshes = 0
  total = 0
  repeated = 0

  constructor(seen: Set<number>) {
    this.#seen = seen
  }

  sealed(key: string, n: number, plaintext: Uint8Array): void {
    if (n !== this.total++) throw new Error(`record ${this.total - 1} is sealed with the nonce ${n}`)
    if (key !== this.#key) this.#next(key)
    this.most = Math.max(this.most, ++this.#records)
    const last = decodeFrames(plaintext).at(-1)
    if (last?.is !== 'REKEY') return
    if (last.generation === 0) this.rekeys++
    else this.refreshes++
  }

  opened(): void {}

  #next(key: string): void {
    const short = Buffer.from(key, 'latin1').readUIntBE(0, 6)
    if (this.#seen.has(short)) this.repeated++
    this.#seen.add(short)
    this.#key = key
    this.#records = 0
  }
}

/** Neither keeps anything: a simulation of a day must not grow by itself. */
const NO_LEDGER = { seal: () => undefined }
const PLAIN_DH: Parameters<typeof watched>[3] = {
  key: ({ dh }, secret, known) => dh['25519'].importKey(secret, known),
}

const seen = new Set<number>()
const keys = [new Keys(seen), new Keys(seen)] as const
const random = new Random(Number(process.argv[2]), 2)
const start = (role: Role): Engine =>
  new Process(role, SETTING, 0).start(watched('native', random, NO_LEDGER, PLAIN_DH, keys[role]), 0)
const ends = [start(0), start(1)] as const
let delivered = 0

const drain = (engine: Engine): void => {
  for (let event = engine.next(); event !== undefined; event = engine.next()) {
    if (event.is === 'closed') throw new Error('the session has ended', { cause: event.error })
    if (event.is !== 'message') continue
    delivered++
    engine.consumed(event)
  }
}

const settle = (nowMs: number): void => {
  for (let moved = true; moved; ) {
    moved = false
    for (const role of [0, 1] as const)
      for (let bytes = ends[role].take(nowMs); bytes !== undefined; bytes = ends[role].take(nowMs)) {
        ends[1 - role]?.receive(bytes, nowMs)
        moved = true
      }
  }
  ends.forEach(drain)
}

const send = (engine: Engine, seq: number, nowMs: number): void => {
  const value = messageOf(seq, { size: seq % 200, refused: 'none' })
  const admitted = engine.admit({ contract: 'sim.v1', operation: 'note', value, ttlMs: 0, labels: NO_LABELS }, nowMs)
  if ('effect' in admitted) throw new Error('expected to be allowed')
  engine.begin(admitted, nowMs)
}

const held = (): number => {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const bytes: Record<number, number> = {}
settle(0)
for (let second = 1; second <= (HOURS * HOUR_MS) / SECOND_MS; second++) {
  const nowMs = second * SECOND_MS
  for (const engine of ends) if (engine.wakeAt() <= nowMs) engine.wake(nowMs)
  send(ends[second % 2 === 0 ? 0 : 1], second, nowMs)
  settle(nowMs)
  const hour = nowMs / HOUR_MS
  if (hour === 1 || hour === HOURS / 2 || hour === HOURS) bytes[hour] = held()
}
const directions = keys.map(({ most, rekeys, refreshes, total, repeated }) => ({
  most,
  rekeys,
  refreshes,
  total,
  repeated,
}))
console.log(JSON.stringify({ delivered, bytes, directions }))
