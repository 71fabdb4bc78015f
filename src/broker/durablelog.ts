import { concat } from '../bytes.js'
import { storedCrc } from './durablecrc.js'

/** LevelDB's logs are blocks of so many bytes; a record is cut at their ends. */
const BLOCK = 32_768
/** Checksum u32, length u16, type u8. */
const HEADER = 7

const [FULL, FIRST, MIDDLE, LAST] = [1, 2, 3, 4] as const

/** What a log of LevelDB holds. */
export interface LogContent {
  /** Those that are whole, in their order. */
  readonly records: readonly Uint8Array[]
  /** A whole record follows one that is not: no end that was torn by a loss of power looks so. */
  readonly isDamaged: boolean
}

/** Reads a log (doc/log_format of LevelDB), and on behind what is broken: its logs and manifests. */
export const readLog = (log: Uint8Array): LogContent => {
  const records: Uint8Array[] = []
  let parts: Uint8Array[] | undefined
  let broken = false
  let isDamaged = false
  for (const fragment of fragmentsOf(log)) {
    if (fragment === undefined) {
      broken = true
      parts = undefined
      continue
    }
    isDamaged ||= broken
    const { type, data } = fragment
    const begins = type === FULL || type === FIRST
    // The rest of a record whose start is gone, or a start without its rest.
    if (begins === (parts !== undefined)) broken = true
    if (begins) parts = []
    parts?.push(data)
    if (parts === undefined || type === FIRST || type === MIDDLE) continue
    records.push(concat(...parts))
    parts = undefined
  }
  return { records, isDamaged }
}

interface Fragment {
  readonly type: number
  readonly data: Uint8Array
}

/** Undefined stands for what is broken. */
function* fragmentsOf(log: Uint8Array): Generator<Fragment | undefined> {
  for (let start = 0; start < log.length; start += BLOCK) {
    const block = log.subarray(start, start + BLOCK)
    for (let at = 0; at + HEADER <= block.length; ) {
      const end = at + HEADER + ((block[at + 4] ?? 0) | ((block[at + 5] ?? 0) << 8))
      const type = block[at + 6] ?? 0
      if (end > block.length) {
        yield undefined
        break
      }
      const view = new DataView(block.buffer, block.byteOffset + at)
      const whole = type >= FULL && type <= LAST && storedCrc(block.subarray(at + 6, end)) === view.getUint32(0, true)
      yield whole ? { type, data: block.subarray(at + HEADER, end) } : undefined
      // If it is the length that is broken, what follows is as well, up to the next block.
      at = end
    }
  }
}
