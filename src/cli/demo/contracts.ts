import { bytes, contract, oneWay, requestResponse, type Shape } from '../../index.js'

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
  /** A new entry of this name; then come its pieces, then `finish`. */
  store: requestResponse({ request: text, response: text }),
  /** The next bytes of the entry. */
  put: oneWay(bytes),
  /** The SHA-256 of all that was put. */
  finish: requestResponse({ response: bytes }),
  note: oneWay(text),
  erase: requestResponse({ request: text }),
})

/** What the client offers its server. */
export const Desk = contract('desk.v1', {
  confirm: requestResponse({ request: text, response: text }),
  /** Answers once the client has what `finish` gave. */
  done: requestResponse({ response: text }),
})
