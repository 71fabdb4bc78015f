import type { Limit } from './rule.js'

/** Buckets a store holds at most, over all rules and peers. */
export const MAX_BUCKETS = 65_536

/** A rule that allows, with or without a limit. */
interface Limited {
  readonly id: string
  /** One for each rule and peer. */
  readonly bucket: string
  readonly limit: Limit | undefined
}

/** What is charged: an act with its bytes, an item of an act that is open already, or bytes of it alone. */
export type Load = 'act' | 'item' | 'bytes'

/** What a charge came to: the rules without room, or the way to give `concurrent` back. */
export type Charge =
  | { readonly lacking: readonly Limited[] }
  | { readonly lacking?: never; readonly release: (() => void) | undefined }

/**
 * PO-18: what each peer has used of each rule, in the whole process. A bucket starts full, refills with time and holds
 * at most what one second gives; so a clock that steps forward gives one burst, and one that steps back gives nothing.
 */
export class Limits {
  readonly #most: number
  readonly #buckets = new Map<string, Bucket>()

  constructor(most: number = MAX_BUCKETS) {
    this.#most = most
  }

  /** The rules among `rules` that have no room; charges nothing. */
  lacking(rules: readonly Limited[], bytes: number, nowMs: number, load: Load = 'act'): readonly Limited[] {
    return rules.filter(({ bucket, limit }) => limit && !hasRoom(this.#buckets.get(bucket), limit, bytes, nowMs, load))
  }

  /** Which parts of the limit of `rule` have no room for an act, in the order of the limit. */
  missing({ bucket, limit = {} }: Limited, bytes: number, nowMs: number): readonly (keyof Limit)[] {
    const parts = (['perSecond', 'bytesPerSecond', 'concurrent'] as const).filter((part) => limit[part] !== undefined)
    return parts.filter((part) => !hasRoom(this.#buckets.get(bucket), { [part]: limit[part] }, bytes, nowMs, 'act'))
  }

  /** PO-19: charges every limit of `rules`, or none if one has no room. */
  charge(rules: readonly Limited[], bytes: number, nowMs: number, load: Load = 'act'): Charge {
    const lacking = this.lacking(rules, bytes, nowMs, load)
    if (lacking.length > 0) return { lacking }
    const due: { bucket: Bucket; limit: Limit }[] = []
    for (const rule of rules) {
      if (rule.limit === undefined) continue
      const bucket = this.#bucket(rule.bucket, nowMs, due)
      if (bucket === undefined) return { lacking: [rule] }
      due.push({ bucket, limit: rule.limit })
    }
    for (const { bucket, limit } of due) spend(bucket, limit, bytes, nowMs, load)
    return {
      release: load === 'act' ? releaseOf(due.filter(({ limit }) => limit.concurrent !== undefined)) : undefined,
    }
  }

  /** PO-21: the bucket, or a full one; undefined if the store is full of buckets in use. */
  #bucket(key: string, nowMs: number, due: readonly { readonly bucket: Bucket }[]): Bucket | undefined {
    const known = this.#buckets.get(key)
    if (known !== undefined) return known
    if (this.#buckets.size >= this.#most) this.#sweep(nowMs, due)
    if (this.#buckets.size >= this.#most) return undefined
    const bucket: Bucket = { limit: {}, acts: Infinity, bytes: Infinity, open: 0, atMs: nowMs }
    this.#buckets.set(key, bucket)
    return bucket
  }

  /**
   * Looks at the eight buckets it has not looked at for longest; one that has refilled says nothing and goes, unless it is
   * about to be charged.
   */
  #sweep(nowMs: number, due: readonly { readonly bucket: Bucket }[]): void {
    const oldest = this.#buckets.entries()
    for (let looked = 0; looked < 8; looked++) {
      const next = oldest.next()
      if (next.done === true) return
      const [key, bucket] = next.value
      this.#buckets.delete(key)
      if (!isIdle(bucket, nowMs) || due.some((each) => each.bucket === bucket)) this.#buckets.set(key, bucket)
    }
  }
}

interface Bucket {
  /** The limit of its last use. */
  limit: Limit
  acts: number
  bytes: number
  open: number
  atMs: number
}

const hasRoom = (bucket: Bucket | undefined, limit: Limit, bytes: number, nowMs: number, load: Load): boolean => {
  const { acts, bytes: left } = levelsOf(bucket, limit, nowMs)
  // SE-127: chunks are cut by nobody's will, so one may leave the bucket owing.
  if (load === 'bytes') return left > 0
  const open = load === 'act' ? (bucket?.open ?? 0) : 0
  return acts >= 1 && left >= bytes && open < (limit.concurrent ?? Infinity)
}

const spend = (bucket: Bucket, limit: Limit, bytes: number, nowMs: number, load: Load): void => {
  const levels = levelsOf(bucket, limit, nowMs)
  bucket.acts = load === 'bytes' ? levels.acts : levels.acts - 1
  bucket.bytes = levels.bytes - bytes
  bucket.limit = limit
  bucket.atMs = nowMs
  if (load === 'act' && limit.concurrent !== undefined) bucket.open++
}

/** What there is now; without a bucket all of it, without a limit no end of it. */
const levelsOf = (bucket: Bucket | undefined, limit: Limit, nowMs: number): { acts: number; bytes: number } => {
  // PO-20: a clock that steps back gives nothing.
  const seconds = bucket === undefined ? 0 : Math.max(0, nowMs - bucket.atMs) / 1_000
  const level = (rate: number | undefined, before = Infinity): number =>
    rate === undefined ? Infinity : Math.min(Math.max(1, rate), before + seconds * rate)
  return { acts: level(limit.perSecond, bucket?.acts), bytes: level(limit.bytesPerSecond, bucket?.bytes) }
}

const isIdle = (bucket: Bucket, nowMs: number): boolean => {
  const now = levelsOf(bucket, bucket.limit, nowMs)
  const full = levelsOf(undefined, bucket.limit, nowMs)
  return bucket.open === 0 && now.acts >= full.acts && now.bytes >= full.bytes
}

const releaseOf = (counted: readonly { readonly bucket: Bucket }[]): (() => void) | undefined => {
  if (counted.length === 0) return undefined
  let held = true
  return () => {
    if (held) for (const { bucket } of counted) bucket.open--
    held = false
  }
}
