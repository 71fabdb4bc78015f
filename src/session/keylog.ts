import { toHex } from '../bytes.js'
import type { Look, Split } from '../noise/split.js'

/** Takes the lines of a key log, without line ends. */
export type KeyLog = (line: string) => void

/** The first line about each session. */
export const KEY_LOG_WARNING =
  '# Sotto key log, for debugging only: whoever has the lines below reads and forges what this session sends and receives.'

/** Shows a handshake's keys to `keyLog`, if there is one; `generation` counts refreshes (CH-37). */
export const lookOf = (
  keyLog: KeyLog | undefined,
  generation: number,
  idOf: (split: Split) => string,
): Look | undefined =>
  keyLog &&
  ((split, { k1, k2 }) => {
    const sessionId = idOf(split)
    if (generation === 0) keyLog(KEY_LOG_WARNING)
    keyLog(`sotto/1 ${sessionId} ir ${generation} ${toHex(k1)}`)
    keyLog(`sotto/1 ${sessionId} ri ${generation} ${toHex(k2)}`)
  })
