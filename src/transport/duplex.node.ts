import type { Duplex, Readable, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { type Arrivals, type Pipe, PipeTransport, ROOM, type Transport } from './transport.js'

/**
 * A transport over a Node duplex stream of bytes: a socket, or anything shaped like one. The stream must have no other
 * reader or writer from now on. One that ends its writing when its reading ends (a socket without `allowHalfOpen`) works
 * and loses the last bytes written to a peer that ended first.
 *
 * @throws TypeError if the stream is in object mode, decodes to text or is being read already
 */
export const fromDuplex = (stream: Duplex): Transport => fromHalves(stream, stream)

/** The same over two streams, as of a process; `readable` and `writable` may be one. */
export const fromHalves = (readable: Readable, writable: Writable): Transport => {
  if (readable.readableObjectMode || writable.writableObjectMode || readable.readableEncoding !== null)
    throw new TypeError('expected a stream of bytes, got one of objects or text')
  if (readable.listenerCount('data') + readable.listenerCount('readable') > 0)
    throw new TypeError('expected a stream that nobody reads')
  return new PipeTransport((arrivals) => pipeOver(readable, writable, arrivals))
}

const pipeOver = (readable: Readable, writable: Writable, arrivals: Arrivals): Pipe => {
  // A Buffer's `slice` is a view where a Uint8Array's is a copy; readers get the plain kind (TR-2).
  readable.on('data', ({ buffer, byteOffset, byteLength }: Buffer) => {
    if (!arrivals.arrived(new Uint8Array(buffer, byteOffset, byteLength))) readable.pause()
  })
  readable.on('end', () => arrivals.ended())
  readable.on('error', (cause) => arrivals.unreadable(cause))
  readable.on('close', () => arrivals.unreadable(new Error('closed before its end')))
  writable.on('drain', () => arrivals.room())
  writable.on('error', (cause) => arrivals.unwritable(cause))
  writable.on('close', () => arrivals.unwritable(new Error('closed')))
  return {
    // Only where `write` says false does 'drain' follow.
    send: (bytes) => writable.write(bytes) || writable.writableLength < ROOM,
    finish: async () => {
      writable.end()
      await finished(writable, { readable: false })
      // A socket closed before it has read the other's end may reset, and the reset can overtake what was sent (TR-10).
      await finished(readable, { writable: false })
    },
    destroy: () => {
      readable.destroy()
      writable.destroy()
    },
    resume: () => {
      readable.resume()
    },
  }
}
