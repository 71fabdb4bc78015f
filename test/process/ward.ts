import * as z from 'zod'
import { contract, type Policy, requestResponse, stream } from '../../src/index.js'

const Who = z.object({ who: z.string() })

/** What the two processes speak: a stream that does not end by itself, and a call beside it. */
export const Ward = contract('ward.v1', {
  watch: stream({ request: Who, down: z.number(), visible: ['who'] }),
  ask: requestResponse({ request: Who, response: z.number(), visible: ['who'] }),
})

const all = { id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'stream'], on: ['>'] } as const

export const open: Policy = { version: 1, rules: [all] }

/** Without whoever is called `out`. */
export const closed: Policy = {
  version: 1,
  rules: [
    all,
    {
      id: 'out',
      effect: 'deny',
      by: ['any'],
      verbs: ['stream'],
      on: ['ward.v1.watch'],
      when: [
        { attribute: 'body.who', is: 'present' },
        { attribute: 'body.who', is: 'eq', value: 'out' },
      ],
    },
  ],
}

/** What the serving process tells: what each handler's signal said at once, and after how many turns it had ended. */
export interface Told {
  readonly atOnce: Readonly<Record<string, string>>
  readonly ended: Readonly<Record<string, number>>
}
