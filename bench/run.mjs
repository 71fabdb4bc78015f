// `npm run bench`: every case in a fresh pair of processes, all in one run, figures as ratios.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { generateIdentity } from 'sotto'
import { writeIdentity } from 'sotto/node'

const peers = fileURLToPath(new URL('peers.mjs', import.meta.url))
const policy = fileURLToPath(new URL('policy.mjs', import.meta.url))
/** `--only memory` or another of the names below measures that alone. */
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined
const wanted = (name) => only === undefined || only === name
const scale = process.argv.includes('--quick') ? 0.1 : 1
const ROUNDS = process.argv.includes('--quick') ? 1 : 3

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

const start = (kind, role, options) => {
  const child = spawn(process.execPath, ['--expose-gc', peers, kind, role, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  const next = () =>
    new Promise((resolve, reject) => {
      lines.once('line', (text) => resolve(JSON.parse(text)))
      child.once('exit', (code) => reject(new Error(`${kind} ${role} exited with ${code}`)))
    })
  const ask = () => {
    const answer = next()
    child.stdin.write('?')
    return answer
  }
  return { child, line: next(), ask }
}

/** Bytes that a session held open costs a server that is in use: it has had as many before, one after another. */
const memoryOf = async ({ kind, server, client }, sessions) => {
  const load = { sessions, count: 1, size: 1 }
  const serving = start(kind, 'server', { ...server, ...load })
  try {
    const { endpoint } = await serving.line
    await start(kind, 'client', { ...client, ...load, handshakes: sessions, endpoint }).line
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const { rss: before } = await serving.ask()
    const holding = start(kind, 'client', { ...client, ...load, endpoint })
    await holding.line
    const { rss: after } = await serving.ask()
    holding.child.kill()
    return (after - before) / sessions
  } finally {
    serving.child.kill()
  }
}

const run = async (kind, serverOptions, clientOptions) => {
  const server = start(kind, 'server', serverOptions)
  try {
    const { endpoint } = await server.line
    const { result } = await start(kind, 'client', { ...clientOptions, endpoint }).line
    return result
  } finally {
    server.child.kill()
  }
}

/** The rounds of all rivals take turns, so that a slow moment of the machine meets all of them. */
const compare = async (rivals, load) => {
  const results = new Map(rivals.map(({ name }) => [name, []]))
  for (let round = 0; round < ROUNDS; round++)
    for (const { name, kind, server, client } of rivals)
      results.get(name).push(await run(kind, { ...server, ...load }, { ...client, ...load }))
  return new Map([...results].map(([name, values]) => [name, median(values)]))
}

const handshakes = async (rivals) => {
  const handshakes = Math.max(20, 200 * scale)
  console.log(`\nhandshake over TCP, ${handshakes} a round`)
  const times = await compare(rivals, { handshakes, count: 1, size: 1 })
  const tlsMs = times.get(TLS)
  for (const [name, ms] of times)
    console.log(
      `  ${name.padEnd(24)} ${ms.toFixed(2).padStart(8)} ms   ${(tlsMs / ms).toFixed(2)}x as fast as node:tls`,
    )
}

const messages = async (rivals) => {
  for (const [size, count] of [
    [64, 1_000_000],
    [1_024, 500_000],
    [65_536, 20_000],
  ]) {
    const load = { size, count: Math.round(count * scale) }
    console.log(`\none way, ${size} B, ${load.count} messages a round`)
    const rates = await compare(rivals, load)
    for (const [name, rate] of rates)
      console.log(
        `  ${name.padEnd(24)} ${Math.round(rate).toLocaleString('en').padStart(10)} /s ${((rate * size) / 1e6).toFixed(1).padStart(8)} MB/s   ${(rate / rates.get(TLS)).toFixed(2)}x node:tls, ${(rate / rates.get(PLAIN)).toFixed(2)}x the limit`,
      )
  }
}

const memory = async (rivals) => {
  const sessions = 1_000 * Math.max(scale, 0.3)
  console.log(`\nmemory of the server a session, ${sessions} that were used once and are idle`)
  const sizes = new Map(rivals.map(({ name }) => [name, []]))
  for (let round = 0; round < ROUNDS; round++)
    for (const rival of rivals) sizes.get(rival.name).push(await memoryOf(rival, sessions))
  const tlsBytes = median(sizes.get(TLS))
  for (const [name, values] of sizes) {
    const bytes = median(values)
    console.log(
      `  ${name.padEnd(24)} ${(bytes / 1024).toFixed(1).padStart(8)} KiB   ${(bytes / tlsBytes).toFixed(2)}x node:tls`,
    )
  }
}

const TLS = 'node:tls mutual'
const PLAIN = 'plain socket (limit)'

const folder = mkdtempSync(join(tmpdir(), 'sotto-bench-'))
try {
  const [server, client] = [generateIdentity(), generateIdentity()]
  const [serverKey, clientKey] = [join(folder, 'server.key'), join(folder, 'client.key')]
  await writeIdentity(serverKey, server)
  await writeIdentity(clientKey, client)
  const sotto = (name, pq) => ({
    name,
    kind: 'sotto',
    server: { key: serverKey, client: client.id, pq },
    client: { key: clientKey, server: server.id, pq },
  })
  const certificate = join(folder, 'tls.crt')
  const key = join(folder, 'tls.key')
  const openssl = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '2', '-subj', '/CN=localhost']
  execFileSync('openssl', [...openssl, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  const pem = { key: readFileSync(key, 'utf8'), cert: readFileSync(certificate, 'utf8') }
  const tlsOptions = { tls: { ...pem, ca: pem.cert } }
  const tls = { name: TLS, kind: 'tls', server: tlsOptions, client: tlsOptions }
  const plain = { name: PLAIN, kind: 'plain', server: {}, client: {} }
  const [hybrid, classic] = [sotto('sotto XXhfs (default)', 'require'), sotto('sotto XX', 'off')]

  console.log(`node ${process.version}, ${ROUNDS} rounds, medians`)
  if (wanted('handshake')) await handshakes([hybrid, classic, tls])
  if (wanted('oneway')) await messages([hybrid, tls, plain])
  if (wanted('memory')) await memory([hybrid, tls, plain])
  if (wanted('policy')) execFileSync(process.execPath, [policy, ...process.argv.slice(2)], { stdio: 'inherit' })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
