import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Block, blocksOf, inlineOf } from './markdown.js'
import { pageOf } from './page.js'
import { project } from './project.js'
import { traceOf } from './trace.js'

const files = project()
const trace = traceOf(files)
const html = pageOf(files, trace)
const NONE = new Set<string>()

test('the Markdown of the chapters is read, and all of it', () => {
  expect(
    blocksOf(
      '# a\n\n<!-- no\nmore -->\nb\nc\n\n- d\n  e\n- f\n\n| g | h |\n|---|---|\n| `i\\|` | |\n\n```x\n# j\n```\n',
    ),
  ).toEqual([
    { is: 'heading', level: 1, text: 'a' },
    { is: 'paragraph', text: 'b c' },
    { is: 'list', items: ['d e', 'f'] },
    { is: 'table', head: ['g', 'h'], rows: [['`i|`', '']] },
    { is: 'code', text: '# j' },
  ])
  const wordsOf = (text: string): readonly string[] => text.match(/\w+/g) ?? []
  for (const [path, text] of files) {
    if (!path.endsWith('.md')) continue
    const held = blocksOf(text).flatMap(textsOf)
    const said = text.replaceAll(/<!--[\s\S]*?-->|^```\w*$/gm, '')
    expect(wordsOf(held.join(' ')), path).toEqual(wordsOf(said))
  }
})

const textsOf = (block: Block): readonly string[] => {
  if (block.is === 'table') return [block.head, ...block.rows].flat()
  return block.is === 'list' ? block.items : [block.text]
}

test('what a line holds is escaped, and links lead into the page', () => {
  expect(inlineOf('`<a>` **b `&`** _c_ a_b_c <d> "e"', NONE)).toBe(
    '<code>&lt;a&gt;</code> <strong>b <code>&amp;</code></strong> <em>c</em> a_b_c &lt;d&gt; &quot;e&quot;',
  )
  expect(inlineOf('[x](session.md) [y](policy.schema.json)', NONE)).toBe(
    '<a href="#chapter-session">x</a> y (<code>policy.schema.json</code>)',
  )
})

test('the page has each requirement once, asks no other place for anything, and every link in it leads somewhere', () => {
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id = '']) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(trace.rows.filter(({ id }) => !ids.includes(id))).toEqual([])
  const links = new Set([...html.matchAll(/ (?:href|src)="([^"]+)"/g)].map(([, to = '']) => to))
  expect([...links].filter((to) => !to.startsWith('#') || !ids.includes(to.slice(1)))).toEqual([])
})

const executable = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
)
// A run that counts must not pass for want of a browser.
const skipped = executable === undefined && process.env.CI !== 'true'
if (skipped)
  console.warn('SKIPPED: the page of the trace in a browser; there is no Chromium (apt-get install chromium)')

describe.skipIf(skipped)('in Chromium', () => {
  let folder: string
  let browser: Browser
  let page: Page
  let url: string
  const asked: string[] = []
  const said: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sotto-trace-'))
    const path = join(folder, 'trace.html')
    await writeFile(path, html)
    url = pathToFileURL(path).href
    browser = await chromium.launch({ executablePath: executable ?? 'chromium', args: ['--no-sandbox'] })
    page = await browser.newPage()
    page.on('request', (request) => asked.push(request.url()))
    page.on('console', (message) => said.push(message.text()))
    page.on('pageerror', (error) => said.push(String(error)))
    await page.goto(url)
  })

  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const seen = () => page.locator('.requirement:visible').count()

  test('the page is read from one file, and its own rules let it run', async () => {
    expect(await seen()).toBe(trace.rows.length)
    expect(asked).toEqual([url])
    expect(said).toEqual([])
  })

  test('what is looked for is found, with its chapters, and what an exception is said of is told apart', async () => {
    const excepted = trace.rows.filter(({ except }) => Object.keys(except).length > 0)
    const id = trace.rows.find((row) => !excepted.includes(row))?.id ?? ''
    await page.fill('#find', `${id.toLowerCase()} must`)
    expect(await page.locator(`#${id}`).isVisible()).toBe(true)
    expect(await seen()).toBeLessThan(trace.rows.length / 2)
    expect(await page.textContent('#found')).toBe(`${await seen()} requirements`)
    expect(await page.locator('nav li:visible').count()).toBeLessThan(await page.locator('nav li').count())
    await page.fill('#find', 'nothing of this kind anywhere')
    expect(await page.locator('.block:visible').count()).toBe(0)
    await page.fill('#find', '')
    await page.selectOption('#only', 'excepted')
    expect(await seen()).toBe(excepted.length)
    // A link to what is hidden shows it.
    await page.evaluate((to) => {
      location.hash = to
    }, id)
    await page.locator(`#${id}`).waitFor({ state: 'visible' })
    expect(await seen()).toBe(trace.rows.length)
  })

  test('on paper there is the text alone, and nothing of it is folded but code', async () => {
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('nav:visible, header:visible').count()).toBe(0)
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
    expect(await page.locator('.more:not([open])').count()).toBe(0)
    expect(await seen()).toBe(trace.rows.length)
  })
})
