import { toHex } from '../bytes.js'
import { encode, type Wire } from '../cbor.js'
import type { Contract } from '../contract/define.js'
import { type Service, SottoError, serve } from '../index.js'

/** Tells of an event of spec/conformance.md, with its members. */
export type Tell = (event: string, members?: Readonly<Record<string, unknown>>) => void

/** What a handler of any operation has of its context. */
interface Context {
  readonly signal: AbortSignal
  readonly up: AsyncIterable<unknown>
  readonly fault: (name: string, data: unknown) => SottoError
}

type Handler = (value: unknown, context: Context) => unknown

/** A value in a line: one item of CBOR in hex, empty for none. */
export const hexOf = (value: unknown): string => {
  if (value === undefined) return ''
  // The cast: what a session hands to a program came over the wire, or is to go there.
  return toHex(encode(value as Wire))
}

/** What goes through a stream: a value, or of one of bytes a chunk, which is its bytes. */
export const itemHexOf = (item: unknown, operation: string): string =>
  operation === 'pour' && item instanceof Uint8Array ? toHex(item) : hexOf(item)

/** `kit.v1` as a shim serves it: what its handlers are given is told of. */
export const served = (contract: Contract, tell: Tell): Service => {
  const named = Object.entries(HANDLERS).flatMap(([name, handler]) =>
    Object.hasOwn(contract.operations, name) ? [[name, handler(name, tell)] as const] : [],
  )
  // The cast: the contract is made of a table, so nothing is known of the types of its handlers.
  const handlers = Object.fromEntries(named) as unknown as Parameters<typeof serve<Contract>>[2]
  return serve(contract, { failed: () => undefined }, handlers)
}

type Maker = (operation: string, tell: Tell) => Handler

/** CF-7: by a handler, once it is called. */
const heard = (operation: string, tell: Tell, value: unknown): unknown => {
  tell('heard', { operation, body: hexOf(value) })
  return value
}

const answering: Maker = (operation, tell) => (value) => heard(operation, tell, value)

/** Tells if the signal is aborted, until it is left. */
const watch = (operation: string, tell: Tell, signal: AbortSignal): (() => void) => {
  const over = (): void => tell('over', { operation, code: codeOf(signal.reason) })
  signal.addEventListener('abort', over, { once: true })
  return () => signal.removeEventListener('abort', over)
}

const codeOf = (reason: unknown): string => (reason instanceof SottoError ? reason.code : 'call/cancelled')

/** Until it is aborted. */
const waiting: Maker =
  (operation, tell) =>
  (value, { signal }) => {
    heard(operation, tell, value)
    watch(operation, tell, signal)
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }

const isToWait = (value: unknown): boolean => Reflect.get(Object(value), 'wait') === true

/** Sends what comes up back down, and null for the last time. */
const returning: Maker = (operation, tell) =>
  async function* (value, { up, signal }) {
    const leave = watch(operation, tell, signal)
    try {
      heard(operation, tell, value)
      let isLeft = false
      for await (const item of up) {
        tell('heard', { operation, body: itemHexOf(item, operation) })
        isLeft = item === null
        if (isLeft) break
        yield item
      }
      if (isLeft) yield null
    } finally {
      leave()
    }
  }

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

const HANDLERS: Readonly<Record<string, Maker>> = {
  echo: answering,
  note: answering,
  start: answering,
  go: (operation, tell) => {
    const [answer, wait] = [answering(operation, tell), waiting(operation, tell)]
    return (value, context) => (isToWait(value) ? wait : answer)(value, context)
  },
  finish: answering,
  fail:
    (operation, tell) =>
    (value, { fault }) => {
      throw fault('Refused', heard(operation, tell, value))
    },
  crash: (operation, tell) => (value) => {
    heard(operation, tell, value)
    throw new TypeError('what crash is asked for')
  },
  never: waiting,
  count: (operation, tell) =>
    async function* (value, { signal }) {
      const leave = watch(operation, tell, signal)
      try {
        heard(operation, tell, value)
        if (!isCount(value)) throw new TypeError('what count is asked for')
        for (let next = 0; next < value; next++) yield next
      } finally {
        leave()
      }
    },
  collect: returning,
  pour: returning,
}
