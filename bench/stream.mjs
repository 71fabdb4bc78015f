// `node bench/stream.mjs [GiB]`: bytes through one stream over a Unix socket, two processes, hashed at both ends.
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bytes, client, contract, generateIdentity, serve, stream } from 'sotto'
import { dial, listen, readIdentity, writeIdentity } from 'sotto/node'

const Load = contract('bench.v1', { upload: stream({ up: bytes, down: bytes }) })
const CHUNK = 262_144
const MIB = 1_048_576

/** Resident bytes, the most of each second, from the start and once all is warm. */
const watchRss = () => {
  const seen = []
  const timer = setInterval(() => seen.push(process.memoryUsage.rss()), 1_000)
  return () => {
    clearInterval(timer)
    const warm = seen.slice(Math.floor(seen.length / 4))
    return { most: Math.max(...seen), least: Math.min(...warm), last: seen.at(-1) ?? 0 }
  }
}

const told = ({ most, least, last }) =>
  `RSS at most ${(most / MIB).toFixed(1)} MiB, once warm ${(least / MIB).toFixed(1)} at least, ${(last / MIB).toFixed(1)} at the end`

const serveLoad = async (folder, peer) => {
  const policy = {
    version: 1,
    rules: [{ id: 'bench', effect: 'allow', by: [peer], verbs: ['stream'], on: ['bench.v1.*'] }],
  }
  const service = serve(Load, {
    async *upload(_, { up }) {
      const hash = createHash('sha256')
      const rss = watchRss()
      for await (const chunk of up) hash.update(chunk)
      yield hash.digest()
      console.log(`reader: ${told(rss())}`)
    },
  })
  const identity = await readIdentity(join(folder, 'server.key'))
  const server = await listen(endpointIn(folder), { identity, trust: [peer], policy, serve: [service] })
  process.once('message', () => {
    void server.close().then(() => process.disconnect())
  })
  process.send('listening')
}

const run = async (folder, gib) => {
  const [server, identity] = [generateIdentity(), generateIdentity()]
  await writeIdentity(join(folder, 'server.key'), server)
  const child = fork(fileURLToPath(import.meta.url), ['--serve', folder, identity.id])
  await new Promise((resolve) => child.once('message', resolve))
  const session = await dial(endpointIn(folder), { identity, peer: server.id, use: [Load] })
  const upload = client(session, Load).upload()
  const hash = createHash('sha256')
  const rss = watchRss()
  const chunk = new Uint8Array(CHUNK)
  const total = Math.round(gib * 1_024 * MIB)
  const start = performance.now()
  for (let sent = 0; sent < total; sent += CHUNK) {
    new DataView(chunk.buffer).setFloat64(0, sent)
    chunk[CHUNK - 1] = sent / CHUNK
    hash.update(chunk)
    await upload.write(chunk)
    if (sent % (1_024 * MIB) === 0 && sent > 0)
      console.log(`${sent / 1_024 / MIB} GiB after ${((performance.now() - start) / 1000).toFixed(1)} s`)
  }
  await upload.end()
  const { value: theirs } = await upload[Symbol.asyncIterator]().next()
  const seconds = (performance.now() - start) / 1_000
  const ours = hash.digest('hex')
  console.log(`writer: ${told(rss())}`)
  console.log(
    `${gib} GiB in ${seconds.toFixed(1)} s, ${((gib * 1_024) / seconds).toFixed(0)} MiB/s, hashing at both ends included`,
  )
  console.log(Buffer.from(theirs).toString('hex') === ours ? `SHA-256 equal: ${ours}` : 'SHA-256 DIFFER')
  await session.close()
  child.send('done')
}

const endpointIn = (folder) => `unix:${join(folder, 's.sock')}`

const [mode, ...rest] = process.argv.slice(2)
if (mode === '--serve') await serveLoad(...rest)
else {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-stream-'))
  try {
    await run(folder, Number(mode ?? 1))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
