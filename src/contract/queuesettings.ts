/** How a queue treats its messages; every time in ms, and all whole numbers of at most 2^31-1. */
export interface QueueSettings {
  /** How long a consumer has a message before others get it; 30,000 if omitted. */
  readonly leaseMs: number
  /** How often a message is handed out before it is a dead letter; 5 if omitted. */
  readonly maxDeliveries: number
  /** The pause before the second delivery; it doubles with each, up to `backoffCapMs`. 1,000 and 60,000 if omitted. */
  readonly backoffMs: number
  readonly backoffCapMs: number
  /** How long a key makes a second message of it a duplicate; 120,000 if omitted. */
  readonly dedupeMs: number
  /** Messages kept, dead letters among them; 100,000 if omitted. */
  readonly maxMessages: number
}

const MAX = 2 ** 31 - 1

/** What each is if omitted, and the least that makes sense of it. */
const SETTINGS: Readonly<Record<keyof QueueSettings, { readonly usual: number; readonly least: number }>> = {
  leaseMs: { usual: 30_000, least: 1 },
  maxDeliveries: { usual: 5, least: 1 },
  backoffMs: { usual: 1_000, least: 0 },
  backoffCapMs: { usual: 60_000, least: 0 },
  dedupeMs: { usual: 120_000, least: 0 },
  maxMessages: { usual: 100_000, least: 1 },
}

/** CO-37: the settings of a queue; frozen. @throws RangeError on one that is unknown or outside its bounds */
export const queueSettings = (given: Partial<QueueSettings> = {}): QueueSettings => {
  for (const [name, value] of Object.entries(given)) checkSetting(name, value)
  const of = (name: keyof QueueSettings): number => given[name] ?? SETTINGS[name].usual
  const backoffMs = of('backoffMs')
  return Object.freeze({
    leaseMs: of('leaseMs'),
    maxDeliveries: of('maxDeliveries'),
    backoffMs,
    // A pause that is set alone may be longer than the usual cap.
    backoffCapMs: given.backoffCapMs ?? Math.max(backoffMs, SETTINGS.backoffCapMs.usual),
    dedupeMs: of('dedupeMs'),
    maxMessages: of('maxMessages'),
  })
}

const checkSetting = (name: string, value: number): void => {
  if (!isSetting(name)) throw new RangeError(`expected a setting of queues, got ${name}`)
  const { least } = SETTINGS[name]
  if (!Number.isInteger(value) || value < least || value > MAX)
    throw new RangeError(`expected ${name} of ${least} to ${MAX}, got ${String(value)}`)
}

const isSetting = (name: string): name is keyof QueueSettings => Object.hasOwn(SETTINGS, name)
