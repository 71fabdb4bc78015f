import { bytes, contract, requestResponse } from 'sotto'
import { z } from 'zod'

/** What the page asks of the other end, be it a process or a worker. */
export const Desk = contract('desk.v1', {
  greet: requestResponse({ request: z.object({ name: z.string().max(20) }), response: z.string() }),
  echo: requestResponse({ request: bytes, response: bytes }),
  wipe: requestResponse({}),
})

/** What the other end asks of the page. */
export const Window = contract('window.v1', { title: requestResponse({ response: z.string() }) })
