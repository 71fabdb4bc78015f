import { Random } from '../random.js'

/** An end of a session: the initiator is 0, the responder 1. A way has the number of the end that it leads from. */
export type Role = 0 | 1

/**
 * What a handler does with the message, when it takes it and how long it works, in ms. In a stream `invalid` asks for no more
 * of what comes up, and `never` leaves the own direction open.
 */
export interface Handling {
  readonly how: 'reply' | 'fault' | 'internal' | 'invalid' | 'never'
  readonly takeMs: number
  readonly workMs: number
  /** Characters of the reply. */
  readonly back: number
}

/** A call, a one-way message, a stream of items both ways, or one of bytes; what is enqueued, published, and subscribed to. */
export type Begin = {
  readonly is: 'call' | 'note' | 'talk' | 'tube' | 'job' | 'post' | 'hear'
  readonly by: Role
  readonly times: number
  /** Characters of the message. */
  readonly size: number
  readonly ttlMs: number
  /** Of a stream: items, or chunks of bytes, each way; each has the size of the reply. */
  readonly items: number
  /** Who refuses it: nobody, the peer by a label, the peer by the body, or the own policy. */
  readonly refused: 'none' | 'head' | 'body' | 'own'
} & Handling

/** What happens to bytes that are under way; to the next ones where there are none. `at` is in thousandths of them. */
export type Fault =
  | { readonly is: 'lose'; readonly way: Role; readonly at: number; readonly silent: boolean }
  | { readonly is: 'duplicate'; readonly way: Role; readonly at: number; readonly length: number }
  | { readonly is: 'delay'; readonly way: Role; readonly ms: number }
  | { readonly is: 'split'; readonly way: Role; readonly length: number }
  | { readonly is: 'merge'; readonly way: Role }
  | { readonly is: 'cut'; readonly way: Role; readonly drop: boolean }
  | { readonly is: 'crash'; readonly by: Role; readonly after: 'reset' | 'silence' | 'successor' }
  | { readonly is: 'jump'; readonly by: Role; readonly ms: number }
  | { readonly is: 'flip'; readonly way: Role; readonly at: number; readonly bit: number }

export const FAULTS = ['lose', 'duplicate', 'delay', 'split', 'merge', 'cut', 'crash', 'jump', 'flip'] as const
export type FaultName = (typeof FAULTS)[number]

export type Step =
  | Begin
  | Fault
  | { readonly is: 'cancel'; readonly by: Role; readonly which: number }
  | { readonly is: 'ping'; readonly by: Role }
  | { readonly is: 'renew'; readonly by: Role }
  | { readonly is: 'policy'; readonly by: Role; readonly to: number }
  | { readonly is: 'close'; readonly by: Role; readonly ms: number }
  | { readonly is: 'abort'; readonly by: Role }
  | { readonly is: 'run'; readonly ms: number }

/** The same for every session of a script. */
export interface Setting {
  readonly suite: 'XX' | 'XXhfs'
  /** Which ends have AES: where one has none, the first Hello may be answered with a Retry. */
  readonly aes: readonly [boolean, boolean]
  /** Each end knows the other by credentials that run out, and not by its key. */
  readonly credentials: boolean
  /** With a shared secret. */
  readonly psk: boolean
  readonly padding: 'none' | 'buckets' | { readonly multiple: number }
  readonly provider: 'native' | 'noble'
  /** Laid over the defaults, by role. */
  readonly limits: readonly [Readonly<Record<string, number>>, Readonly<Record<string, number>>]
  /** Records under a key, by role. */
  readonly rekey: readonly [number, number]
  /** How long keys are in use before fresh ephemerals replace them. */
  readonly refreshMs: number
  readonly keepaliveMs: number
  /** Of each way. */
  readonly latencyMs: number
  /** Bytes that a way holds; with more in it, nothing is written. */
  readonly capacity: number
  /** Who closes at the end, if a session is still there. */
  readonly closes: Role | 'both'
}

/** All that happens, and nothing else does: the seed alone is where random bytes come from. */
export interface Script {
  readonly seed: number
  readonly setting: Setting
  readonly steps: readonly Step[]
}

/** One of them for each end. */
const LIMITS: readonly Readonly<Record<string, number>>[] = [
  { plaintext: 4_096, idleMs: 3_000 },
  { plaintext: 1_024, exchanges: 1, sessionWindow: 32_768, idleMs: 6_000 },
  { plaintext: 1_024, exchangeWindow: 4_096, sessionWindow: 4_096, exchanges: 2, message: 20_000, idleMs: 2_000 },
  { plaintext: 2_000, message: 4_096, sessionWindow: 4_096, exchanges: 3, idleMs: 1_000 },
  { plaintext: 8_192, exchangeWindow: 4_096, sessionWindow: 8_192, exchanges: 8, idleMs: 8_000 },
  { plaintext: 16_384, exchangeWindow: 8_192, sessionWindow: 65_536, message: 100_000, idleMs: 10_000 },
  { idleMs: 10_000 },
]

const SIZES = [0, 1, 20, 50, 100, 180, 200, 400, 900, 960, 990, 1_000, 2_000, 2_048, 3_000, 3_900, 4_096, 5_000, 9_000]
const LARGE = [16_300, 16_500, 19_000, 33_000, 70_000]
const TAKE_MS = [0, 0, 0, 1, 20, 300]
const WORK_MS = [0, 0, 0, 2, 10, 60, 500, 2_000]
const RUN_MS = [0, 1, 2, 5, 10, 15, 30, 60, 100, 250, 1_000]
/** Where keys are refreshed within a script, time has to go by. */
const LONG_MS = 10_000
const LONG_RUN_MS = [...RUN_MS, 1_500, 2_100, 4_000]
const JUMP_MS = [1, 40, 300, 800, 2_500, 7_000, 70_000]

/** The script of a seed, whatever the machine. */
export const scriptOf = (seed: number): Script => {
  const random = new Random(seed, 1)
  const setting = settingOf(random)
  const steps: Step[] = random.chance(90) ? [{ is: 'run', ms: 4 * setting.latencyMs + 1 }] : []
  // A third has nothing in it that an honest network does not do.
  const faults = random.pick([0, 0, 15, 15, 15, 40])
  const count = random.pick([4, 8, 8, 12, 12, 16, 24, 40])
  while (steps.length < count) steps.push(random.chance(faults) ? faultOf(random) : actOf(random, setting))
  return { seed, setting, steps }
}

const settingOf = (random: Random): Setting => ({
  suite: random.chance(2) ? 'XXhfs' : 'XX',
  aes: [random.chance(70), random.chance(70)],
  credentials: random.chance(12),
  psk: random.chance(10),
  padding: random.pick(['none', 'none', 'none', 'buckets', { multiple: 64 }] as const),
  provider: random.chance(1) ? 'noble' : 'native',
  limits: [random.pick(LIMITS), random.pick(LIMITS)],
  rekey: [random.pick(REKEY), random.pick(REKEY)],
  refreshMs: random.pick([3_600_000, 3_600_000, 3_600_000, 2_000]),
  keepaliveMs: random.pick([300, 1_000, 20_000]),
  latencyMs: random.pick([0, 1, 5, 20, 40]),
  capacity: random.pick([1_000, 20_000, 100_000]),
  closes: random.pick([0, 1, 'both'] as const),
})

const REKEY = [1, 2, 3, 5, 8, 20, 1_000]

const roleOf = (random: Random): Role => (random.chance(50) ? 0 : 1)

const actOf = (random: Random, setting: Setting): Step => {
  const by = roleOf(random)
  const dice = random.below(100)
  if (dice < 42) return beginOf(random, setting, by)
  if (dice < 72) return { is: 'run', ms: random.pick(setting.refreshMs < LONG_MS ? LONG_RUN_MS : RUN_MS) }
  if (dice < 79) return gentleOf(random, by)
  if (dice < 87) return { is: 'cancel', by, which: random.below(1_000) }
  if (dice < 91) return { is: setting.credentials ? random.pick(['ping', 'renew', 'renew'] as const) : 'ping', by }
  if (dice < 96) return { is: 'policy', by, to: random.below(6) }
  if (dice < 99) return { is: 'close', by, ms: random.pick([0, 1, 50, 1_000, 5_000]) }
  return { is: 'abort', by }
}

const beginOf = (random: Random, { provider }: Setting, by: Role): Begin => ({
  is: random.pick(['call', 'call', 'job', 'note', 'note', 'post', 'talk', 'tube', 'hear'] as const),
  by,
  items: random.pick([0, 1, 2, 5, 20]),
  times: random.pick([1, 1, 1, 2, 3, 8]),
  size: sizeOf(random, provider),
  ttlMs: random.pick([0, 0, 0, 5, 40, 400, 3_000]),
  refused: random.pick(['none', 'none', 'none', 'none', 'none', 'none', 'head', 'body', 'own'] as const),
  how: random.pick(['reply', 'reply', 'reply', 'reply', 'fault', 'internal', 'invalid', 'never'] as const),
  takeMs: random.pick(TAKE_MS),
  workMs: random.pick(WORK_MS),
  back: sizeOf(random, provider),
})

const sizeOf = (random: Random, provider: Setting['provider']): number => {
  if (random.chance(60)) return random.below(200)
  return random.pick(provider === 'native' && random.chance(15) ? LARGE : SIZES)
}

/** What a network may do to honest peers: none of it ends a session. */
const gentleOf = (random: Random, way: Role): Fault =>
  random.pick([
    { is: 'split', way, length: random.pick([1, 2, 7, 100, 1_500]) } as const,
    { is: 'merge', way } as const,
    { is: 'delay', way, ms: random.pick([1, 10, 60]) } as const,
    { is: 'jump', by: way, ms: random.pick([1, 10, 60]) } as const,
  ])

const faultOf = (random: Random): Fault => {
  const way = roleOf(random)
  const at = random.below(1_000)
  switch (random.pick(FAULTS)) {
    case 'lose':
      return { is: 'lose', way, at, silent: random.chance(30) }
    case 'duplicate':
      return { is: 'duplicate', way, at, length: random.pick([1, 18, 64, 100_000]) }
    case 'delay':
      return { is: 'delay', way, ms: random.pick([5, 100, 500, 1_500, 5_000, 12_000]) }
    case 'split':
      return { is: 'split', way, length: random.pick([1, 3, 17, 500]) }
    case 'merge':
      return { is: 'merge', way }
    case 'cut':
      return { is: 'cut', way, drop: random.chance(50) }
    case 'crash':
      return { is: 'crash', by: way, after: random.pick(['reset', 'silence', 'successor'] as const) }
    case 'jump':
      return { is: 'jump', by: way, ms: random.pick(JUMP_MS) }
    case 'flip':
      return { is: 'flip', way, at, bit: random.below(8) }
  }
}
