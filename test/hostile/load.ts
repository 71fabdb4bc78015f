import { bytes, contract, type Handlers, type Policy, requestResponse } from '../../src/index.js'

/** What honest ends speak while others attack. */
export const Load = contract('load.v1', { echo: requestResponse({ request: bytes, response: bytes }) })

export const echoing: Handlers<typeof Load> = { echo: (value) => value }

export const open: Policy = {
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send'], on: ['>'] }],
}

/** Where attackers come from, and where honest ends do: networks of loopback addresses. */
export const HOSTILE = '127.0.0.'
export const HONEST = '127.0.1.'

/** So many addresses of a network. */
export const addressesOf = (network: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${network}${i + 2}`)
