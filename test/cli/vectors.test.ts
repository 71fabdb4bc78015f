import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toHex, utf8 } from '../../src/bytes.js'
import { run } from '../../src/cli/commands.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import { declareFixedKeys } from '../setup/nonces.js'

declareFixedKeys('vectors fix every ephemeral, and are run more than once')

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const CACOPHONY = at('../../../shared/vectors/noise/cacophony.json')
const present = existsSync(CACOPHONY)
if (!present) console.warn(`SKIPPED: no upstream Noise vectors at ${CACOPHONY}`)

const folder = mkdtempSync(join(tmpdir(), 'sotto-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))

const file = (name: string, content: unknown): string => {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** A vector of two psks and no handshake hash. */
const vector = (): object => {
  const protocol = 'Noise_NNpsk0+psk2_25519_ChaChaPoly_SHA256'
  const psks = [new Uint8Array(32).fill(3), new Uint8Array(32).fill(4)]
  const side = (role: 'initiator' | 'responder', e: Uint8Array): HandshakeState =>
    new HandshakeState({ protocol, role, psks, ephemeralForTesting: { e } })
  const [one, two] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  const [initiator, responder] = [side('initiator', one), side('responder', two)]
  const first = initiator.writeMessage(utf8('one'))
  responder.readMessage(first)
  const second = responder.writeMessage(utf8('two'))
  const message = (payload: string, ciphertext: Uint8Array): object => ({
    payload: toHex(utf8(payload)),
    ciphertext: toHex(ciphertext),
  })
  return {
    protocol_name: protocol,
    init_ephemeral: toHex(one),
    resp_ephemeral: toHex(two),
    init_psks: psks.map(toHex),
    resp_psks: psks.map(toHex),
    // Some files give every vector a static key.
    init_static: toHex(one),
    messages: [message('one', first), message('two', second)],
  }
}

const good = vector()
const unknown = { ...good, protocol_name: 'Noise_NNhfs_25519+Kyber1024_ChaChaPoly_SHA256' }

const sotto = async (...args: string[]) => {
  const out: string[] = []
  const error: string[] = []
  const terminal = {
    out: (text: string) => out.push(text),
    error: (text: string) => error.push(text),
    progress: () => {},
  }
  return { exit: await run(args, terminal), out: out.join('\n'), error: error.join('\n') }
}

describe('sotto vectors', () => {
  test('NO-31 says how many passed and failed, over all files, and exits with 0 only if none failed', async () => {
    const one = file('one.json', { vectors: [good, good] })
    const two = file('two.json', { vectors: [unknown, good] })
    expect(await sotto('vectors', 'noise', one)).toEqual({ exit: 0, out: '2 passed, 0 failed', error: '' })
    const both = await sotto('vectors', 'noise', one, two)
    expect(both.exit).toBe(1)
    expect(both.out.split('\n').at(-1)).toBe('3 passed, 1 failed')
    expect(both.out).toContain(`FAIL ${two} #0 Noise_NNhfs_25519+Kyber1024_ChaChaPoly_SHA256: noise/protocol:`)
    expect((await sotto('vectors', 'noise', file('none.json', { vectors: [] }))).out).toBe('0 passed, 0 failed')
  })

  test('NO-31 --json is one object', async () => {
    const path = file('json.json', { vectors: [good, unknown] })
    const { exit, out } = await sotto('vectors', 'noise', '--json', path)
    expect(exit).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ passed: 1, failed: 1, failures: [{ file: path, index: 1 }] })
  })

  test.each(['noble', 'native'])('NO-31 --provider %s runs them on it', async (provider) => {
    const path = file('provider.json', { vectors: [good] })
    expect((await sotto('vectors', 'noise', path, '--provider', provider)).out).toBe('1 passed, 0 failed')
  })

  test('NO-31 a file that is absent or malformed is an error, and nothing is run', async () => {
    const path = file('whole.json', { vectors: [good] })
    for (const bad of [join(folder, 'absent.json'), file('bad.json', '{'), file('odd.json', { vectors: [{}] })]) {
      const { exit, out, error } = await sotto('vectors', 'noise', path, bad)
      expect([exit, out]).toEqual([1, ''])
      expect(error).toContain(bad)
    }
  })

  test.each([
    [[]],
    [['vectors']],
    [['vectors', 'noise']],
    [['vectors', 'other', 'file']],
    [['vectors', 'noise', 'file', '--provider', 'toString']],
    [['vectors', 'noise', 'file', '--no-such-option']],
    [['nonsense']],
    [['constructor']],
  ])('NO-31 sotto %j is a wrong call: exit 2 and the usage', async (args) => {
    const { exit, out, error } = await sotto(...args)
    expect([exit, out]).toEqual([2, ''])
    expect(error).toContain('usage: sotto')
  })

  test.each([[['--help']], [['-h']], [['help']], [['vectors', '--help']]])('sotto %j helps: exit 0', async (args) => {
    const { exit, out, error } = await sotto(...args)
    expect([exit, error]).toEqual([0, ''])
    expect(out).toContain('sotto vectors noise FILE...')
  })
})

describe('the process', () => {
  const bin = join(folder, 'bin', 'main.mjs')

  beforeAll(async () => {
    await build({
      entryPoints: [at('../../src/cli/main.ts')],
      outfile: bin,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
      alias: { '#native': at('../../src/crypto/native.ts') },
    })
  })

  const sottoProcess = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8' })
    return { status, stdout, stderr }
  }

  test('NO-31 writes to its streams and exits with the code', () => {
    const path = file('process.json', { vectors: [good] })
    expect(sottoProcess('vectors', 'noise', path)).toEqual({ status: 0, stdout: '1 passed, 0 failed\n', stderr: '' })
    expect(sottoProcess('vectors').status).toBe(2)
    expect(sottoProcess('vectors', 'noise', file('broken.json', '[')).status).toBe(1)
  })

  test.skipIf(!present)('NO-31 passes all of cacophony', () => {
    expect(sottoProcess('vectors', 'noise', CACOPHONY)).toMatchObject({ status: 0, stdout: '944 passed, 0 failed\n' })
  })
})
