import { peerId, serve } from 'sotto'
import { listen, readIdentity } from 'sotto/node'
import { Thermostat } from './thermostat.js'

const parentId = peerId(process.argv[2] ?? '')

const thermostat = serve(Thermostat, {
  read: () => ({ celsius: 19 }),
  log: (line) => console.error(line),
  reset: () => {},
})

// Standard output belongs to the session: what this program has to say goes to standard error.
await listen('stdio:', {
  identity: await readIdentity('child.key'),
  trust: [parentId],
  policy: {
    version: 1,
    rules: [{ id: 'parent', effect: 'allow', by: [parentId], verbs: ['call', 'send'], on: ['thermostat.v1.*'] }],
  },
  serve: [thermostat],
})
