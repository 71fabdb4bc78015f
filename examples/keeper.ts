import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { peerId, serve } from 'sotto'
import { listen, readIdentity } from 'sotto/node'
import { Files } from './files.js'

const [folder = '', id = ''] = process.argv.slice(2)
const clientId = peerId(id)
await mkdir(folder, { recursive: true })

/** The file is there from the first question on. */
const sizeOf = async (name: string): Promise<number> => {
  await using file = await open(join(folder, name), 'a')
  return (await file.stat()).size
}

const files = serve(Files, {
  kept: async ({ name }) => {
    const size = await sizeOf(name)
    const hash = createHash('sha256')
    await pipeline(createReadStream(join(folder, name)), hash)
    return { size, sha256: hash.digest('hex') }
  },
  // A disk that is slow makes the sender wait: no more is under way than a window.
  keep: async ({ name, from }, { up }) => {
    if (from > (await sizeOf(name))) throw new RangeError('expected what comes behind the bytes that are kept')
    await pipeline(up, createWriteStream(join(folder, name), { flags: 'r+', start: from }))
  },
})

await using _keeper = await listen('unix:./files.sock', {
  identity: await readIdentity('keeper.key'),
  trust: [clientId],
  policy: {
    version: 1,
    rules: [{ id: 'files', effect: 'allow', by: [clientId], verbs: ['call', 'stream'], on: ['files.v1.*'] }],
  },
  serve: [files],
})
console.log('keeping')
await once(process, 'SIGINT')
