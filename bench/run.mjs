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
const scale = process.argv.includes('--quick') ? 0.1 : 1
const ROUNDS = process.argv.includes('--quick') ? 1 : 3

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

const start = (kind, role, options) => {
  const child = spawn(process.execPath, [peers, kind, role, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const line = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (text) => resolve(JSON.parse(text)))
    child.once('exit', (code) => reject(new Error(`${kind} ${role} exited with ${code}`)))
  })
  return { child, line }
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
  const tls = { name: 'node:tls mutual', kind: 'tls', server: tlsOptions, client: tlsOptions }
  const plain = { name: 'plain socket (limit)', kind: 'plain', server: {}, client: {} }
  const [hybrid, classic] = [sotto('sotto XXhfs (default)', 'require'), sotto('sotto XX', 'off')]

  const handshakes = Math.max(20, 200 * scale)
  console.log(`node ${process.version}, ${ROUNDS} rounds, medians\n`)
  console.log(`handshake over TCP, ${handshakes} a round`)
  const times = await compare([hybrid, classic, tls], { handshakes, count: 1, size: 1 })
  const tlsMs = times.get(tls.name)
  for (const [name, ms] of times)
    console.log(
      `  ${name.padEnd(24)} ${ms.toFixed(2).padStart(8)} ms   ${(tlsMs / ms).toFixed(2)}x as fast as node:tls`,
    )

  for (const [size, count] of [
    [64, 1_000_000],
    [1_024, 500_000],
    [65_536, 20_000],
  ]) {
    const load = { size, count: Math.round(count * scale) }
    console.log(`\none way, ${size} B, ${load.count} messages a round`)
    const rates = await compare([hybrid, tls, plain], load)
    for (const [name, rate] of rates)
      console.log(
        `  ${name.padEnd(24)} ${Math.round(rate).toLocaleString('en').padStart(10)} /s ${((rate * size) / 1e6).toFixed(1).padStart(8)} MB/s   ${(rate / rates.get(tls.name)).toFixed(2)}x node:tls, ${(rate / rates.get(plain.name)).toFixed(2)}x the limit`,
      )
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
