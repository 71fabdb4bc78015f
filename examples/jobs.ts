import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { serve } from 'sotto'
import { durableBroker } from 'sotto/durable'
import { listen, readIdentity } from 'sotto/node'
import { Work } from './work.js'

const identity = await readIdentity('runner.key')
const ids = await Promise.all(['clumsy', 'steady'].map(async (name) => (await readIdentity(`${name}.key`)).id))

// What `enqueue` has stored is on the disk when it settles, and outlives this process.
await using broker = await durableBroker({ path: './jobs' })

let left = 4
let finished = () => {}
const all = new Promise<void>((resolve) => {
  finished = resolve
})
const work = serve(
  Work,
  { broker },
  {
    done: ({ n, attempt }) => {
      console.log(`job ${n} was done at attempt ${attempt}`)
      if (--left === 0) finished()
    },
  },
)

await using _server = await listen('unix:./work.sock', {
  identity,
  trust: ids,
  policy: {
    version: 1,
    rules: [{ id: 'work', effect: 'allow', by: ids, verbs: ['consume', 'send'], on: ['work.v1.*'] }],
  },
  serve: [work],
})

for (let n = 1; n <= left; n++) await work.local.jobs.enqueue({ n }, { key: `job-${n}` })

const start = (name: string) =>
  spawn(process.execPath, [fileURLToPath(new URL('./worker.js', import.meta.url)), name, identity.id], {
    stdio: 'inherit',
  })
await once(start('clumsy'), 'exit')
console.log('a worker was killed with a job in hand')
const steady = start('steady')
await all
steady.kill()
