import { bytes, contract, oneWay, requestResponse, type Shape, stream } from '../../index.js'

/** A text. A program would take its shapes from zod, valibot or arktype; this package depends on none of them. */
const text: Shape<string> = {
  '~standard': {
    version: 1,
    vendor: 'sotto-demo',
    validate: (value) => (typeof value === 'string' ? { value } : { issues: [{ message: 'expected a text' }] }),
  },
}

/** What the server of the demo offers its client. */
export const Archive = contract('archive.v1', {
  /** A new entry of this name. */
  store: requestResponse({ request: text, response: text }),
  /** The bytes of the entry go up, their SHA-256 comes down. */
  fill: stream({ up: bytes, down: bytes }),
  note: oneWay(text),
  erase: requestResponse({ request: text }),
})

/** What the client offers its server. */
export const Desk = contract('desk.v1', {
  confirm: requestResponse({ request: text, response: text }),
  /** Answers once the client has what `fill` gave. */
  done: requestResponse({ response: text }),
})
