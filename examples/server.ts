import { once } from 'node:events'
import { client, type Policy, peerId, serve } from 'sotto'
import { listen, readIdentity } from 'sotto/node'
import { Display, Thermostat } from './thermostat.js'

const [socket = '', id = ''] = process.argv.slice(2)
const clientId = peerId(id)
const rooms = new Map([['kitchen', 21.5]])

const policy: Policy = {
  version: 1,
  rules: [
    { id: 'use', effect: 'allow', by: [clientId], verbs: ['call', 'send'], on: ['thermostat.v1.*'] },
    { id: 'no-reset', effect: 'deny', by: ['any'], verbs: ['call'], on: ['thermostat.v1.reset'] },
  ],
}

const thermostat = serve(
  Thermostat,
  {
    opened: async (session) => {
      await client(session, Display).show('welcome')
      for await (const { address, rules, decision } of session.denials)
        console.log(`refused ${address} by ${rules.join(', ')}, decision ${decision}`)
    },
  },
  {
    read: ({ room }, { fault }) => {
      const celsius = rooms.get(room)
      if (celsius === undefined) throw fault('NoSuchRoom', { room })
      return { celsius }
    },
    log: (line, { peer }) => console.log(`${peer.id} says: ${line}`),
    reset: () => {
      rooms.clear()
    },
  },
)

await using server = await listen(`unix:${socket}`, {
  identity: await readIdentity('server.key'),
  trust: [clientId],
  policy,
  serve: [thermostat],
  use: [Display],
})
console.log(`listening at ${server.endpoint}`)
await once(process, 'SIGINT')
