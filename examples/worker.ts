import { client, peerId } from 'sotto'
import { dial, readIdentity } from 'sotto/node'
import { Work } from './work.js'

const [name = '', server = ''] = process.argv.slice(2)

await using session = await dial('unix:./work.sock', {
  identity: await readIdentity(`${name}.key`),
  peer: peerId(server),
  use: [Work],
})
const work = client(session, Work)
for await (const job of work.jobs.consume({}, { credit: 1 })) {
  // This one dies with its first job in hand.
  if (name === 'clumsy') process.kill(process.pid, 'SIGKILL')
  await work.done({ n: job.value.n, attempt: job.attempt })
  await job.ack()
}
