import { policyStore } from '../../index.js'
import { type CaseFailure, type Expected, failuresOf, loadCases } from '../../kit/policycases.js'
import { openJson } from '../../kit/policyfile.js'
import { attempt } from '../attempt.js'
import { type Command, EXIT } from '../command.js'
import { printable } from '../printable.js'
import { reasonLines, verdictText } from './explaining.js'
import { contractPaths, contractsIn } from './inputs.js'

/** CL-31, CL-32: whether a policy decides as its author says. */
export const test: Command = {
  usage: 'policy test FILE CASES [--contract FILE]... [--json]',
  summary:
    'Asks a policy the questions of a file of cases, and says which are decided otherwise than it expects, and why.',
  options: { contract: { type: 'string', multiple: true }, json: { type: 'boolean' } },
  run: async ({ values, positionals: [file, casesFile, ...rest] }, terminal) => {
    if (file === undefined || casesFile === undefined || rest.length > 0) return EXIT.usage
    let isPassed = false
    const exit = await attempt('policy test', terminal, async () => {
      const contracts = await contractsIn(contractPaths(values))
      const store = await openJson(file, (document) => policyStore(document, { contracts }))
      const cases = await openJson(casesFile, loadCases)
      const failures = failuresOf(store, cases)
      const passed = cases.length - failures.length
      isPassed = passed > 0 && failures.length === 0
      if (values.json === true) terminal.out(printable(JSON.stringify({ passed, failed: failures.length, failures })))
      else terminal.out([...failures.flatMap(linesOf), `${passed} passed, ${failures.length} failed`].join('\n'))
    })
    return isPassed ? exit : EXIT.failed
  },
}

const linesOf = ({ index, name, expected, explanation }: CaseFailure): readonly string[] => [
  `FAIL #${index} ${printable(name)}`,
  `  expected ${printable(expectedText(expected))}`,
  `  got      ${verdictText(explanation.decision)}`,
  ...reasonLines(explanation).map((line) => `           ${line}`),
]

const expectedText = ({ effect, why, rules }: Expected): string =>
  `${effect}${why === undefined ? '' : ` by ${why}`}${rules === undefined ? '' : `: ${rules.join(', ') || 'no rule'}`}`
