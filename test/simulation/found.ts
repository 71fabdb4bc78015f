import type { Script } from './script.js'

const SETTING: Script['setting'] = {
  suite: 'XX',
  aes: [true, true],
  credentials: false,
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

const SMALL = {
  plaintext: 1_024,
  exchangeWindow: 4_096,
  sessionWindow: 4_096,
  exchanges: 2,
  message: 20_000,
  idleMs: 2_000,
}

const NARROW = { plaintext: 1_024, sessionWindow: 32_768, idleMs: 6_000 }
const WIDE = { plaintext: 16_384, exchangeWindow: 8_192, sessionWindow: 65_536, message: 100_000, idleMs: 10_000 }

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
  {
    name: 'SE-42 SE-43 a close deadline that passes while a one-way message is in pieces is no clean end',
    seed: 2_011_621,
    setting: { ...SETTING, limits: [{ plaintext: 16_384 }, { plaintext: 4_096 }], latencyMs: 20 },
    steps: [
      { is: 'run', ms: 100 },
      { ...NOTE, by: 0, size: 16_300 },
      { is: 'run', ms: 30 },
      { is: 'close', by: 1, ms: 50 },
    ],
  },
  {
    name: 'an exchange keeps nothing of a request that has gone',
    seed: 2_015_634,
    setting: { ...SETTING, limits: [{ message: 100_000, sessionWindow: 65_536 }, { idleMs: 8_000 }], capacity: 20_000 },
    steps: [
      { is: 'run', ms: 100 },
      { is: 'lose', way: 0, at: 0, silent: true },
      { ...NOTE, is: 'call', by: 0, times: 8, size: 70_000 },
      // What is held is measured at every seventh step.
      ...Array.from({ length: 6 }, () => ({ is: 'run', ms: 100 }) as const),
    ],
  },
  {
    name: 'SE-42 a second close does not hurry the END that is on its way',
    seed: 2_015_813,
    setting: { ...SETTING, rekey: [1, 20], latencyMs: 40 },
    steps: [
      { is: 'run', ms: 161 },
      { ...NOTE, is: 'talk', by: 0, items: 5, size: 64, back: 165 },
      { is: 'close', by: 0, ms: 0 },
      { is: 'close', by: 0, ms: 0 },
    ],
  },
  {
    name: 'SE-51 a direction that has ended brings no credit, though what came in it is not wanted',
    seed: 2_015_876,
    setting: { ...SETTING, limits: [SMALL, SMALL], latencyMs: 0, capacity: 20_000, closes: 1 },
    steps: [
      { is: 'run', ms: 0 },
      { ...NOTE, is: 'tube', by: 1, items: 1, size: 9_000, how: 'invalid', workMs: 1, back: 2_000 },
    ],
  },
  {
    name: 'a session that is over keeps nothing of a message in pieces',
    seed: 1_731,
    setting: { ...SETTING, limits: [NARROW, WIDE], latencyMs: 40, capacity: 100_000 },
    steps: [
      { is: 'run', ms: 161 },
      { ...NOTE, is: 'tube', by: 1, items: 5, size: 16_500, how: 'never', back: 20 },
      { is: 'duplicate', way: 1, at: 966, length: 64 },
    ],
  },
  {
    name: 'SE-133 a chunk of a stream that was given up is asked for when it is read',
    seed: 1_837_559_913,
    setting: {
      ...SETTING,
      padding: 'buckets',
      limits: [{ idleMs: 10_000 }, SMALL],
      rekey: [8, 1_000],
      keepaliveMs: 1_000,
      latencyMs: 40,
      capacity: 20_000,
      closes: 0,
    },
    steps: [
      { is: 'run', ms: 161 },
      { ...NOTE, is: 'tube', by: 0, items: 5, size: 0, ttlMs: 1, how: 'internal', takeMs: 37, back: 1 },
      { is: 'run', ms: 62 },
      { is: 'policy', by: 1, to: 3 },
    ],
  },
]
