import type { Phase, Result } from './kitrun.js'
import { PHASES } from './kitrun.js'

/** What came of a whole run. */
export interface Report {
  /** What the shim calls itself. */
  readonly peer: string
  readonly levels: readonly string[]
  readonly results: readonly Result[]
}

export const countOf = (results: readonly Result[], outcome: Result['outcome']): number =>
  results.filter((result) => result.outcome === outcome).length

/** CL-44: each case that failed, and the numbers in the last line. */
export const textOf = ({ results }: Report): string => {
  const failed = results.flatMap(({ planned, outcome, message }) =>
    outcome === 'failed' ? [`FAIL ${titleOf(planned)} (${planned.rule}): ${message}`] : [],
  )
  return [...failed, lastLine(results)].map(plain).join('\n')
}

/** One line. */
export const jsonOf = ({ peer, levels, results }: Report): string =>
  JSON.stringify({
    peer,
    levels,
    passed: countOf(results, 'passed'),
    failed: countOf(results, 'failed'),
    skipped: countOf(results, 'skipped'),
    cases: results.map(({ planned: { phase, name, rule, level, role }, outcome, message, ms }) => ({
      phase,
      name,
      rule,
      level,
      ...(role && { role }),
      outcome,
      ...(message !== '' && { message }),
      ms,
    })),
  })

/** CL-47: JUnit XML, a suite for each phase. */
export const junitOf = (report: Report): string => {
  const suites = PHASES.map((phase) => suiteOf(phase, report.results))
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${xml(report.peer)}"${numbersOf(report.results)}>\n${suites.join('')}</testsuites>\n`
}

const titleOf = ({ phase, name }: Result['planned']): string => `${phase}: ${name}`

const lastLine = (results: readonly Result[]): string =>
  `${countOf(results, 'passed')} passed, ${countOf(results, 'failed')} failed, ${countOf(results, 'skipped')} skipped`

const suiteOf = (phase: Phase, all: readonly Result[]): string => {
  const results = all.filter(({ planned }) => planned.phase === phase)
  return `  <testsuite name="${phase}"${numbersOf(results)}>\n${results.map(elementOf).join('')}  </testsuite>\n`
}

const numbersOf = (results: readonly Result[]): string => {
  const seconds = results.reduce((sum, { ms }) => sum + ms, 0) / 1_000
  return ` tests="${results.length}" failures="${countOf(results, 'failed')}" errors="0" skipped="${countOf(results, 'skipped')}" time="${seconds.toFixed(3)}"`
}

const elementOf = ({ planned: { name, rule, level }, outcome, message, ms }: Result): string => {
  const open = `    <testcase classname="${level}.${rule}" name="${xml(name)}" time="${(ms / 1_000).toFixed(3)}"`
  if (outcome === 'passed') return `${open}/>\n`
  const inside =
    outcome === 'failed'
      ? `<failure message="${xml(message)}" type="${rule}"/>`
      : `<skipped message="${xml(message)}"/>`
  return `${open}>${inside}</testcase>\n`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** What a shim says may stand in it: printable ASCII alone is left, and all that means something in XML escaped. */
const xml = (text: string): string => plain(text).replace(/[&<>"']/g, (letter) => ENTITIES[letter] ?? '')

/** CL-49: a line feed is none either: what stands behind it would pass for a line of the kit. */
export const plain = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?')
