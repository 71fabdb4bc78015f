import type { CallOptions } from '../link/face.js'

/** ME-13: how long a call waits unless it says otherwise. */
export const CALL_TIMEOUT_MS = 30_000

const CALL_OPTIONS: CallOptions = Object.freeze({ timeoutMs: CALL_TIMEOUT_MS })

// ME-13
export const callOptions = (options: CallOptions | undefined): CallOptions =>
  options === undefined ? CALL_OPTIONS : { ...options, timeoutMs: options.timeoutMs ?? CALL_TIMEOUT_MS }
