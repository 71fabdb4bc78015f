import { onTestFinished } from 'vitest'
import {
  bytes,
  type Contract,
  contract,
  type DialOptions,
  generateIdentity,
  type Handlers,
  type Host,
  type HostOptions,
  host,
  type Identity,
  initiate,
  memoryPair,
  oneWay,
  type Policy,
  requestResponse,
  type Served,
  type Session,
  SottoError,
  serve,
  type Transport,
} from '../../src/index.js'

/** Two identities that outlive a test: Alice dials, Bob listens. */
export const alice: Identity = generateIdentity()
export const bob: Identity = generateIdentity()

/** A policy that lets anybody call and send anything. */
export const open: Policy = {
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send'], on: ['>'] }],
}

/** What these tests speak. `wait` is a call whose handler decides when it ends, `tell` a message the same way. */
export const Echo = contract('echo.v1', {
  echo: requestResponse({ request: bytes, response: bytes }),
  wait: requestResponse({}),
  tell: oneWay(bytes),
})

const HANDLERS: Handlers<typeof Echo> = { echo: (value) => value, wait: () => undefined, tell: () => undefined }

export const echo = (over: Partial<Handlers<typeof Echo>> = {}): Served => serve(Echo, { ...HANDLERS, ...over })

type Listening = Omit<Partial<HostOptions>, 'signal'> & { readonly signal?: AbortSignal }

/** Bob, who trusts Alice. */
export const listening = (over: Listening = {}, caps?: Parameters<typeof host>[1]): Host => {
  const answering = host({ identity: bob, trust: [alice.id], policy: open, serve: [echo()], ...over }, caps)
  onTestFinished(() => answering.close())
  return answering
}

/** What Alice dials with. */
export const dialling = <U extends Contract = typeof Echo>(over: Partial<DialOptions<U>> = {}): DialOptions<U> => ({
  identity: alice,
  peer: bob.id,
  policy: open,
  ...over,
})

export interface Pair<U extends Contract> {
  /** Alice's end, which dialled. */
  readonly near: Session<U>
  /** Bob's end. */
  readonly far: Session
  readonly host: Host
}

/** One session of the two; both ends are gone when the test is. */
export const pair = async <const U extends Contract = typeof Echo>(
  of: {
    readonly near?: Partial<DialOptions<U>>
    readonly far?: Listening
    readonly transports?: readonly [Transport, Transport]
  } = {},
): Promise<Pair<U>> => {
  const [left, right] = of.transports ?? memoryPair()
  const answering = listening(of.far)
  // The cast: who names no contract gets Echo, which is the default of U.
  const use = (of.near?.use ?? [Echo]) as readonly U[]
  const [near, far] = await Promise.all([initiate(left, dialling({ ...of.near, use })), answering.accept(right)])
  onTestFinished(() => {
    near.abort()
    far.abort()
  })
  return { near, far, host: answering }
}

/** A promise to be settled by hand. */
export const gate = <T = void>() => {
  let open: (value: T) => void = () => undefined
  const passed = new Promise<T>((resolve) => {
    open = resolve
  })
  return { passed, open: (value: T) => open(value) }
}

/** What `run` failed with. */
export const failure = async (run: Promise<unknown> | (() => unknown)): Promise<unknown> => {
  try {
    await (typeof run === 'function' ? run() : run)
  } catch (error) {
    return error
  }
  throw new Error('expected a failure')
}

/** The code of what `run` failed with, or the failure itself where it is none of ours. */
export const code = async (run: Promise<unknown> | (() => unknown)): Promise<unknown> => codeOf(await failure(run))

export const codeOf = (error: unknown): unknown => (error instanceof SottoError ? error.code : error)

/** All that a feed still holds; it must have ended. */
export const all = async <T>(news: AsyncIterable<T>): Promise<T[]> => {
  const items: T[] = []
  for await (const item of news) items.push(item)
  return items
}

/** What nobody caught from now on; the answer counts what the present task still throws. */
export const unhandled = (): (() => Promise<unknown[]>) => {
  const reasons: unknown[] = []
  const hear = (reason: unknown): void => void reasons.push(reason)
  process.on('unhandledRejection', hear)
  process.on('uncaughtException', hear)
  onTestFinished(() => {
    process.off('unhandledRejection', hear)
    process.off('uncaughtException', hear)
  })
  return async () => {
    await new Promise((resolve) => setImmediate(resolve))
    return reasons
  }
}
