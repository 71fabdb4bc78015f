import type { Transport } from '../../src/transport/transport.js'

/** Joins two transports: what comes from one goes to the other, in the pieces that `cut` makes of it. */
export const join = (a: Transport, b: Transport, cut: Cut = whole): Promise<unknown> =>
  Promise.all([pass(a, b, cut), pass(b, a, cut)])

type Cut = (bytes: Uint8Array) => AsyncIterable<Uint8Array>

const pass = async (from: Transport, to: Transport, cut: Cut): Promise<void> => {
  try {
    for await (const chunk of from) for await (const piece of cut(chunk)) await to.write(piece)
    await Promise.all([to.close(), from.close()])
  } catch (cause) {
    const reason = cause instanceof Error ? cause : new Error('failed')
    to.abort(reason)
    from.abort(reason)
  }
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** Cuts, joins and delays at random, the same at each run with one seed. */
export const chopper = (seed: number): Cut => {
  let state = seed
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  return async function* (bytes) {
    for (let at = 0; at < bytes.length; ) {
      for (let turn = random(3); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve))
      const end = at + 1 + random(random(4) === 0 ? 10 : 60_000)
      yield bytes.slice(at, end)
      at = end
    }
  }
}
