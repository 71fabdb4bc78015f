import type { MessagePort } from 'node:worker_threads'

/** What `MessagePortMain` of Electron shows of a port: events by `on`, with the message in them, and no transfers of bytes. */
export interface ElectronPort {
  on(type: 'message' | 'close', listener: (event: { readonly data: unknown }) => void): void
  postMessage(message: unknown, transfer?: readonly never[]): void
  start(): void
  close(): void
}

/** @throws (its `postMessage`) TypeError when it is given anything to transfer */
export const electronPort = (port: MessagePort): ElectronPort => ({
  on: (type, listener) => {
    // `start` is for the user to call: until then nothing may come.
    port.addEventListener(type, listener as (event: unknown) => void)
  },
  postMessage: (message, transfer = []) => {
    if (transfer.length > 0) throw new TypeError('expected no port to transfer')
    port.postMessage(message)
  },
  start: () => port.start(),
  close: () => port.close(),
})
