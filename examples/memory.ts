import { client, contract, generateIdentity, host, initiate, memoryPair, requestResponse, serve } from 'sotto'
import { z } from 'zod'

const Greeter = contract('greeter.v1', { greet: requestResponse({ request: z.string(), response: z.string() }) })

const [alice, bob] = [generateIdentity(), generateIdentity()]
const [left, right] = memoryPair()

const bobs = host({
  identity: bob,
  trust: [alice.id],
  policy: {
    version: 1,
    rules: [{ id: 'greet', effect: 'allow', by: [alice.id], verbs: ['call'], on: ['greeter.v1.greet'] }],
  },
  serve: [serve(Greeter, { greet: (name) => `hello, ${name}` })],
})
void bobs.accept(right)

await using session = await initiate(left, { identity: alice, peer: bob.id, use: [Greeter] })
console.log(await client(session, Greeter).greet('alice'))
