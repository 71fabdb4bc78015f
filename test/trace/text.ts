import { type Row, type Trace, vectorCount } from './trace.js'

/** The table as text: a requirement, and below it what holds it. */
export const textOf = ({ rows, gaps }: Trace): string =>
  [...rows.map(block), coverageLine(rows), ...gaps.map((gap) => `gap: ${gap}`), `${gaps.length} gaps`, ''].join('\n')

/** The figures of a trace. */
export interface Coverage {
  readonly requirements: number
  readonly code: number
  readonly tests: number
  readonly vectors: number
  readonly cases: number
  /** Requirements with a vector or a case. */
  readonly shown: number
  /** Requirements with an exception of any kind. */
  readonly excepted: number
}

export const coverageOf = (rows: readonly Row[]): Coverage => {
  const count = (has: (row: Row) => boolean): number => rows.filter(has).length
  return {
    requirements: rows.length,
    code: count(({ code }) => code.length > 0),
    tests: count(({ tests }) => tests.length > 0),
    vectors: count(({ vectors }) => vectors.length > 0),
    cases: count(({ cases }) => cases.length > 0),
    shown: count(({ vectors, cases }) => vectors.length + cases.length > 0),
    excepted: count(({ except }) => Object.keys(except).length > 0),
  }
}

const coverageLine = (rows: readonly Row[]): string => {
  const { requirements, code, tests, vectors, cases, shown, excepted } = coverageOf(rows)
  return (
    `${requirements} requirements: ${code} with code, ${tests} with tests, ${shown} with bytes ` +
    `(${vectors} with vectors, ${cases} with cases of the kit), ${excepted} excepted`
  )
}

const block = (row: Row): string => {
  const { id, text, code, tests, vectors, cases, except } = row
  const lines = [
    ['code', code.map(({ path, line }) => `${path}:${line}`).join(' '), except.code],
    ['tests', tests.map((test) => `${test.path}:${test.line} ${test.text}`).join('\n           '), except.tests],
    ['vectors', vectors.map(({ path, count }) => `${path} ${count}`).join(', '), undefined],
    ['cases', cases.map(({ path, line }) => `${path}:${line}`).join(' '), undefined],
    ['bytes', '', except.bytes],
  ] as const
  const shown = lines.flatMap(([name, found, reason]) => {
    if (found !== '') return [`  ${name.padEnd(8)} ${found}`]
    return reason === undefined ? [] : [`  ${name.padEnd(8)} none: ${reason}`]
  })
  return [`${id} ${text}`, ...shown, ''].join('\n')
}

/** The table as JSON, for other tools. */
export const jsonOf = ({ rows, gaps }: Trace): string => {
  const requirements = rows.map((row) => ({ ...row, vectorCount: vectorCount(row) }))
  return `${JSON.stringify({ coverage: coverageOf(rows), gaps, requirements }, null, 1)}\n`
}
