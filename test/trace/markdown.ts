/** A block of the Markdown that the chapters are written in: no nested lists, no quotes, no images, no HTML but comments. */
export type Block =
  | { readonly is: 'heading'; readonly level: number; readonly text: string }
  | { readonly is: 'paragraph'; readonly text: string }
  | { readonly is: 'list'; readonly items: readonly string[] }
  | { readonly is: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }
  | { readonly is: 'code'; readonly text: string }

/** The blocks of a chapter, its comments left out. */
export const blocksOf = (markdown: string): Block[] => {
  const lines = markdown.split('\n')
  const blocks: Block[] = []
  for (let at = 0; at < lines.length; ) {
    const { length, block } = next(lines, at)
    if (block !== undefined) blocks.push(block)
    at += length
  }
  return blocks
}

/** The HTML of a line: code, strong, emphasis, links, and the ids that `known` holds as links to themselves. */
export const inlineOf = (text: string, known: ReadonlySet<string>): string => {
  let html = ''
  let from = 0
  for (const match of text.matchAll(INLINE)) {
    html += escapeHtml(text.slice(from, match.index)) + inline(match, known)
    from = match.index + match[0].length
  }
  return html + escapeHtml(text.slice(from))
}

export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** Where in the page a file of the specification is: `session.md` is `chapter-session`. */
export const anchorOf = (path: string): string =>
  `chapter-${path
    .replace(/^spec\//, '')
    .replace(/\.md$/, '')
    .replaceAll(/\W/g, '-')}`

interface Next {
  readonly length: number
  readonly block?: Block
}

const next = (lines: readonly string[], at: number): Next => {
  const line = lines[at] ?? ''
  const [, marks, heading] = /^(#+) (.*)$/.exec(line) ?? []
  if (line.trim() === '') return { length: 1 }
  if (line.startsWith('<!--')) return { length: until(lines, at, (each) => each.includes('-->')) + 1 - at }
  if (marks !== undefined && heading !== undefined)
    return { length: 1, block: { is: 'heading', level: marks.length, text: heading } }
  if (line.startsWith('```')) return code(lines, at)
  if (line.startsWith('|')) return table(lines, at)
  if (line.startsWith('- ')) return list(lines, at)
  const end = until(lines, at + 1, (each) => each.trim() === '' || STARTS.test(each))
  return { length: end - at, block: { is: 'paragraph', text: lines.slice(at, end).join(' ') } }
}

/** What ends a paragraph without an empty line. */
const STARTS = /^(?:#+ |```|\||- |<!--)/

const code = (lines: readonly string[], at: number): Next => {
  const end = until(lines, at + 1, (line) => line.startsWith('```'))
  return { length: end + 1 - at, block: { is: 'code', text: lines.slice(at + 1, end).join('\n') } }
}

const table = (lines: readonly string[], at: number): Next => {
  const end = until(lines, at, (line) => !line.startsWith('|'))
  const [head = [], , ...rows] = lines.slice(at, end).map(cellsOf)
  return { length: end - at, block: { is: 'table', head, rows } }
}

const cellsOf = (row: string): string[] =>
  row
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))

/** An item goes on in the lines that are indented. */
const list = (lines: readonly string[], at: number): Next => {
  const end = until(lines, at, (line) => !/^(?:- | +\S)/.test(line))
  const items = lines
    .slice(at, end)
    .join('\n')
    .split(/^- /m)
    .slice(1)
    .map((item) => item.trimEnd().replaceAll(/\n +/g, ' '))
  return { length: end - at, block: { is: 'list', items } }
}

const until = (lines: readonly string[], from: number, ends: (line: string) => boolean): number => {
  const found = lines.findIndex((line, i) => i >= from && ends(line))
  return found < 0 ? lines.length : found
}

const INLINE =
  /`(?<code>[^`]+)`|\*\*(?<strong>.+?)\*\*|(?<!\w)_(?<em>[^_]+)_(?!\w)|\[(?<text>[^\]]+)\]\((?<to>[^)\s]+)\)|\b(?<id>[A-Z]{2}-\d+)\b|\\(?<mark>[\\`*_|<>])/g

const inline = (match: RegExpExecArray, known: ReadonlySet<string>): string => {
  const { code, strong, em, text, to, id, mark } = match.groups ?? {}
  if (code !== undefined) return `<code>${escapeHtml(code)}</code>`
  if (strong !== undefined) return `<strong>${inlineOf(strong, known)}</strong>`
  if (em !== undefined) return `<em>${inlineOf(em, known)}</em>`
  if (id !== undefined) return known.has(id) ? `<a href="#${id}">${id}</a>` : id
  if (text !== undefined && to !== undefined) return link(inlineOf(text, known), to)
  return escapeHtml(mark ?? match[0])
}

/** A link to a chapter leads into the page; what is outside the specification is named and not linked. */
const link = (html: string, to: string): string => {
  const [path = '', heading] = to.split('#')
  if (/^[\w/-]+\.md$/.test(path)) return `<a href="#${anchorOf(path)}">${html}</a>`
  return heading !== undefined && path === '' ? html : `${html} (<code>${escapeHtml(to)}</code>)`
}
