import { bytes, client, contract, generateIdentity, host, initiate, memoryPair, serve, stream } from 'sotto'
import { z } from 'zod'

const Archive = contract('archive.v1', {
  // Numbers come down, one by one.
  count: stream({ request: z.number(), down: z.number() }),
  // Bytes go up; what is known of them so far comes down meanwhile.
  keep: stream({ up: bytes, down: z.object({ kept: z.number() }) }),
})

const [alice, bob] = [generateIdentity(), generateIdentity()]
const [left, right] = memoryPair()

const bobs = host({
  identity: bob,
  trust: [alice.id],
  policy: {
    version: 1,
    rules: [{ id: 'archive', effect: 'allow', by: [alice.id], verbs: ['stream'], on: ['archive.v1.*'] }],
  },
  serve: [
    serve(Archive, {
      async *count(to) {
        for (let n = 1; n <= to; n++) yield n
      },
      async *keep(_, { up }) {
        let kept = 0
        for await (const chunk of up) kept += chunk.byteLength
        yield { kept }
      },
    }),
  ],
})
void bobs.accept(right)

await using session = await initiate(left, { identity: alice, peer: bob.id, use: [Archive] })
const archive = client(session, Archive)

for await (const n of archive.count(3)) console.log(n)

await using upload = archive.keep()
// Settled while there is room; a reader that is slow makes the writer wait.
for (let i = 0; i < 100; i++) await upload.write(new Uint8Array(65_536))
await upload.end()
for await (const { kept } of upload) console.log(`${kept} bytes kept`)
