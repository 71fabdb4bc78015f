import { client, contract, generateIdentity, requestResponse, serve } from 'sotto'
import { link, listen } from 'sotto/node'
import { z } from 'zod'

const Greeter = contract('greeter.v1', {
  greet: requestResponse({ request: z.string(), response: z.string(), idempotent: true }),
})

const [alice, bob] = [generateIdentity(), generateIdentity()]
const endpoint = 'unix:./greeter.sock'

const serving = () =>
  listen(endpoint, {
    identity: bob,
    trust: [alice.id],
    policy: {
      version: 1,
      rules: [{ id: 'greet', effect: 'allow', by: [alice.id], verbs: ['call'], on: ['greeter.v1.greet'] }],
    },
    serve: [serve(Greeter, { greet: (name) => `hello, ${name}` })],
  })

await using kept = link(endpoint, { identity: alice, peer: bob.id, use: [Greeter] }, { giveUpMs: 60_000 })
const { greet } = client(kept, Greeter)

// Nobody listens yet: the call waits for a session.
const early = greet('early bird')
const first = await serving()
console.log(await early)

// The server restarts, and the link finds it again.
await first.close()
const late = greet('night owl')
await using _second = await serving()
console.log(await late)
