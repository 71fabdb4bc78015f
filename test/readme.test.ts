import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { run } from '../src/cli/commands.js'
import { policyStore } from '../src/index.js'
import { filesUnder, read, TOP } from './source.js'

const readme = read('README.md')

/** The fenced blocks with their language, and the comment that stands before each. */
const blocks = [...readme.matchAll(/(?:<!-- (.+) -->\n\n)?```(\w+)\n([\s\S]*?)^```$/gm)].map(
  ([, mark, language, text = '']) => ({ mark, language, text }),
)

describe('the code in the README', () => {
  const shown = blocks.filter(({ language }) => language === 'ts')

  test('is that of the files of examples/ that it names', () => {
    expect(shown.length).toBeGreaterThan(0)
    for (const { mark, text } of shown) expect(text, mark).toBe(read(mark?.replace(/^file: /, '') ?? ''))
  })

  test('shows or links every example', () => {
    const named = (path: string): boolean =>
      shown.some(({ mark }) => mark === `file: ${path}`) || readme.includes(`(${path})`)
    expect(filesUnder('examples', '.ts').filter((path) => !path.includes('/dist/') && !named(path))).toEqual([])
  })

  test('has a policy that loads', () => {
    const [policy] = blocks.filter(({ mark }) => mark === 'policy')
    expect(() => policyStore(JSON.parse(policy?.text ?? ''))).not.toThrow()
  })
})

describe('what the README names exists', () => {
  const commands = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.trim().split('\n'))

  test('scripts of npm', () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(read('package.json'))
    const named = [...`${commands.join('\n')}\n${readme}`.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name)
    expect(named).toContain('demo')
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([])
    expect(commands).toContain('npm test')
  })

  test('commands of sotto', async () => {
    const named = new Set([...readme.matchAll(/(?:npx |`)sotto ([a-z]+)/g)].map(([, name = '']) => name))
    const terminal = { out: () => {}, error: () => {}, progress: () => {} }
    expect([...named].sort()).toEqual([
      'conformance',
      'contract',
      'credential',
      'demo',
      'id',
      'keygen',
      'log',
      'peers',
      'policy',
      'shim',
      'vectors',
    ])
    for (const name of named) expect(await run([name, '--help'], terminal), name).toBe(0)
  })

  test('entries and dependencies, each of them and no other', () => {
    const { dependencies, exports }: { dependencies: object; exports: object } = JSON.parse(read('package.json'))
    const rows = [...readme.matchAll(/^\| `([@\w/-]+)` +\|/gm)].map(([, name = '']) => name)
    const entries = Object.keys(exports).filter((name) => name !== './package.json')
    expect(rows).toEqual([...entries.map((name) => name.replace('.', 'sotto')), ...Object.keys(dependencies)])
  })
})

test.each(['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md'])('the links of %s lead somewhere', (path) => {
  const text = read(path)
  const links = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link)
  const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(
    ([, title = '']) =>
      `#${title
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-')}`,
  )
  const local = links.filter((link) => !link.startsWith('https://'))
  const dead = local.filter((link) =>
    link.startsWith('#') ? !anchors.includes(link) : !existsSync(TOP + posix.join(posix.dirname(path), link)),
  )
  expect(dead).toEqual([])
})
