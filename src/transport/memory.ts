import { type Arrivals, type Pipe, PipeTransport, type Transport } from './transport.js'

/** Two ends in one process. They share no bytes: each chunk is copied, as between processes (TR-2). */
export const memoryPair = (): [Transport, Transport] => {
  const left: PipeTransport = new PipeTransport(() => memoryPipe(() => right))
  const right: PipeTransport = new PipeTransport(() => memoryPipe(() => left))
  return [left, right]
}

const memoryPipe = (other: () => Arrivals): Pipe => ({
  send: (bytes) => other().arrived(new Uint8Array(bytes)),
  finish: () => {
    other().ended()
    return Promise.resolve()
  },
  destroy: (reason = new Error('closed by the other end')) => {
    other().unreadable(reason)
    other().unwritable(reason)
  },
  resume: () => other().room(),
})
