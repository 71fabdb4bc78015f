import { createHash, type Hash } from 'node:crypto'
import { client, generateIdentity, type PeerId, type Policy, type Session, serve } from '../../index.js'
import { listen } from '../../node.js'
import { Archive, Desk } from './contracts.js'
import { setup, tell } from './facts.js'
import { tellAdmitted, tellAnswer, tellEnd, tellSession } from './session.js'

/** Bytes between two words of progress. */
const PROGRESS = 2 ** 20

const policyFor = (peer: PeerId): Policy => ({
  version: 1,
  rules: [
    { id: 'client-may-store', effect: 'allow', by: [peer], verbs: ['call', 'send', 'stream'], on: ['archive.v1.*'] },
    { id: 'nobody-erases', effect: 'deny', by: ['any'], verbs: ['call'], on: ['archive.v1.erase'] },
  ],
})

/** The one entry that is being stored. */
class Entry {
  readonly #hash: Hash = createHash('sha256')
  readonly #startMs = performance.now()
  #bytes = 0

  put(piece: Uint8Array): void {
    const before = this.#bytes
    this.#hash.update(piece)
    this.#bytes += piece.length
    if (Math.floor(before / PROGRESS) < Math.floor(this.#bytes / PROGRESS)) tell({ is: 'progress', bytes: this.#bytes })
  }

  finish(): Uint8Array {
    const digest = new Uint8Array(this.#hash.digest())
    const sha256 = Buffer.from(digest).toString('hex')
    tell({ is: 'file', bytes: this.#bytes, sha256, ms: performance.now() - this.#startMs })
    return digest
  }
}

const tellDenials = async (session: Session): Promise<void> => {
  for await (const { address, decision, why, rules } of session.denials)
    tell({ is: 'denied', address, decision, why, rules })
}

const archive = () => {
  let entry = new Entry()
  return serve(
    Archive,
    {
      opened: async (session) => {
        tellSession(session)
        await Promise.all([tellDenials(session), tellEnd(session)])
      },
      around: async (call, next) => {
        tellAdmitted(call)
        await next()
      },
    },
    {
      store: async (name, { session }) => {
        const desk = client(session, Desk)
        await tellAnswer('desk.v1.confirm', desk.confirm(`shall I keep ${name}?`))
        // Nobody awaits this one here: it is answered when the file is through, or lost with the session.
        void tellAnswer('desk.v1.done', desk.done(undefined, { timeoutMs: 86_400_000 }))
        entry = new Entry()
        return `${name} is number 1`
      },
      async *fill(_, { up }) {
        for await (const piece of up) entry.put(piece)
        yield entry.finish()
      },
      note: () => undefined,
      erase: () => undefined,
    },
  )
}

const identity = generateIdentity()
tell({ is: 'born', id: identity.id })
const { path, peer } = await setup()
await listen(`unix:${path}`, {
  identity,
  trust: [peer],
  policy: policyFor(peer),
  serve: [archive()],
  use: [Desk],
})
tell({ is: 'listening' })
