import { Duplex as NodeDuplex } from 'node:stream'
import { type Duplex, directionsOf, finish } from './stream.js'

/**
 * A stream of bytes as a Node stream, for `pipeline`: readable where bytes come down, writable where they go up. A slow reader at
 * either end makes the writer at the other wait.
 *
 * Ending it ends what goes up; where nothing comes down it has finished when the handler is done. What the stream fails with is what
 * it is destroyed with. Destroying it before it is over gives the stream up, with its error for a reason.
 */
export const toNode = <U extends Uint8Array | undefined, D extends Uint8Array | undefined>(
  duplex: Duplex<U, D>,
): NodeDuplex => {
  const { up, down } = directionsOf(duplex)
  // As a spread: the types of Node know nothing of them.
  const sides = { readable: down, writable: up }
  const items = duplex[Symbol.asyncIterator]()
  const node: NodeDuplex = new NodeDuplex({
    ...sides,
    read: () => {
      items.next().then(
        ({ done, value }) => node.push(done === true ? null : value),
        (error) => node.destroy(error),
      )
    },
    write: (chunk, _encoding, callback) => {
      duplex.write(chunk).then(() => callback(), callback)
    },
    final: (callback) => {
      finish(duplex).then(() => callback(), callback)
    },
    destroy: (error, callback) => {
      if (error !== null || !node.readableEnded || !node.writableFinished) duplex.abort(error ?? undefined)
      callback(error)
    },
  })
  // Nobody reads of it, so nobody is told by reading.
  if (!down) void duplex.closed.then((closed) => (closed.clean ? undefined : node.destroy(closed.error)))
  return node
}
