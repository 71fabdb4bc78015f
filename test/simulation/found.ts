import type { Script } from './script.js'

const SETTING: Script['setting'] = {
  suite: 'XX',
  psk: false,
  padding: 'none',
  provider: 'native',
  limits: [{ plaintext: 4_096, idleMs: 3_000 }, { idleMs: 8_000 }],
  rekey: [1_000, 1_000],
  refreshMs: 3_600_000,
  keepaliveMs: 20_000,
  latencyMs: 5,
  capacity: 1_000,
  closes: 'both',
}

const NOTE = {
  is: 'note',
  times: 1,
  items: 0,
  size: 100,
  ttlMs: 0,
  refused: 'none',
  how: 'reply',
  takeMs: 0,
  workMs: 0,
  back: 0,
} as const

/** Scripts that broke an engine of before, as they were shrunk, and made readable. */
export const FOUND: readonly (Script & { readonly name: string })[] = [
  {
    name: 'SE-42 SE-66 the END that answers an END has the DRAIN in front of it that was still to be sent',
    seed: 120,
    setting: SETTING,
    steps: [
      { is: 'run', ms: 30 },
      { ...NOTE, by: 0, size: 3_900 },
      { ...NOTE, by: 1 },
      { is: 'close', by: 0, ms: 5_000 },
      { is: 'close', by: 1, ms: 5_000 },
    ],
  },
  {
    name: 'SE-42 SE-66 an END at the close deadline has its DRAIN in front of it',
    seed: 1_312,
    setting: { ...SETTING, latencyMs: 40, capacity: 100_000 },
    steps: [
      { is: 'run', ms: 200 },
      { ...NOTE, is: 'call', by: 0, workMs: 60 },
      { is: 'close', by: 0, ms: 0 },
      { ...NOTE, by: 1, times: 3 },
    ],
  },
  {
    name: 'SE-69 a PING does not follow one that the close has cut',
    seed: 2_000_742,
    setting: SETTING,
    steps: [
      { is: 'run', ms: 21 },
      { ...NOTE, by: 0, times: 3, size: 400 },
      { is: 'ping', by: 0 },
      { is: 'close', by: 0, ms: 0 },
      { is: 'ping', by: 0 },
    ],
  },
]
