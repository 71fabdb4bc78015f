import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { SottoError } from '../../src/errors.js'
import { type PeerId, peerIdOf } from '../../src/identity/id.js'
import { MAX_KNOWN } from '../../src/link/knownpeers.js'
import { knownPeers } from '../../src/link/knownpeers.node.js'
import { readTrust, revokeIn } from '../../src/link/trustfile.node.js'

const everything = mkdtempSync(join(tmpdir(), 'sotto-known-'))
afterAll(() => rmSync(everything, { recursive: true, force: true }))

let folder = everything
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(everything, 'test-'))
  path = join(folder, 'known')
})

const idOf = (n: number): PeerId => peerIdOf(Uint8Array.from({ length: 32 }, (_, i) => (n >>> (8 * i)) & 0xff))
const [a, b] = [idOf(1), idOf(2)]
const ISSUER = 'sottoca1qq56ewhpgx7v4u9j9cdff56dp0rnv8jjd59luykgj72teyezjekawpvm64s'
const SERIAL = '000102030405060708090a0b0c0d0e0f'

const refusal = async (run: Promise<unknown>): Promise<SottoError> => {
  try {
    await run
  } catch (error) {
    if (error instanceof SottoError) return error
    throw error
  }
  throw new Error('expected a refusal')
}

const write = (text: string | Uint8Array, mode = 0o600): void => {
  writeFileSync(path, text, { mode })
  chmodSync(path, mode)
}

const content = (): string => readFileSync(path, 'utf8')

describe('known peers', () => {
  test('ID-37 a file that is not there is empty, and is made with mode 0600 and nothing beside it', async () => {
    const known = await knownPeers(path)
    expect([known.mode, known.path, known.entries()]).toEqual(['strict', path, []])
    expect(readdirSync(folder)).toEqual([])
    await known.remember('tcp:localhost:7000', a)
    expect(content()).toBe(`tcp:localhost:7000 ${a}\n`)
    expect(lstatSync(path).mode & 0o7777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['known'])
    expect((await knownPeers(path, 'accept-new')).entries()).toEqual([['tcp:localhost:7000', a]])
  })

  test('ID-41 a mode that is misspelt is the mistake of a caller, and takes nobody', async () => {
    // @ts-expect-error callers without types come too
    await expect(knownPeers(path, 'Strict')).rejects.toThrow(RangeError)
  })

  test('ID-36 an endpoint is known, new or changed; what is known is not written again', async () => {
    write(`tcp:one:1 ${a}\n`)
    const known = await knownPeers(path)
    expect(known.check('tcp:one:1', a)).toBe('known')
    expect(known.check('tcp:one:1', b)).toBe('changed')
    expect(known.check('tcp:one:11', a)).toBe('new')
    expect(known.known('tcp:one:1')).toBe(a)
    expect(known.known('__proto__')).toBeUndefined()
    const before = lstatSync(path).ino
    await known.remember('tcp:one:1', a)
    expect(lstatSync(path).ino).toBe(before)
  })

  test('ID-42 ID-36 another key is never written over the one that is known', async () => {
    write(`tcp:one:1 ${a}\n`)
    const error = await refusal((await knownPeers(path, 'accept-new')).remember('tcp:one:1', b))
    expect([error.code, error.details]).toEqual(['identity/changed', { known: a, seen: b }])
    expect(content()).toBe(`tcp:one:1 ${a}\n`)
    expect(readdirSync(folder)).toEqual(['known'])
  })

  test('ID-37 comments, empty lines, spaces in paths and the last line without its end are kept', async () => {
    const text = `# by hand\n\nunix:/a b/c.sock ${a}\n#unix:/old ${b}\ntcp:[::1]:1 ${b}`
    write(text)
    const known = await knownPeers(path)
    expect(known.entries()).toEqual([
      ['unix:/a b/c.sock', a],
      ['tcp:[::1]:1', b],
    ])
    await known.remember('unix:/ü', a)
    expect(content()).toBe(`${text}\nunix:/ü ${a}\n`)
    expect(await known.forget('unix:/a b/c.sock')).toBe(true)
    expect(await known.forget('unix:/a b/c.sock')).toBe(false)
    expect(content()).toBe(`# by hand\n\n#unix:/old ${b}\ntcp:[::1]:1 ${b}\nunix:/ü ${a}\n`)
    expect(known.check('unix:/a b/c.sock', b)).toBe('new')
  })

  test('ID-38 of many writers none loses a line', async () => {
    const files = await Promise.all(Array.from({ length: 8 }, () => knownPeers(path)))
    await Promise.all(files.map((known, i) => known.remember(`tcp:host${i}:1`, a)))
    const all = await knownPeers(path)
    expect([...all.entries()].map(([endpoint]) => endpoint).sort()).toEqual(files.map((_, i) => `tcp:host${i}:1`))
    expect(readdirSync(folder)).toEqual(['known'])
  })

  test('ID-38 ID-36 a key that another process wrote meanwhile is not written over', async () => {
    const known = await knownPeers(path, 'accept-new')
    await (await knownPeers(path)).remember('tcp:one:1', a)
    expect(known.check('tcp:one:1', b)).toBe('new')
    expect((await refusal(known.remember('tcp:one:1', b))).code).toBe('identity/changed')
    expect(known.check('tcp:one:1', b)).toBe('changed')
    await (await knownPeers(path)).forget('tcp:one:1')
    await known.reload()
    expect(known.check('tcp:one:1', b)).toBe('new')
  })

  test('ID-38 a lock that is left is named after 5 s, and nothing is written', { timeout: 20_000 }, async () => {
    writeFileSync(`${path}.lock`, '')
    const known = await knownPeers(path)
    const error = await refusal(known.remember('tcp:one:1', a))
    expect(error.code).toBe('identity/file')
    expect(error.message).toContain(`${path}.lock`)
    expect(readdirSync(folder)).toEqual(['known.lock'])
  })

  test.each<[string, string | Uint8Array, string]>([
    ['no id', 'tcp:one:1\n', 'line 1'],
    ['no endpoint', ` ${a}\n`, 'line 1'],
    ['an id that does not parse', `# x\ntcp:one:1 ${a.slice(0, -1)}q\n`, 'line 2'],
    ['a space in front', ` tcp:one:1 ${a}\n`, 'line 1'],
    ['two spaces', `tcp:one:1  ${a}\n`, 'line 1'],
    ['a space behind', `tcp:one:1 ${a} \n`, 'line 1'],
    ['a tab', `tcp:one:1\t${a}\n`, 'line 1'],
    ['a carriage return', `tcp:one:1 ${a}\r\n`, 'line 1'],
    ['an endpoint twice', `tcp:one:1 ${a}\ntcp:two:1 ${b}\ntcp:one:1 ${a}\n`, 'line 3'],
    ['an endpoint of 513 characters', `${'x'.repeat(513)} ${a}\n`, 'line 1'],
    ['a control character', `tcp:\u0007:1 ${a}\n`, 'line 1'],
    ['a byte order mark', `\ufeff\n`, 'line 1'],
    ['no UTF-8', Uint8Array.of(0xc3, 0x28), 'UTF-8'],
  ])('ID-39 a file with %s is refused, by its path, and kept', async (_, text, why) => {
    write(text)
    const error = await refusal(knownPeers(path))
    expect(error.code).toBe('identity/file')
    expect(error.message).toContain(path)
    expect(error.message).toContain(why)
    expect(readFileSync(path)).toEqual(Buffer.from(text))
  })

  test('ID-39 endpoints and bytes are bounded', async () => {
    write(Array.from({ length: MAX_KNOWN }, (_, i) => `tcp:h${i}:1 ${a}\n`).join(''))
    const known = await knownPeers(path)
    expect(known.entries()).toHaveLength(16_384)
    const error = await refusal(known.remember('tcp:more:1', a))
    expect([error.code, error.message.includes('16384 endpoints')]).toEqual(['identity/file', true])
    write(`${content()}tcp:more:1 ${a}\n`)
    expect((await refusal(knownPeers(path))).message).toContain('16384 endpoints')
    write(`#${'x'.repeat(4_194_304)}`)
    expect((await refusal(knownPeers(path))).message).toContain('at most 4194304 bytes')
  })

  test.each(['', ' a', 'a ', '# a', 'a\nb', 'a\u2028b', 'a\ud800', 'x'.repeat(513)])(
    'ID-39 an endpoint with no form in the file is the mistake of a caller: %j',
    async (endpoint) => {
      await expect((await knownPeers(path)).remember(endpoint, a)).rejects.toThrow(RangeError)
      expect(readdirSync(folder)).toEqual([])
    },
  )
})

describe('ID-48 what others may do', () => {
  const TRUST = '{"version":1,"trusted":[]}'
  const readers: [string, () => Promise<unknown>][] = [
    ['known peers', () => knownPeers(path)],
    ['trust', () => readTrust(path)],
  ]

  test.each(readers)('ID-48 %s that others may read are read', async (name, read) => {
    write(name === 'trust' ? TRUST : '', 0o644)
    await expect(read()).resolves.toBeDefined()
  })

  test.each(readers)('ID-48 %s that others may write are refused', async (_, read) => {
    for (const mode of [0o620, 0o602, 0o666]) {
      write(TRUST, mode)
      expect((await refusal(read())).message).toMatch(/only its owner may write .* got mode 06/)
    }
  })

  test.each(readers)('ID-48 %s behind a symbolic link, or that are no file, are refused', async (_, read) => {
    write(TRUST)
    const target = path
    path = join(folder, 'link')
    symlinkSync(target, path)
    expect((await refusal(read())).message).toContain('a symbolic link')
    path = join(folder, 'directory')
    mkdirSync(path)
    expect((await refusal(read())).message).toContain('a regular file')
  })

  test('ID-48 a link is not written through, nor replaced', async () => {
    const target = join(folder, 'target')
    writeFileSync(target, '')
    symlinkSync(target, path)
    expect((await refusal(knownPeers(path))).code).toBe('identity/file')
    expect([lstatSync(path).isSymbolicLink(), readFileSync(target, 'utf8')]).toEqual([true, ''])
  })
})

describe('a trust file', () => {
  const trust = (document: unknown): void => write(JSON.stringify(document))

  test('ID-40 says pins, issuers and what is revoked', async () => {
    trust({ version: 1, trusted: [a, ISSUER], revoked: [b, { serial: SERIAL }] })
    expect(await readTrust(path)).toEqual({ trusted: [a, ISSUER], revoked: [b, { serial: SERIAL }] })
    trust({ version: 1, trusted: [] })
    expect(await readTrust(path)).toEqual({ trusted: [], revoked: [] })
  })

  test.each<[string, string]>([
    ['nothing', ''],
    ['no JSON', '{'],
    ['a list', '[]'],
    ['no version', '{"trusted":[]}'],
    ['another version', '{"version":2,"trusted":[]}'],
    ['no trusted', '{"version":1}'],
    ['a member nobody knows', '{"version":1,"trusted":[],"issuers":[]}'],
    ['a member twice', '{"version":1,"trusted":[],"trusted":[]}'],
    ['trusted that is no list', `{"version":1,"trusted":"${a}"}`],
    ['an id that does not parse', `{"version":1,"trusted":["${a.slice(0, -1)}q"]}`],
    ['an issuer that does not parse', `{"version":1,"trusted":["${ISSUER}x"]}`],
    ['a name', '{"version":1,"trusted":["spiffe://a/b"]}'],
    ['revoked that is null', '{"version":1,"trusted":[],"revoked":null}'],
    ['a revoked issuer', `{"version":1,"trusted":[],"revoked":["${ISSUER}"]}`],
    ['a serial as text', `{"version":1,"trusted":[],"revoked":["${SERIAL}"]}`],
    ['a short serial', '{"version":1,"trusted":[],"revoked":[{"serial":"00"}]}'],
    ['a serial and more', `{"version":1,"trusted":[],"revoked":[{"serial":"${SERIAL}","why":""}]}`],
    ['65 issuers', `{"version":1,"trusted":[${Array.from({ length: 65 }, () => `"${ISSUER}"`).join()}]}`],
  ])('ID-40 with %s is refused, by its path', async (_, text) => {
    write(text)
    const error = await refusal(readTrust(path))
    expect(error.code).toBe('identity/file')
    expect(error.message).toContain(path)
  })

  test('ID-40 one that is not there is an error: nobody is trusted by mistake, and nobody forgotten', async () => {
    expect((await refusal(readTrust(path))).message).toContain('expected a file or its directory, got none')
    expect((await refusal(revokeIn(path, a))).code).toBe('identity/file')
    expect(readdirSync(folder)).toEqual([])
  })

  test('ID-37 ID-38 revocations are added, each once, and all else is kept', async () => {
    trust({ version: 1, trusted: [a, ISSUER], revoked: [b] })
    const added = await Promise.all([revokeIn(path, { serial: SERIAL }), revokeIn(path, a), revokeIn(path, b)])
    expect(added).toEqual([true, true, false])
    const { trusted, revoked = [] } = await readTrust(path)
    expect(trusted).toEqual([a, ISSUER])
    expect(revoked).toHaveLength(3)
    expect(revoked).toEqual(expect.arrayContaining([b, a, { serial: SERIAL }]))
    expect(await revokeIn(path, { serial: SERIAL })).toBe(false)
    expect(lstatSync(path).mode & 0o7777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['known'])
  })

  test('ID-37 what cannot be revoked changes nothing', async () => {
    trust({ version: 1, trusted: [a] })
    const before = content()
    for (const wrong of [{ serial: 'x' }, 'sotto1q'] as const)
      expect((await refusal(revokeIn(path, wrong))).code).toBe('identity/malformed')
    expect(content()).toBe(before)
    expect(readdirSync(folder)).toEqual(['known'])
  })
})

const disk = mkdtempSync(join(tmpdir(), 'sotto-known-disk-'))
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', disk]).status === 0
if (!mounted) console.warn('test/link/knownpeers: SKIPPED, a full disk: cannot mount a tmpfs here')
afterAll(() => {
  if (mounted) spawnSync('umount', [disk])
  rmSync(disk, { recursive: true, force: true })
})

test.skipIf(!mounted)('ID-37 on a full disk nothing is lost, and it is told', async () => {
  const full = join(disk, 'known')
  const text = `tcp:one:1 ${a}\n#${'x'.repeat(4_000)}\n`
  writeFileSync(full, text, { mode: 0o600 })
  const known = await knownPeers(full)
  const error = await refusal(known.remember('tcp:two:1', b))
  expect([error.code, error.message.includes('room on the disk')]).toEqual(['identity/file', true])
  expect(readFileSync(full, 'utf8')).toBe(text)
  expect(readdirSync(disk)).toEqual(['known'])
  expect(known.check('tcp:two:1', b)).toBe('new')
})
