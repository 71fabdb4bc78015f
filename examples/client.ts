import { client, faultOf, peerId, SottoError, serve } from 'sotto'
import { dial, readIdentity } from 'sotto/node'
import { Display, Thermostat } from './thermostat.js'

const [socket = '', id = ''] = process.argv.slice(2)
const serverId = peerId(id)

const display = serve(Display, {
  show: (text) => {
    console.log(`display: ${text}`)
  },
})

await using session = await dial(`unix:${socket}`, {
  identity: await readIdentity('client.key'),
  peer: serverId,
  use: [Thermostat],
  serve: [display],
  policy: {
    version: 1,
    rules: [{ id: 'show', effect: 'allow', by: [serverId], verbs: ['call'], on: ['display.v1.show'] }],
  },
})
const thermostat = client(session, Thermostat)

const { celsius } = await thermostat.read({ room: 'kitchen' }, { timeoutMs: 500 })
console.log(`kitchen: ${celsius} °C`)
await thermostat.log('I read the kitchen')

try {
  await thermostat.read({ room: 'cellar' })
} catch (error) {
  const fault = faultOf(error, Thermostat.operations.read)
  if (fault?.name !== 'NoSuchRoom') throw error
  console.log(`there is no ${fault.data.room}`)
}

try {
  await thermostat.reset()
} catch (error) {
  if (!SottoError.is(error, 'policy/denied')) throw error
  console.log(`refused, decision ${error.details.decision}`)
}
