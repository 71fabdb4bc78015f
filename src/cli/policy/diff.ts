import process from 'node:process'
import type { Change, Difference, Undecided } from '../../kit/change.js'
import { policyDiff } from '../../kit/diff.js'
import { attempt } from '../attempt.js'
import { type Command, EXIT } from '../command.js'
import { type Paint, painter } from '../paint.js'
import { printable } from '../printable.js'
import { contractPaths, contractsIn, policyIn } from './inputs.js'
import { DIRECTIONS, listed } from './wording.js'

/** CL-36, CL-38: what changes from one policy to another. */
export const diff: Command = {
  usage: 'policy diff OLD NEW --contract FILE... [--json]',
  summary:
    'Says which acts of which peers a new policy decides otherwise, with an example of each; exits with 1 if any.',
  options: { contract: { type: 'string', multiple: true }, json: { type: 'boolean' } },
  run: async ({ values, positionals: [older, newer, ...rest] }, terminal) => {
    const contracts = contractPaths(values)
    if (older === undefined || newer === undefined || rest.length > 0 || contracts.length === 0) return EXIT.usage
    let same = false
    const exit = await attempt('policy diff', terminal, async () => {
      const found = policyDiff(await policyIn(older), await policyIn(newer), await contractsIn(contracts))
      same = found.changes.length === 0 && found.undecided.length === 0
      terminal.out(values.json === true ? printable(JSON.stringify(found)) : reportOf(found, painter(process.stdout)))
    })
    return same ? exit : EXIT.failed
  },
}

const reportOf = ({ changes, undecided }: Difference, paint: Paint): string => {
  const sections = DIRECTIONS.flatMap(([direction, title]) => {
    const of = <T extends { readonly direction: string }>(all: readonly T[]): readonly T[] =>
      all.filter((each) => each.direction === direction)
    const blocks = [
      ...of(changes).map((change) => linesOf(change, paint)),
      ...of(undecided).map((open) => openLines(open, paint)),
    ]
    return blocks.length === 0 ? [] : [paint('bold', title), '', ...blocks.flatMap((lines) => [...lines, ''])]
  })
  const open = undecided.length === 0 ? '' : `, ${undecided.length} not decided exactly`
  const count = changes.length === 0 ? 'No change' : `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}`
  return [...sections, `${count}${open}.`].join('\n')
}

const COLOURS = { 'now allowed': 'green', 'now denied': 'red', 'other limit': 'yellow' } as const

const linesOf = (change: Change, paint: Paint): readonly string[] => {
  const { kind, verb, address, except, when, exactly, rules, example } = change
  const conditions = when.map(({ attribute, is }) => `${attribute} ${printable(listed(is, ' or '))}`)
  const limits = (of: typeof example.older): string => (of.limits.length === 0 ? 'none' : of.limits.join(' and '))
  const lines: readonly (readonly [what: string, said: string])[] = [
    ['who', `${peersOf(change)}${except.length === 0 ? '' : `, not always with ${listed(except)}`}`],
    [exactly ? 'if' : 'if, at least,', conditions.join(', and ')],
    ['limits', kind === 'other limit' ? `were ${limits(example.older)}, are ${limits(example.newer)}` : ''],
    ['rules', `were ${listed(rules.older) || 'none'}, are ${listed(rules.newer) || 'none'}`],
    ['such as', exampleOf(change)],
  ]
  return [
    `  ${paint(COLOURS[kind], kind)}  ${verb} ${address}`,
    ...lines.flatMap(([what, said]) => (said === '' ? [] : [`    ${paint('dim', what.padEnd(8))} ${said}`])),
  ]
}

const openLines = (open: Undecided, paint: Paint): readonly string[] => [
  `  ${paint('yellow', 'not decided exactly')}  ${open.verb} ${open.address}`,
  `    ${paint('dim', 'who     ')} ${peersOf(open)}`,
  `    ${paint('dim', 'why     ')} ${open.combinations} combinations are more than are gone through`,
]

/** One name of each list makes such a peer. */
const peersOf = ({ who }: Pick<Change, 'who'>): string =>
  who.length === 0 ? 'any' : who.map((names) => listed(names, ' or ')).join(', with ')

const exampleOf = ({ example: { peer, address, attributes } }: Change): string =>
  printable(JSON.stringify({ peer, address, ...(Object.keys(attributes).length > 0 && { attributes }) }))
