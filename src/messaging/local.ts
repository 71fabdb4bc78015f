import type { Wire } from '../cbor.js'
import type { Contract } from '../contract/define.js'
import type { Operation } from '../contract/operation.js'
import { type Ran, SottoError } from '../errors.js'
import type { Caller, CallOptions, Stream, Where } from '../link/face.js'
import { onAbort } from '../link/signals.js'
import { checkTimeout } from '../link/ttl.js'
import { type Act, actOf } from './client.js'
import { LocalStream } from './localstream.js'
import type { Asked, Post } from './post.js'

/** The topics and queues of a service, asked by the process it lives in: as of a `client`, without a session or a policy. */
export type Local<C extends Contract> = {
  readonly [K in keyof C['operations'] as C['operations'][K] extends { readonly kind: 'topic' | 'queue' }
    ? K
    : never]: Act<C['operations'][K]>
}

/** @internal */
export const localOf = <C extends Contract>(contract: C, posts: ReadonlyMap<string, Post>): Local<C> => {
  const caller = new LocalCaller(posts)
  const acts = Object.entries<Operation>(contract.operations)
    .filter(([name]) => posts.has(name))
    .map(([name, operation]) => [name, actOf(caller, contract.name, name, operation)])
  return Object.freeze(Object.assign(Object.create(null), Object.fromEntries(acts)))
}

const NO_LABELS: Asked['labels'] = Object.freeze({})

/** The topics and queues of a service as its own process asks them: no peer, so no policy. */
export class LocalCaller implements Caller {
  readonly #posts: ReadonlyMap<string, Post>

  constructor(posts: ReadonlyMap<string, Post>) {
    this.#posts = posts
  }

  async call(
    _contract: string,
    operation: string,
    value: Wire | undefined,
    options: CallOptions,
    where: Where = {},
  ): Promise<Wire | undefined> {
    const reply = this.#post(operation).put(askedOf(value, options, where))
    return reply instanceof Promise ? within(reply, options) : reply
  }

  send(
    _contract: string,
    operation: string,
    value: Wire | undefined,
    options: CallOptions,
    where: Where = {},
  ): Promise<void> | undefined {
    const taken = this.#post(operation).put(askedOf(value, options, where))
    return taken instanceof Promise ? within(taken, options).then(() => undefined) : undefined
  }

  stream(
    _contract: string,
    operation: string,
    value: Wire | undefined,
    options: CallOptions,
    where: Where = {},
  ): Stream {
    const post = this.#post(operation)
    const asked = askedOf(value, options, where)
    const stream = new LocalStream()
    post.stand(asked, stream.far).then(
      (outcome) => stream.finish(outcome),
      (error: unknown) => stream.fail(failureOf(error)),
    )
    // `closed` never rejects: this is its time, or its signal.
    within(stream.near.closed, options).catch((error: unknown) => stream.cancel(failureOf(error)))
    return stream.near
  }

  #post(operation: string): Post {
    const post = this.#posts.get(operation)
    if (post === undefined) throw new TypeError(`expected a topic or a queue, got ${operation}`)
    return post
  }
}

const askedOf = (
  value: Wire | undefined,
  { signal, timeoutMs = 0, labels = NO_LABELS }: CallOptions,
  { subject = '' }: Where,
): Asked => {
  checkTimeout(timeoutMs)
  if (signal?.aborted === true) throw given(signal, 'no')
  return { from: undefined, subject, value, labels }
}

const given = ({ reason }: AbortSignal, ran: Ran): SottoError =>
  SottoError.of('call/cancelled', 'given up', { cause: reason, ran })

/** `awaited`, unless its time is over before, or it is given up: then nobody knows what the broker does of it. */
const within = <T>(awaited: Promise<T>, { signal, timeoutMs = 0 }: CallOptions): Promise<T> =>
  new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer)
      deaf()
    }
    const fail = (error: unknown): void => {
      done()
      reject(error)
    }
    const late = (): void => fail(SottoError.of('call/deadline', `not done in ${timeoutMs} ms`, { ran: 'maybe' }))
    const timer = timeoutMs > 0 ? setTimeout(late, timeoutMs) : undefined
    const deaf = onAbort(signal, () => fail(signal === undefined ? undefined : given(signal, 'maybe')))
    awaited.then((value) => {
      done()
      resolve(value)
    }, fail)
  })

const failureOf = (error: unknown): SottoError =>
  error instanceof SottoError ? error : SottoError.of('broker/failed', 'the topic or queue failed', { cause: error })
