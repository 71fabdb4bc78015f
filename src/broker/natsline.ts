import {
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  type StreamConfig,
} from '@nats-io/jetstream'
import { type Msg, type NatsConnection, RequestError } from '@nats-io/transport-node'
import { SottoError } from '../errors.js'

/** Of nats-server's errors: a stream of that name has other settings; it refuses another message for its bound. */
const STREAM_DIFFERS = 10_058
const STORE_FAILED = 10_077
/** The one code is that of every failure to store; only its text tells a bound that is reached from a disk that fails. */
const FULL = /^maximum (?:messages|bytes) exceeded/
/** A message that is to be removed is not there: it is behind the last, or among those that are gone. */
const NOT_THERE: readonly number[] = [10_037, 10_043, 10_057]

/** What is asked of NATS: each answer, or broker/failed within the time. */
export class NatsLine {
  readonly connection: NatsConnection
  readonly timeoutMs: number
  readonly inboxPrefix: string
  readonly js: JetStreamClient
  readonly #replicas: number
  #manager: Promise<JetStreamManager> | undefined

  constructor(connection: NatsConnection, options: { timeoutMs: number; replicas: number; inboxPrefix: string }) {
    this.connection = connection
    this.timeoutMs = options.timeoutMs
    this.inboxPrefix = options.inboxPrefix
    this.#replicas = options.replicas
    this.js = jetstream(connection, { timeout: options.timeoutMs })
  }

  /** JetStream's own interface; asks nothing of the server. */
  manager(): Promise<JetStreamManager> {
    this.#manager ??= this.js.jetstreamManager(false)
    return this.#manager
  }

  /** The outcome of `work`. @throws broker/full, broker/failed with what `work` rejected with as the cause */
  async asking<T>(what: string, work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (cause) {
      throw failureOf(what, cause)
    }
  }

  /** Publishes what nobody waits for. Without a connection it is lost: whoever sends it has another way to the same end. */
  send(subject: string, payload = ''): void {
    try {
      this.connection.publish(subject, payload)
    } catch {
      // A connection that is closed or being drained.
    }
  }

  /** A reply, as to an acknowledgement. @throws broker/failed */
  request(what: string, subject: string, payload: string): Promise<Msg> {
    return this.asking(what, this.connection.request(subject, payload, { timeout: this.timeoutMs }))
  }

  /** Settles when the server has taken all that was published before. @throws broker/failed */
  async flush(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<never>((_, reject) => {
      const error = SottoError.of('broker/failed', `NATS did not answer in ${this.timeoutMs} ms`, { ran: 'maybe' })
      timer = setTimeout(() => reject(error), this.timeoutMs)
    })
    try {
      await Promise.race([this.asking('take what was published', this.connection.flush()), late])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Removes one message of a stream; false if it is not there. @throws broker/failed */
  async remove(stream: string, seq: number): Promise<boolean> {
    const { streams } = await this.manager()
    try {
      return await streams.deleteMessage(stream, seq, false)
    } catch (cause) {
      if (cause instanceof JetStreamApiError && NOT_THERE.includes(cause.code)) return false
      throw failureOf('remove a message', cause)
    }
  }

  /** Makes a stream, or gives one that is there these settings. A bound is never set to less than the stream holds. */
  async stream(config: Partial<StreamConfig> & { readonly name: string }): Promise<void> {
    const { streams } = await this.manager()
    const full = { storage: 'file', num_replicas: this.#replicas, allow_direct: true, ...config } as const
    try {
      await streams.add(full)
    } catch (cause) {
      if (!(cause instanceof JetStreamApiError) || cause.code !== STREAM_DIFFERS)
        throw failureOf(`make the stream ${config.name}`, cause)
      const { state, config: kept } = await this.asking('tell of a stream', streams.info(config.name))
      const bound = state.messages > (config.max_msgs ?? state.messages) ? { max_msgs: kept.max_msgs } : {}
      await this.asking(`change the stream ${config.name}`, streams.update(config.name, { ...full, ...bound }))
    }
  }
}

/** As a SottoError: one that is none is broker/full, or broker/failed of which nobody knows whether it was done. */
export const failureOf = (what: string, cause: unknown): SottoError => {
  if (cause instanceof SottoError) return cause
  if (cause instanceof JetStreamApiError && cause.code === STORE_FAILED && FULL.test(cause.message))
    return SottoError.of('broker/full', 'expected room for another message', { cause })
  return SottoError.of('broker/failed', `NATS did not ${what}`, { cause, ran: 'maybe' })
}

/** Whether a request failed as nobody listens where it went: a consumer that is gone. */
export const isNobodyThere = (error: unknown): boolean =>
  error instanceof SottoError && error.cause instanceof RequestError && error.cause.isNoResponders()
