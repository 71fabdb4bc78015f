import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { run } from '../../src/cli/commands.js'
import {
  checkProof,
  decodeCredential,
  generateIdentity,
  generateIssuer,
  issueCredential,
  makeChallenge,
  proveIdentity,
  trustStore,
} from '../../src/index.js'
import { readCredential, readTrust, writeCredential, writeIdentity, writeIssuer } from '../../src/node.js'

const everything = mkdtempSync(join(tmpdir(), 'sotto-credential-'))
afterAll(() => rmSync(everything, { recursive: true }))

const identity = generateIdentity()
const issuer = generateIssuer()
let folder = everything
let [caKey, key, file, trust] = ['', '', '', '']
beforeEach(async () => {
  folder = mkdtempSync(join(everything, 'test-'))
  ;[caKey = '', key = '', file = '', trust = ''] = ['ca.key', 'id.key', 'id.cred', 'trust.json'].map((name) =>
    join(folder, name),
  )
  await writeIssuer(caKey, issuer)
  await writeIdentity(key, identity)
  writeFileSync(trust, JSON.stringify({ version: 1, trusted: [issuer.id] }), { mode: 0o600 })
})

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

const proof = async (): Promise<string> => {
  const { out: challenge } = await sotto('credential', 'challenge', caKey)
  return (await sotto('credential', 'prove', key, challenge, issuer.id)).out
}

/** A credential file, and its serial. */
const issued = async (...more: string[]): Promise<string> => {
  const { exit, out, error } = await sotto('credential', 'issue', caKey, await proof(), file, ...more)
  expect([exit, error]).toEqual([0, ''])
  return out
}

describe('sotto keygen and id', () => {
  test('CL-4 CL-5 --issuer makes and names the key of an issuer', async () => {
    const path = join(folder, 'new.key')
    const { exit, out, error } = await sotto('keygen', path, '--issuer')
    expect([exit, error]).toEqual([0, ''])
    expect(out).toMatch(/^sottoca1[a-z0-9]{59}$/)
    expect(readFileSync(path, 'utf8')).toMatch(/^SOTTOCA-SECRET-1[A-Z0-9]{59}\n$/)
    expect(lstatSync(path).mode & 0o777).toBe(0o600)
    expect(await sotto('id', path, '--issuer')).toEqual({ exit: 0, out, error: '' })
    expect(await sotto('id', path)).toMatchObject({ exit: 1, out: '' })
    expect(await sotto('id', key, '--issuer')).toMatchObject({ exit: 1, out: '' })
  })

  test('CL-3 CL-4 an issuer can be sealed, and issues with its passphrase', async () => {
    const [path, passphrase] = [join(folder, 'sealed.key'), join(folder, 'passphrase')]
    writeFileSync(passphrase, 'correct horse\n')
    const { out } = await sotto('keygen', path, '--issuer', '--passphrase-file', passphrase)
    expect(readFileSync(path, 'utf8')).toMatch(/^SOTTOCA-SEALED-1/)
    expect((await sotto('id', path, '--issuer', '--passphrase-file', passphrase)).out).toBe(out)
    expect(await sotto('credential', 'challenge', path)).toMatchObject({ exit: 1, out: '' })
    expect((await sotto('credential', 'challenge', path, '--passphrase-file', passphrase)).out).toMatch(
      /^sotto-challenge-1/,
    )
  }, 30_000)
})

describe('sotto credential', () => {
  test('CL-20 from a challenge to a file with a credential that says what was asked', async () => {
    const before = Date.now()
    const names = ['--name', 'spiffe://example.org/kitchen', '--role', 'sensor', '--role', 'display', '--days', '7']
    const claims = ['room=the kitchen', 'floor:=-2', 'indoors:=true', 'empty='].flatMap((claim) => ['--claim', claim])
    const serial = await issued(...names, ...claims)
    const statement = decodeCredential(await readCredential(file))
    expect(statement).toMatchObject({
      issuer: issuer.id,
      id: identity.id,
      name: 'spiffe://example.org/kitchen',
      roles: ['display', 'sensor'],
      serial,
    })
    expect({ ...statement.claims }).toEqual({ room: 'the kitchen', floor: -2, indoors: true, empty: '' })
    expect(statement.expiresMs - statement.notBeforeMs).toBe(7 * 86_400_000)
    expect(Math.abs(statement.notBeforeMs - before)).toBeLessThan(60_000)
    expect(trustStore([issuer.id]).check(identity.id, await readCredential(file), Date.now())?.name).toBe(
      statement.name,
    )
  })

  test('CL-20 30 days without a name unless said, and an existing file is kept', async () => {
    await issued()
    const statement = decodeCredential(await readCredential(file))
    expect([statement.name, statement.expiresMs - statement.notBeforeMs]).toEqual([undefined, 30 * 86_400_000])
    const before = readFileSync(file)
    const { exit, error } = await sotto('credential', 'issue', caKey, await proof(), file)
    expect([exit, error.includes('one that is kept')]).toEqual([1, true])
    expect(readFileSync(file)).toEqual(before)
  })

  test('CL-20 a proof for another issuer, or of no challenge, issues nothing', async () => {
    const other = generateIssuer()
    const { out: challenge } = await sotto('credential', 'challenge', caKey)
    const wrong = [
      proveIdentity(identity, challenge, other.id),
      proveIdentity(identity, makeChallenge(other, Date.now()), issuer.id),
      proveIdentity(identity, makeChallenge(issuer, Date.now() - 600_000), issuer.id),
      (await proof()).replace(/.$/, (last) => (last === 'q' ? 'p' : 'q')),
      challenge,
    ]
    for (const text of wrong)
      expect(await sotto('credential', 'issue', caKey, text, file)).toMatchObject({ exit: 1, out: '' })
    expect(existsSync(file)).toBe(false)
    expect(await sotto('credential', 'prove', key, challenge, identity.id)).toMatchObject({ exit: 1, out: '' })
    expect(await sotto('credential', 'prove', key, issuer.id, issuer.id)).toMatchObject({ exit: 1, out: '' })
  })

  test('CL-1 a name, role or claim that no credential may hold is exit 1, and makes no file', async () => {
    const shown = await proof()
    for (const wrong of [
      ['--name', 'kitchen'],
      ['--role', 'a b'],
      ['--claim', 'a b=1'],
      ['--claim', `a=${'x'.repeat(4_000)}`],
    ]) {
      const { exit, error } = await sotto('credential', 'issue', caKey, shown, file, ...wrong)
      expect([exit, error.startsWith('sotto credential issue: identity/credential: expected')]).toEqual([1, true])
    }
    expect(readdirSync(folder)).toEqual(['ca.key', 'id.key', 'trust.json'])
  })

  test.each([
    [['--days', '0']],
    [['--days', '401']],
    [['--days', '1.5']],
    [['--days', '-1']],
    [['--claim', 'a']],
    [['--claim', '=1']],
    [['--claim', 'a:=x']],
    [['--claim', 'a:=1.5']],
    [['--claim', 'a=1', '--claim', 'a=2']],
    [['--role']],
    [['more']],
  ])('CL-1 credential issue with %j is a wrong call: exit 2', async (more) => {
    expect(await sotto('credential', 'issue', caKey, 'sotto-proof-1', file, ...more)).toMatchObject({
      exit: 2,
      out: '',
    })
    expect(existsSync(file)).toBe(false)
  })

  test.each([
    [['credential']],
    [['credential', 'steal']],
    [['credential', 'challenge']],
    [['credential', 'prove', 'key', 'challenge']],
    [['credential', 'issue', 'key', 'proof']],
    [['credential', 'show']],
    [['credential', 'verify', 'file']],
    [['credential', 'revoke', 'file']],
    [['credential', 'show', 'a', 'b']],
    [['peers']],
    [['peers', 'a', 'b']],
  ])('CL-1 sotto %j is a wrong call: exit 2', async (args) => {
    const { exit, out, error } = await sotto(...args)
    expect([exit, out]).toEqual([2, ''])
    expect(error).toContain('usage: sotto')
  })

  test('CL-1 help names every credential command, and is asked for of each', async () => {
    const { exit, out } = await sotto('credential', '--help')
    expect(exit).toBe(0)
    const names = ['challenge', 'prove', 'issue', 'show', 'verify', 'revoke']
    for (const name of names) {
      expect(out).toContain(`sotto credential ${name} `)
      expect(await sotto('credential', name, '--help')).toMatchObject({ exit: 0, error: '' })
    }
    expect((await sotto('--help')).out).toContain('sotto credential issue ')
  })

  test('CL-21 show prints everything, as lines or as JSON', async () => {
    const serial = await issued('--name', 'spiffe://example.org/a', '--role', 'r', '--claim', 'n:=1')
    const { out } = await sotto('credential', 'show', file)
    for (const part of [identity.id, issuer.id, 'spiffe://example.org/a', serial, '{"n":1}', 'until '])
      expect(out).toContain(part)
    expect(out.split('\n')).toHaveLength(8)
    expect(JSON.parse((await sotto('credential', 'show', file, '--json')).out)).toEqual({
      ...decodeCredential(await readCredential(file)),
      claims: { n: 1 },
    })
  })

  test('CL-21 show prints nothing that a terminal obeys', async () => {
    const possession = checkProof(issuer, await proof(), Date.now())
    const claims = { evil: '\x1b[2J\u009b31m\u202e\nid      forged\u{1f600}' }
    await writeCredential(file, issueCredential(issuer, { possession, claims, expiresMs: Date.now() + 60_000 }))
    for (const more of [[], ['--json']]) {
      const { out } = await sotto('credential', 'show', file, ...more)
      expect(out).toMatch(/^[\x20-\x7e\n]*$/)
      expect(out.split('\n').filter((line) => line.startsWith('id '))).toHaveLength(more.length === 0 ? 1 : 0)
      expect(out).toContain(String.raw`\u001b[2J\u009b31m\u202e\nid`)
    }
    expect(JSON.parse((await sotto('credential', 'show', file, '--json')).out).claims).toEqual(claims)
  })

  test('CL-22 verify says whether it holds, and why not', async () => {
    const serial = await issued('--name', 'spiffe://example.org/a')
    expect(await sotto('credential', 'verify', file, trust)).toEqual({
      exit: 0,
      out: 'spiffe://example.org/a',
      error: '',
    })
    const json = JSON.parse((await sotto('credential', 'verify', file, trust, '--json', '--key', identity.id)).out)
    expect(json).toMatchObject({ id: identity.id, name: 'spiffe://example.org/a' })
    const other = await sotto('credential', 'verify', file, trust, '--key', generateIdentity().id)
    expect([other.exit, other.out, other.error.includes('the key that was proved')]).toEqual([1, '', true])
    await sotto('credential', 'revoke', trust, serial)
    const revoked = await sotto('credential', 'verify', file, trust)
    expect([revoked.exit, revoked.error.includes('not revoked')]).toEqual([1, true])
    writeFileSync(trust, JSON.stringify({ version: 1, trusted: [generateIssuer().id] }))
    expect((await sotto('credential', 'verify', file, trust)).error).toContain('a trusted issuer')
    writeFileSync(file, 'x')
    expect((await sotto('credential', 'verify', file, trust)).error).toContain('identity/file: expected a credential')
  })

  test('CL-23 revoke adds a serial or an id, and keeps all else', async () => {
    const serial = await issued()
    expect(await sotto('credential', 'revoke', trust, serial)).toEqual({ exit: 0, out: `revoked ${serial}`, error: '' })
    expect((await sotto('credential', 'revoke', trust, serial)).out).toBe(`${serial} was revoked before`)
    const { out } = await sotto('credential', 'revoke', trust, identity.id, '--json')
    expect(JSON.parse(out)).toEqual({ revoked: identity.id, added: true, file: trust })
    expect(await readTrust(trust)).toEqual({ trusted: [issuer.id], revoked: [{ serial }, identity.id] })
    const store = trustStore([issuer.id])
    const credential = await readCredential(file)
    expect(store.check(identity.id, credential, Date.now())).toBeDefined()
    store.replace(await readTrust(trust))
    expect(store.check(identity.id, credential, Date.now())).toBeUndefined()
  })

  test('CL-23 CL-1 what is neither, or a file that is none, is exit 1 and changes nothing', async () => {
    const before = readFileSync(trust, 'utf8')
    for (const wrong of ['', 'abc', issuer.id, `${identity.id}x`, 'A'.repeat(32)])
      expect(await sotto('credential', 'revoke', trust, wrong)).toMatchObject({ exit: 1, out: '' })
    expect(readFileSync(trust, 'utf8')).toBe(before)
    chmodSync(trust, 0o666)
    expect((await sotto('credential', 'revoke', trust, identity.id)).error).toContain('only its owner may write')
    expect(readFileSync(trust, 'utf8')).toBe(before)
  })

  test('CL-25 --json is one line of JSON', async () => {
    const challenged = await sotto('credential', 'challenge', caKey, '--json')
    const { challenge } = JSON.parse(challenged.out)
    const proved = await sotto('credential', 'prove', key, challenge, issuer.id, '--json')
    const made = await sotto('credential', 'issue', caKey, JSON.parse(proved.out).proof, file, '--json')
    expect(JSON.parse(made.out)).toMatchObject({ id: identity.id, issuer: issuer.id, file })
    for (const { out } of [challenged, proved, made]) expect(out).not.toContain('\n')
  })
})

describe('sotto peers', () => {
  test('CL-24 CL-25 lists endpoints and forgets one', async () => {
    const known = join(folder, 'known')
    const text = `# mine\ntcp:a:1 ${identity.id}\nunix:/b c ${identity.id}\n`
    writeFileSync(known, text, { mode: 0o600 })
    expect(await sotto('peers', known)).toEqual({
      exit: 0,
      out: `tcp:a:1 ${identity.id}\nunix:/b c ${identity.id}`,
      error: '',
    })
    expect(JSON.parse((await sotto('peers', known, '--json')).out)).toEqual([
      { endpoint: 'tcp:a:1', id: identity.id },
      { endpoint: 'unix:/b c', id: identity.id },
    ])
    expect((await sotto('peers', known, '--forget', 'tcp:a:2')).out).toBe('tcp:a:2 was not known')
    expect(readFileSync(known, 'utf8')).toBe(text)
    expect((await sotto('peers', known, '--forget', 'tcp:a:1')).out).toBe('forgot tcp:a:1')
    expect(readFileSync(known, 'utf8')).toBe(`# mine\nunix:/b c ${identity.id}\n`)
    expect(JSON.parse((await sotto('peers', known, '--forget', 'unix:/b c', '--json')).out)).toMatchObject({
      forgotten: true,
    })
    writeFileSync(known, 'x')
    expect(await sotto('peers', known)).toMatchObject({ exit: 1, out: '' })
  })
})
