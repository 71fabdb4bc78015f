import {
  checkProof,
  client,
  contract,
  decodeCredential,
  generateIdentity,
  generateIssuer,
  host,
  initiate,
  issueCredential,
  makeChallenge,
  memoryPair,
  proveIdentity,
  requestResponse,
  serve,
  trustStore,
} from 'sotto'
import { z } from 'zod'

const Greeter = contract('greeter.v1', { greet: requestResponse({ response: z.string() }) })

const [alice, bob] = [generateIdentity(), generateIdentity()]
const issuer = generateIssuer()

// Alice shows that she holds her key: two texts, which are no secrets and may travel in any way.
const challenge = makeChallenge(issuer, Date.now())
const proof = proveIdentity(alice, challenge, issuer.id)

// The issuer says who she is, for an hour.
const credential = issueCredential(issuer, {
  possession: checkProof(issuer, proof, Date.now()),
  name: 'spiffe://example.org/alice',
  roles: ['cook'],
  expiresMs: Date.now() + 3_600_000,
})

// Bob knows the issuer, and nobody else.
const trust = trustStore([issuer.id])
const bobs = host({
  identity: bob,
  trust,
  policy: {
    version: 1,
    rules: [{ id: 'cooks', effect: 'allow', by: ['role:cook'], verbs: ['call'], on: ['greeter.v1.greet'] }],
  },
  serve: [serve(Greeter, { greet: (_, { peer }) => `hello, ${peer.name}` })],
})

const [left, right] = memoryPair()
const answered = bobs.accept(right)
await using session = await initiate(left, { identity: alice.with(credential), peer: bob.id, use: [Greeter] })
console.log(await client(session, Greeter).greet())

// What is revoked ends at once, and does not come back.
trust.revoke({ serial: decodeCredential(credential).serial })
const { closed } = await answered
const end = await closed
console.log(end.clean ? 'closed' : end.error.code)
