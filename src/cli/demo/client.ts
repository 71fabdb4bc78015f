import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createConnection } from 'node:net'
import { basename } from 'node:path'
import { type Client, client, generateIdentity, type Identity, initiate, type Session, serve } from '../../index.js'
import { fromDuplex } from '../../node.js'
import { Archive, Desk } from './contracts.js'
import { Counting } from './counting.js'
import { type Setup, setup, tell } from './facts.js'
import { tellAdmitted, tellAnswer, tellEnd, tellSession } from './session.js'

/** Bytes read from the file at once. */
const READ = 2 ** 20

const open = async (identity: Identity, { path, peer }: Setup, done: Promise<string>) => {
  const wire = new Counting(fromDuplex(createConnection({ path, allowHalfOpen: true })))
  const start = performance.now()
  const session = await initiate(wire, {
    identity,
    peer,
    use: [Archive],
    serve: [
      serve(
        Desk,
        {
          around: async (call, next) => {
            tellAdmitted(call)
            await next()
          },
        },
        { confirm: (question) => (question.startsWith('shall I') ? 'yes' : 'no'), done: () => done },
      ),
    ],
    policy: {
      version: 1,
      rules: [{ id: 'server-may-ask', effect: 'allow', by: [peer], verbs: ['call'], on: ['desk.v1.*'] }],
    },
  })
  tell({ is: 'handshake', sent: wire.sent, received: wire.received, ms: performance.now() - start })
  tellSession(session)
  return session
}

/** Sends all of `source`, no faster than the server reads it; gives what the server's digest is. */
const transfer = async (archive: Client<typeof Archive>, source: AsyncIterable<Uint8Array>): Promise<string> => {
  const hash = createHash('sha256')
  const start = performance.now()
  let bytes = 0
  await using entry = archive.fill()
  for await (const block of source) {
    hash.update(block)
    bytes += block.length
    await entry.write(block)
  }
  await entry.end()
  const digest: Uint8Array[] = []
  for await (const part of entry) digest.push(part)
  tell({ is: 'file', bytes, sha256: hash.digest('hex'), ms: performance.now() - start })
  return Buffer.concat(digest).toString('hex')
}

async function* endless(): AsyncGenerator<Uint8Array> {
  const block = new Uint8Array(READ)
  for (;;) yield block
}

const work = async (session: Session<typeof Archive>, file: string | undefined): Promise<string> => {
  const archive = client(session, Archive)
  const name = file === undefined ? 'a file without end' : basename(file)
  await tellAnswer('archive.v1.store', archive.store(name))
  for (const word of ['one', 'two', 'three']) await archive.note(word)
  await tellAnswer('archive.v1.erase', archive.erase(name))
  return transfer(archive, file === undefined ? endless() : createReadStream(file, { highWaterMark: READ }))
}

const main = async (): Promise<void> => {
  const identity = generateIdentity()
  tell({ is: 'born', id: identity.id })
  const told = await setup()
  let finish: (sha256: string) => void = () => undefined
  const done = new Promise<string>((resolve) => {
    finish = resolve
  })
  const session = await open(identity, told, done)
  finish(await work(session, told.file))
  await session.close()
  await tellEnd(session)
}

await main()
