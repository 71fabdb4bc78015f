import { expect, test } from 'vitest'
import { EMPTY } from '../../src/bytes.js'
import { native } from '../../src/crypto/native.js'
import { noble } from '../../src/crypto/noble.js'
import type { AeadKey } from '../../src/crypto/provider.js'
import { decodeFrames, NO_LABELS } from '../../src/session/frames.js'
import { KEY_LOG_WARNING } from '../../src/session/keylog.js'
import { limitsOf } from '../../src/session/limits.js'
import { codeOf, filesUnder, read } from '../source.js'
import { Note } from './byhand.js'
import { pairOf, settle } from './pair.js'

const provider = native ?? noble
const LINE = /^sotto\/1 ([0-9a-f]{32}) (ir|ri) ([0-9]+) ([0-9a-f]{64})$/

test('CH-37 the lines of a key log open every record of the session, through rekeys and refreshes', () => {
  const lines: string[] = []
  const calm = { limits: limitsOf({ idleMs: 86_400_000 }), keepaliveMs: 86_400_000, rekey: { records: 5 } }
  const side = { ...calm, uses: [Note], serves: [Note], pq: 'off' } as const
  const pair = settle(pairOf({ initiator: { ...side, keyLog: (line) => void lines.push(line) }, responder: side }))
  for (let round = 1; round <= 30; round++) {
    const now = round * 600_000
    pair.initiator.wake(now)
    for (const engine of [pair.initiator, pair.responder]) {
      const act = { contract: 'note.v1', operation: 'put', value: Uint8Array.of(round), ttlMs: 0, labels: NO_LABELS }
      const admitted = engine.admit(act, now)
      if ('effect' in admitted) throw new Error('expected the gate to let it pass')
      engine.begin(admitted, now)
    }
    settle(pair, now)
  }
  const [event] = pair.initiatorEvents
  const id = event?.is === 'established' ? event.established.id : ''
  expect(lines[0]).toBe(KEY_LOG_WARNING)
  const keys = new Map<string, AeadKey>()
  for (const line of lines.slice(1)) {
    const [, session, way, generation, hex = ''] = LINE.exec(line) ?? []
    expect(session, line).toBe(id)
    keys.set(`${way} ${generation}`, provider.cipher.ChaChaPoly.importKey(Uint8Array.from(Buffer.from(hex, 'hex'))))
  }
  expect([...keys.keys()]).toEqual([0, 1, 2, 3, 4, 5].flatMap((generation) => [`ir ${generation}`, `ri ${generation}`]))
  const direction = (way: string) => ({ way, n: 0, generation: 0, key: keys.get(`${way} 0`) })
  const ways = { initiator: direction('ir'), responder: direction('ri') }
  let rekeys = 0
  for (const { from, bytes } of pair.wire.slice(3)) {
    const way = ways[from]
    const plaintext = way.key?.open(way.n++, EMPTY, bytes.subarray(2))
    if (plaintext === undefined) throw new Error(`record ${way.n} of ${way.way} does not open`)
    const last = decodeFrames(plaintext).at(-1)
    if (last?.is !== 'REKEY') continue
    rekeys++
    way.key = last.generation === 0 ? way.key?.rekey() : keys.get(`${way.way} ${++way.generation}`)
  }
  expect(rekeys).toBeGreaterThan(15)
})

test('CH-37 a handshake is two lines behind a warning, and nothing where nobody asked for them', () => {
  const lines: string[] = []
  const pair = settle(pairOf({ initiator: { keyLog: (line) => void lines.push(line) } }))
  const [event] = pair.responderEvents
  const id = event?.is === 'established' ? event.established.id : ''
  expect(lines.shift()).toBe(KEY_LOG_WARNING)
  const parts = lines.map((line) => LINE.exec(line)?.slice(1, 4))
  expect(parts).toEqual([
    [id, 'ir', '0'],
    [id, 'ri', '0'],
  ])
})

test('CH-37 no part of the core reads the environment, and one file alone writes keys', () => {
  const sources = filesUnder('src', '.ts')
  expect(
    sources.filter((path) => !path.startsWith('src/cli/') && /process\.env|import\.meta\.env/.test(read(path))),
  ).toEqual([])
  expect(sources.filter((path) => /\bkeyLog\(/.test(codeOf(read(path))))).toEqual(['src/session/keylog.ts'])
  expect(sources.filter((path) => /\bsplitUnder\(/.test(codeOf(read(path)))).sort()).toEqual([
    'src/noise/handshake.ts',
    'src/session/established.ts',
    'src/session/refresh.ts',
  ])
})
