import process from 'node:process'
import { limitText } from '../../kit/document.js'
import { type MatrixCell, type MatrixRow, type MatrixRule, policyMatrix } from '../../kit/matrix.js'
import { attempt } from '../attempt.js'
import { type Command, EXIT } from '../command.js'
import { type Paint, painter } from '../paint.js'
import { printable } from '../printable.js'
import { contractPaths, contractsIn, policyIn } from './inputs.js'
import { DIRECTIONS, listed } from './wording.js'

/** CL-35: who may do what. */
export const matrix: Command = {
  usage: 'policy matrix FILE --contract FILE... [--json]',
  summary: 'Shows who may do what at each address of the contracts: always, never, or on which conditions.',
  options: { contract: { type: 'string', multiple: true }, json: { type: 'boolean' } },
  run: ({ values, positionals: [file, ...rest] }, terminal) => {
    const contracts = contractPaths(values)
    if (file === undefined || rest.length > 0 || contracts.length === 0) return EXIT.usage
    return attempt('policy matrix', terminal, async () => {
      const rows = policyMatrix(await policyIn(file), await contractsIn(contracts))
      terminal.out(values.json === true ? printable(JSON.stringify({ rows })) : tableOf(rows, painter(process.stdout)))
    })
  },
}

const tableOf = (rows: readonly MatrixRow[], paint: Paint): string =>
  [
    ...DIRECTIONS.flatMap(([direction, title]) => [
      paint('bold', title),
      ...groupsOf(rows.filter((row) => row.direction === direction)).flatMap(({ acts, cells }) => [
        '',
        ...acts.map((act) => `  ${act}`),
        ...cells.flatMap((cell) => linesOf(cell, paint)),
      ]),
      '',
    ]),
    paint(
      'dim',
      'any: whoever has none of the names below it. Of several names, one that a rule denies denies, else one allows.',
    ),
  ].join('\n')

/** Acts for which the same holds stand together. */
const groupsOf = (
  rows: readonly MatrixRow[],
): readonly { readonly acts: readonly string[]; readonly cells: readonly MatrixCell[] }[] => {
  const groups = new Map<string, { readonly acts: string[]; readonly cells: readonly MatrixCell[] }>()
  for (const { verb, address, owner, cells } of rows) {
    const key = JSON.stringify(cells)
    const group = groups.get(key) ?? { acts: [], cells }
    groups.set(key, group)
    group.acts.push(`${verb} ${address}${owner === undefined ? '' : ', for that peer'}`)
  }
  return [...groups.values()]
}

const EFFECTS = {
  allow: ['green', 'allow'],
  deny: ['red', 'deny'],
  conditional: ['yellow', 'if'],
  open: ['yellow', 'not decided exactly'],
} as const

const linesOf = ({ who, effect, default: otherwise, rules }: MatrixCell, paint: Paint): readonly string[] => {
  const [colour, said] = EFFECTS[effect]
  const head = `    ${paint(colour, said.padEnd(6))} ${listed(who)}`
  if (effect === 'open') return [head]
  const byDefault = otherwise === 'never' ? [] : ['default']
  // What depends on nothing is said in a word.
  if (effect === 'deny' || (effect === 'allow' && !rules.some(isConditional))) {
    const ids = new Set([...rules.map(({ id }) => id), ...byDefault])
    return [`${head}${paint('dim', `   by ${listed([...ids])}`)}`]
  }
  const lines = [...rules.map(describe), ...byDefault.map((word) => `else by ${word}`)]
  return [head, ...lines.map((line) => `             ${paint('dim', line)}`)]
}

const isConditional = ({ when, on, limit }: MatrixRule): boolean =>
  when.length > 0 || on.length > 0 || limit !== undefined

/** `deny by night, if time ge 5`. */
const describe = ({ id, says, when, on, limit }: MatrixRule): string => {
  const conditions = [
    ...on.map((pattern) => `at ${pattern}`),
    ...when.map(({ attribute, is, value }) => {
      const values = value === undefined ? [] : [value].flat().map((each) => printable(JSON.stringify(each)))
      return `${attribute} ${is} ${listed(values, ' ')}`.trimEnd()
    }),
  ]
  const verb = says === 'error' ? 'deny by an error in' : `${says} by`
  const condition = says === 'error' || conditions.length === 0 ? '' : `, if ${conditions.join(' and ')}`
  return `${verb} ${id}${condition}${limit === undefined ? '' : `, at most ${limitText(limit)}`}`
}
