import type { QueueSettings } from '../../src/contract/queuesettings.js'

export const ADDRESS = 'jobs.v1.work'

export const SETTINGS: QueueSettings = {
  leaseMs: 100,
  maxDeliveries: 1_000_000,
  backoffMs: 0,
  backoffCapMs: 0,
  dedupeMs: 1_000,
  maxMessages: 100_000,
}

const SIZE = 200

/** 200 bytes that begin with a text, each of which depends on it. */
export const bodyOf = (text: string): Uint8Array => {
  const head = new TextEncoder().encode(`${text} `)
  const body = new Uint8Array(SIZE)
  for (let at = 0; at < SIZE; at++) body[at] = (head[at % head.length] ?? 0) + Math.floor(at / head.length)
  return body
}

/** @throws RangeError if a byte is another */
export const textOf = (body: Uint8Array): string => {
  const [text = ''] = new TextDecoder().decode(body).split(' ', 1)
  const whole = bodyOf(text)
  if (body.length !== SIZE || whole.some((byte, at) => byte !== body[at]))
    throw new RangeError('expected a body as it was enqueued')
  return text
}
