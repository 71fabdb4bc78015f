import { contract, oneWay, requestResponse } from 'sotto'
import { z } from 'zod'

const Room = z.object({ room: z.string() })

/** What the server offers. */
export const Thermostat = contract('thermostat.v1', {
  read: requestResponse({
    request: Room,
    response: z.object({ celsius: z.number() }),
    faults: { NoSuchRoom: Room },
  }),
  log: oneWay(z.string()),
  reset: requestResponse({}),
})

/** What the client offers: the server calls it. */
export const Display = contract('display.v1', { show: requestResponse({ request: z.string() }) })
