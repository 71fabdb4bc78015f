import { bytes, contract, oneWay, requestResponse } from '../../src/index.js'

/** What the tests of links speak: `get` may run twice, `set` may not. */
export const Store = contract('store.v1', {
  get: requestResponse({ request: bytes, response: bytes, idempotent: true }),
  set: requestResponse({ request: bytes, response: bytes }),
  note: oneWay(bytes),
})
