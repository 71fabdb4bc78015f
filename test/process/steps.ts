import * as z from 'zod'
import { bytes, contract, oneWay, type Policy, requestResponse, stream } from '../../src/index.js'

const Asked = z.object({ id: z.number(), text: z.string() })

/** What is asked of a process that is killed. `hang` and `down` end with their session. */
export const Steps = contract('steps.v1', {
  ask: requestResponse({ request: Asked, response: z.string() }),
  hang: requestResponse({ request: Asked }),
  tell: oneWay(Asked),
  down: stream({ request: Asked, down: z.number() }),
  up: stream({ request: Asked, up: bytes }),
})

export const open: Policy = {
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send', 'stream'], on: ['>'] }],
}
