import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { run } from '../../src/cli/commands.js'
import { generateIdentity } from '../../src/index.js'
import { writeIdentity } from '../../src/node.js'

const folder = mkdtempSync(join(tmpdir(), 'sotto-id-'))
afterAll(() => rmSync(folder, { recursive: true }))

const identity = generateIdentity()
const open = join(folder, 'open.key')
const sealed = join(folder, 'sealed.key')
const passphrase = join(folder, 'passphrase')
await writeIdentity(open, identity)
await writeIdentity(sealed, identity, { passphrase: 'correct horse' })
writeFileSync(passphrase, 'correct horse\n')

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

test('CL-5 prints the id of a key file, and nothing else', async () => {
  expect(await sotto('id', open)).toEqual({ exit: 0, out: identity.id, error: '' })
  expect(JSON.parse((await sotto('id', open, '--json')).out)).toEqual({ id: identity.id, file: open })
})

test('CL-5 prints the id of a sealed key, with its passphrase alone', async () => {
  expect(await sotto('id', sealed, '--passphrase-file', passphrase)).toEqual({ exit: 0, out: identity.id, error: '' })
  const wrong = join(folder, 'wrong')
  writeFileSync(wrong, 'incorrect horse\n')
  expect(await sotto('id', sealed, '--passphrase-file', wrong)).toMatchObject({ exit: 1, out: '' })
})

test('CL-1 a key that cannot be had is exit 1, with the reason', async () => {
  expect((await sotto('id', sealed)).error).toContain('expected a terminal')
  const absent = await sotto('id', join(folder, 'absent.key'))
  expect(absent).toMatchObject({ exit: 1, out: '' })
  expect(absent.error).toContain('sotto id: identity/file: expected a file or its directory, got none')
  const loose = join(folder, 'loose.key')
  await writeIdentity(loose, identity)
  chmodSync(loose, 0o640)
  expect((await sotto('id', loose)).error).toContain('mode 0640')
})

test.each([[[]], [['one', 'two']], [['one', '--passphrase=x']]])(
  'CL-1 sotto id %j is a wrong call: exit 2',
  async (args) => {
    expect(await sotto('id', ...args)).toMatchObject({ exit: 2, out: '' })
  },
)
