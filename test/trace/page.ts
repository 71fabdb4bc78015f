import { createHash } from 'node:crypto'
import { read } from '../source.js'
import type { Spot } from './evidence.js'
import { anchorOf, type Block, blocksOf, escapeHtml, inlineOf } from './markdown.js'
import type { Project } from './project.js'
import { chaptersOf, EXCEPTIONS, INDEX, REQUIREMENT } from './requirements.js'
import { type Coverage, coverageOf } from './text.js'
import type { Row, Trace } from './trace.js'

/** The specification with, beside each requirement, what holds it: one page of HTML that asks no network for anything. */
export const pageOf = (files: Project, { rows, gaps }: Trace): string => {
  const byId = new Map(rows.map((row) => [row.id, row]))
  const known = new Set(byId.keys())
  const chapters = [
    { path: INDEX, text: files.get(INDEX) ?? '' },
    ...chaptersOf(files),
    { path: EXCEPTIONS, text: files.get(EXCEPTIONS) ?? '' },
  ]
  const parts = chapters.map(({ path, text }) => chapterOf({ files, path, rows: byId, known }, blocksOf(text)))
  const css = read('test/trace/page.css')
  const script = read('test/trace/search.js')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '${hashOf(css)}'; script-src '${hashOf(script)}'">
<title>The Sotto protocol, traced</title>
<style>${css}</style>
</head>
<body>
<a class="skip" href="#text">To the text</a>
<header>
<p class="title">The Sotto protocol, traced</p>
<search><label for="find">Find</label> <input id="find" type="search" autocomplete="off" spellcheck="false" placeholder="an id, a word, a file">
<label for="only">Show</label> <select id="only">
<option value="all">all text</option>
<option value="requirements">requirements alone</option>
<option value="excepted">requirements with an exception</option>
</select>
<output id="found" for="find only" aria-live="polite"></output></search>
</header>
<nav aria-label="Chapters"><ol>
${parts.map(({ entry }) => entry).join('\n')}
</ol></nav>
<main id="text" tabindex="-1">
<h1>The Sotto protocol, traced</h1>
${coverageTable(rows, gaps)}
${parts.map(({ html }) => html).join('\n')}
</main>
<script>${script}</script>
</body>
</html>
`
}

/** What a chapter is made from. */
interface Page {
  readonly files: Project
  readonly path: string
  readonly rows: ReadonlyMap<string, Row>
  readonly known: ReadonlySet<string>
}

const hashOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`

const chapterOf = (page: Page, blocks: readonly Block[]): { entry: string; html: string } => {
  const { path } = page
  const anchor = anchorOf(path)
  const title = blocks.find((block) => block.is === 'heading')?.text ?? path
  const count = [...page.rows.values()].filter(({ chapter }) => chapter === path).length
  const starts = blocks.flatMap((block, i) => (i === 0 || (block.is === 'heading' && block.level === 2) ? [i] : []))
  const sections = starts.map((start, i) => blocks.slice(start, starts[i + 1]))
  return {
    entry: `<li><a href="#${anchor}">${escapeHtml(title)}</a>${count === 0 ? '' : ` <small>${count}</small>`}</li>`,
    html: `<section class="chapter" id="${anchor}">\n${sections.map((section) => sectionOf(page, section)).join('\n')}\n</section>`,
  }
}

const sectionOf = (page: Page, blocks: readonly Block[]): string =>
  `<section class="part">\n${blocks.map((block) => blockOf(page, block)).join('\n')}\n</section>`

const blockOf = (page: Page, block: Block): string => {
  const inline = (text: string): string => inlineOf(text, page.known)
  switch (block.is) {
    case 'heading':
      return `<h${block.level + 1}>${inline(block.text)}</h${block.level + 1}>`
    case 'paragraph':
      return `<p class="block">${inline(block.text)}</p>`
    case 'code':
      // What is wider than the page is scrolled, by keys too.
      return `<pre class="block" tabindex="0"><code>${escapeHtml(block.text)}</code></pre>`
    case 'table':
      return tableOf(
        block.head.map(inline),
        block.rows.map((row) => row.map(inline)),
      )
    case 'list':
      return listOf(page, block.items)
  }
}

const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const headings = head.map((cell) => `<th scope="col">${cell}</th>`).join('')
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('\n')
  return `<div class="block wide" tabindex="0"><table><thead><tr>${headings}</tr></thead>\n<tbody>${body}</tbody></table></div>`
}

/** Requirements stand beside what holds them; what else a list says is a list. */
const listOf = (page: Page, items: readonly string[]): string =>
  items
    .map((item) => {
      const [, id = '', text = ''] = REQUIREMENT.exec(`- ${item}`) ?? []
      const row = page.rows.get(id)
      return row?.chapter !== page.path
        ? `<ul class="block"><li>${inlineOf(item, page.known)}</li></ul>`
        : requirementOf(page, row, text)
    })
    .join('\n')

const requirementOf = ({ files, known }: Page, row: Row, text: string): string => {
  const { id, code, tests, vectors, cases, except } = row
  const excepted = Object.keys(except).length > 0 ? ' data-excepted' : ''
  const none = (what: string, reason: string | undefined): string =>
    reason === undefined ? '' : `<p class="none">${what}: ${inlineOf(reason, known)}</p>`
  return `<article class="block requirement" id="${id}" aria-label="${id}"${excepted}>
<p><a class="id" href="#${id}">${id}</a> ${inlineOf(text, known)}</p>
<div class="held">
${groupOf(
  'Code',
  code.map((spot) => quoteOf(files, spot)),
)}${none('No line of code', except.code)}
${groupOf('Tests', tests.map(titleOf))}${none('No test', except.tests)}
${groupOf(
  'Vectors',
  vectors.map(({ path, count }) => `${escapeHtml(path.replace('test-vectors/', ''))} × ${count}`),
)}
${groupOf(
  'Kit',
  cases.map(({ path, line }) => `${escapeHtml(path)}:${line}`),
)}${none('No bytes', except.bytes)}
</div>
</article>`
}

/** Things at once to be seen; more are opened. */
const AT_ONCE = 4

const groupOf = (name: string, items: readonly string[]): string => {
  if (items.length === 0) return ''
  const list = (some: readonly string[]): string => `<ul>${some.map((item) => `<li>${item}</li>`).join('')}</ul>`
  const rest = items.slice(AT_ONCE)
  const more =
    rest.length === 0 ? '' : `<details class="more"><summary>${rest.length} more</summary>${list(rest)}</details>`
  return `<div class="group"><b>${name}</b>${list(items.slice(0, AT_ONCE))}${more}</div>`
}

const titleOf = ({ path, line, text }: Spot): string =>
  `${escapeHtml(text.replaceAll(/\\(['"`\\])/g, '$1'))} <small>${escapeHtml(path)}:${line}</small>`

/** Lines of code quoted behind a comment, the comment's own included. */
const QUOTED = 10

/** The place of a citation, which opens to what stands there. */
const quoteOf = (files: Project, { path, line }: Spot): string => {
  const lines = (files.get(path) ?? '').split('\n').slice(line - 1, line - 1 + QUOTED)
  return `<details><summary>${escapeHtml(path)}:${line}</summary><pre tabindex="0">${escapeHtml(lines.join('\n'))}</pre></details>`
}

const coverageTable = (rows: readonly Row[], gaps: readonly string[]): string => {
  const chapters = [...new Set(rows.map(({ chapter }) => chapter))]
  const cells = (name: string, coverage: Coverage): string[] => {
    const { requirements, code, tests, vectors, cases, shown, excepted } = coverage
    return [name, ...[requirements, code, tests, vectors, cases, shown, excepted].map(String)]
  }
  const table = tableOf(
    ['chapter', 'requirements', 'with code', 'with tests', 'with vectors', 'with kit cases', 'with either', 'excepted'],
    [
      ...chapters.map((path) => {
        const name = `<a href="#${anchorOf(path)}">${escapeHtml(path.replace('spec/', ''))}</a>`
        return cells(name, coverageOf(rows.filter(({ chapter }) => chapter === path)))
      }),
      cells('all', coverageOf(rows)),
    ],
  )
  const missing =
    gaps.length === 0
      ? '<p>No cell is empty without a reason.</p>'
      : `<p>${gaps.length} gaps:</p><ul>${gaps.map((gap) => `<li>${escapeHtml(gap)}</li>`).join('')}</ul>`
  return `<section class="part" id="coverage"><h2>Coverage</h2>${table}${missing}</section>`
}
