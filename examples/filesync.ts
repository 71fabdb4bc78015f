import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { client, peerId, SottoError } from 'sotto'
import { link, readIdentity, toNode } from 'sotto/node'
import { Files } from './files.js'

const [path = '', id = ''] = process.argv.slice(2)
const name = basename(path)
const { size: whole } = await stat(path)

await using keeper = link('unix:./files.sock', {
  identity: await readIdentity('filesync.key'),
  peer: peerId(id),
  use: [Files],
})
const files = client(keeper, Files)

/** Sends what is missing; false if the session was lost under it. */
const send = async (from: number): Promise<boolean> => {
  try {
    // Settles when the keeper has written the last of it.
    await pipeline(createReadStream(path, { start: from }), toNode(files.keep({ name, from })))
    return true
  } catch (error) {
    if (!(error instanceof SottoError) || !error.code.startsWith('session/')) throw error
    console.log('the session was lost')
    return false
  }
}

for (let sent = false; !sent; ) {
  // The next session, if this one is gone.
  await keeper.session
  const { size } = await files.kept({ name })
  console.log(`${size} of ${whole} bytes are kept`)
  sent = await send(size)
}

const hash = createHash('sha256')
await pipeline(createReadStream(path), hash)
const kept = await files.kept({ name })
console.log(kept.sha256 === hash.digest('hex') ? 'in sync' : 'not the same file')
