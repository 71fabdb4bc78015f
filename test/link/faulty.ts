import type { Transport } from '../../src/index.js'

/** What a transport does instead of its work; looked at whenever it is used. */
export interface Faults {
  write?: ((bytes: Uint8Array) => Promise<void> | void) | undefined
  close?: (() => Promise<void>) | undefined
  abort?: ((reason: Error) => void) | undefined
  /** Stands before each read and behind it; what it gives, if anything, is read instead. */
  read?: (() => Promise<IteratorResult<Uint8Array, undefined> | undefined>) | undefined
}

export const never = <T = void>(): Promise<T> => new Promise<T>(() => undefined)

/** A transport that can be told to break its promises. */
export const faulty = (inner: Transport): { readonly transport: Transport; readonly faults: Faults } => {
  const faults: Faults = {}
  const transport: Transport = {
    write: (bytes) => (faults.write ?? inner.write.bind(inner))(bytes),
    close: () => (faults.close ?? inner.close.bind(inner))(),
    abort: (reason) => (faults.abort ?? inner.abort.bind(inner))(reason),
    [Symbol.asyncIterator]: () => {
      const iterator = inner[Symbol.asyncIterator]()
      const read = async () => {
        const chunk = await iterator.next()
        return (await faults.read?.()) ?? chunk
      }
      return { next: async () => (await faults.read?.()) ?? read() }
    },
  }
  return { transport, faults }
}
