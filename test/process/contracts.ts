import { bytes, contract, nothing, oneWay, type Policy, requestResponse } from '../../src/index.js'

/** What the two processes speak. `wait` is answered never, `tell` handled slowly. */
export const There = contract('there.v1', {
  echo: requestResponse({ request: bytes, response: bytes }),
  wait: requestResponse({ request: bytes }),
  tell: oneWay(bytes),
})

export const Back = contract('back.v1', { wait: requestResponse({ request: bytes }), ready: oneWay(nothing) })

export const open: Policy = {
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send'], on: ['>'] }],
}
