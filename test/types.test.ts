import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const files = (await readdir(join(root, 'test'))).filter((name) => /^types.*\.test-d\.ts$/.test(name))
const cases = await Promise.all(
  files.map(async (file) => ({ file, source: await readFile(join(root, 'test', file), 'utf8') })),
)

/** Beside the packages, so that the copies resolve them; their imports of the project are made absolute. */
const folder = await mkdtemp(join(root, 'node_modules/.types-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What tsc says of one file under the project's own options, an error a line; no line if it compiles. */
const compile = async (name: string, text: string): Promise<readonly string[]> => {
  const file = join(folder, `${name}.ts`)
  const config = join(folder, `${name}.json`)
  await writeFile(file, text.replaceAll("from '../src/", `from '${root}src/`))
  const compilerOptions = { rootDir: root, skipLibCheck: true, typeRoots: [join(root, 'node_modules/@types')] }
  await writeFile(
    config,
    JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, files: [file], include: [] }),
  )
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { stdout, code } = await run([tsc, '-p', config, '--pretty', 'false'])
  const errors = stdout.split('\n').filter((line) => line.includes(': error TS'))
  expect(code === 0).toBe(errors.length === 0)
  return errors.filter((line) => line.includes(`${name}.ts(`))
}

const run = (args: readonly string[]) =>
  new Promise<{ stdout: string; code: unknown }>((resolve) =>
    execFile(process.execPath, args, { cwd: root }, (error, stdout) => resolve({ stdout, code: error?.code ?? 0 })),
  )

const lineOf = (error: string) => Number(/\.ts\((\d+),/.exec(error)?.[1])

test.each(cases)('what must compile does, and what must not does not: $file', async ({ source }) => {
  expect(await compile('cases', source)).toEqual([])
})

test.each(cases)(
  'every case of what must not compile is an error of its own, on the line below: $file',
  async ({ source }) => {
    const lines = source.split('\n')
    const expected = lines.flatMap((line, index) => (/^\s*\/\/ @ts-expect-error/.test(line) ? [index + 2] : []))
    const bare = lines.map((line) => line.replace('@ts-expect-error', '')).join('\n')
    const found = new Set((await compile('bare', bare)).map(lineOf))
    expect(expected.length).toBeGreaterThan(10)
    expect([...found].sort((a, b) => a - b)).toEqual(expected)
  },
)

test('a case that compiles after all is reported', async () => {
  const errors = await compile('unused', '// @ts-expect-error fine\nexport const one: number = 1\n')
  expect(errors.join()).toContain('TS2578')
})

test('a contract of 200 operations keeps the type of each', async () => {
  const operations = Array.from(
    { length: 200 },
    (_, n) =>
      `op${n}: requestResponse({ request: z.object({ a${n}: z.string() }), response: z.object({ b: z.literal(${n}) }) }),`,
  )
  const began = performance.now()
  const errors = await compile(
    'large',
    `import * as z from 'zod'
import { contract } from '../src/contract/define.js'
import { requestResponse } from '../src/contract/operation.js'
import type { Session } from '../src/link/session.js'
import { client } from '../src/messaging/client.js'
declare const session: Session<typeof Large>
const Large = contract('large.v1', { ${operations.join('\n')} })
export const reply: Promise<{ b: 199 }> = client(session, Large).op199({ a199: '' })
// @ts-expect-error Another operation's response.
export const other: Promise<{ b: 198 }> = client(session, Large).op199({ a199: '' })
`,
  )
  console.log(
    `a contract of 200 operations: ${Math.round(performance.now() - began)} ms, tsc started and the sources of the project included`,
  )
  expect(errors).toEqual([])
})
