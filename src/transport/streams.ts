import { PipeTransport, type Transport } from './transport.js'

/**
 * A transport over a pair of WHATWG streams, such as those of WebTransport, a `TransformStream` pair or Deno. It locks
 * both until it is closed.
 *
 * @throws TypeError if a stream is locked already
 */
export const fromStreams = (pair: {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
}): Transport => {
  const writer = pair.writable.getWriter()
  const reader = pair.readable.getReader()
  return new PipeTransport((arrivals) => {
    let resume = () => {}
    const read = async (): Promise<void> => {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return arrivals.ended()
        if (!(value instanceof Uint8Array)) throw new TypeError('expected a stream of Uint8Array')
        if (arrivals.arrived(value)) continue
        await new Promise<void>((resolve) => {
          resume = resolve
        })
      }
    }
    const reading = read().catch((cause: unknown) => arrivals.unreadable(cause))
    const unwritable = (cause: unknown): void => arrivals.unwritable(cause)
    writer.closed.catch(unwritable)
    return {
      send: (bytes) => {
        writer.write(bytes).catch(unwritable)
        if ((writer.desiredSize ?? 0) > 0) return true
        writer.ready.then(() => arrivals.room(), unwritable)
        return false
      },
      finish: async () => {
        await writer.close()
        await reading
      },
      destroy: (reason) => {
        // Either may have ended or failed before, which was reported when it did.
        writer.abort(reason).catch(() => undefined)
        reader.cancel(reason).catch(() => undefined)
      },
      resume: () => resume(),
    }
  })
}
