import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { SottoError } from '../../src/errors.js'
import { readPolicy } from '../../src/link/policyfile.node.js'
import { MAX_DOCUMENT } from '../../src/policy/place.js'

const folder = mkdtempSync(join(tmpdir(), 'sotto-policy-'))
const path = join(folder, 'policy.json')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const POLICY = { version: 1, rules: [{ id: 'r', effect: 'allow', by: ['any'], verbs: ['call'], on: ['a.v1.o'] }] }

const refusal = async (content: string | Uint8Array): Promise<SottoError<'policy/malformed'>> => {
  writeFileSync(path, content)
  try {
    await readPolicy(path)
  } catch (error) {
    if (SottoError.is(error, 'policy/malformed')) return error
    throw error
  }
  throw new Error('expected a refusal')
}

test('PO-30 a policy file is read, and the policy is frozen', async () => {
  writeFileSync(path, JSON.stringify(POLICY, undefined, 2))
  const policy = await readPolicy(path)
  expect(policy).toEqual(POLICY)
  expect(Object.isFrozen(policy)).toBe(true)
})

test('PO-30 a file that is no JSON names line and column', async () => {
  expect((await refusal('{\n  "version": 1,\n  "rules": [],\n}')).details.path).toBe('line 4, column 1')
  expect((await refusal('{"version":1,"version":1,"rules":[]}')).details.path).toBe('line 1, column 14')
})

test('PO-1 a file that is no policy names the place in it', async () => {
  const rules = [...POLICY.rules, { ...POLICY.rules[0], id: 's', on: ['a b'] }]
  expect((await refusal(JSON.stringify({ ...POLICY, rules }))).details.path).toBe('rules[1].on[0]')
})

test('PO-30 bytes that are no UTF-8, and a byte order mark, are refused', async () => {
  const text = Buffer.from(JSON.stringify(POLICY))
  expect((await refusal(Buffer.concat([text, Buffer.of(0xff)]))).message).toContain('UTF-8')
  expect((await refusal(Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), text]))).details.path).toBe('line 1, column 1')
})

test('PO-3 a file over 4 MiB is refused', async () => {
  const text = JSON.stringify(POLICY)
  writeFileSync(path, text.padEnd(MAX_DOCUMENT))
  expect(await readPolicy(path)).toEqual(POLICY)
  expect((await refusal(text.padEnd(MAX_DOCUMENT + 1))).message).toContain(`at most ${MAX_DOCUMENT} bytes`)
})

test('PO-30 a file that cannot be read is named', async () => {
  const missing = join(folder, 'missing.json')
  await expect(readPolicy(missing)).rejects.toMatchObject({ code: 'policy/malformed', cause: { code: 'ENOENT' } })
  await expect(readPolicy(missing)).rejects.toThrow(missing)
  await expect(readPolicy(folder)).rejects.toMatchObject({ code: 'policy/malformed', cause: { code: 'EISDIR' } })
})
