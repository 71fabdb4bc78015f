import { concat } from '../../src/bytes.js'
import { memoryPair } from '../../src/transport/memory.js'
import type { Transport } from '../../src/transport/transport.js'

/** Joins two transports: what comes from one goes to the other, in the pieces that `cut` makes of it. */
export const join = (a: Transport, b: Transport, cut: Cut = whole): Promise<unknown> =>
  Promise.all([pass(a, b, cut), pass(b, a, cut)])

/** `transport` as seen through something that splits, merges and delays, the same at each run with one seed. */
export const chopped = (transport: Transport, seed: number): Transport => {
  const [inner, outer] = memoryPair()
  void join(transport, inner, chopper(seed))
  return outer
}

type Cut = (from: Transport) => AsyncIterable<Uint8Array>

const whole: Cut = (from) => from

const pass = async (from: Transport, to: Transport, cut: Cut): Promise<void> => {
  try {
    for await (const piece of cut(from)) await to.write(piece)
    await Promise.all([to.close(), from.close()])
  } catch (cause) {
    const reason = cause instanceof Error ? cause : new Error('failed')
    to.abort(reason)
    from.abort(reason)
  }
}

const chopper = (seed: number): Cut => {
  let state = seed
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  return async function* (from) {
    const reader = from[Symbol.asyncIterator]()
    let next = reader.next()
    for (let first = await next; first.done !== true; first = await next) {
      let bytes = first.value
      next = reader.next()
      // What comes during the delay is merged; an end or a failure waits for the bytes before it.
      for (let turn = random(3); turn > 0; turn--) {
        const more = await Promise.race([next.catch(() => undefined), nextTurn()])
        if (more === undefined || more.done === true) continue
        bytes = concat(bytes, more.value)
        next = reader.next()
      }
      for (let at = 0; at < bytes.length; ) {
        const end = at + 1 + random(random(4) === 0 ? 10 : 60_000)
        yield bytes.slice(at, end)
        at = end
      }
    }
  }
}

const nextTurn = (): Promise<undefined> => new Promise((resolve) => setImmediate(resolve, undefined))
