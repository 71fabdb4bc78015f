import { policyStore } from '../../index.js'
import { type Explanation, loadQuestion } from '../../kit/policycases.js'
import { openJson } from '../../kit/policyfile.js'
import { attempt } from '../attempt.js'
import { type Arguments, type Command, EXIT } from '../command.js'
import { pairsIn, textsOf } from '../pairs.js'
import { printable } from '../printable.js'
import { reasonLines, verdictText } from './explaining.js'
import { contractPaths, contractsIn } from './inputs.js'

/** CL-33: what a policy decides, and why. */
export const explain: Command = {
  usage:
    'policy explain FILE --peer ID [--name NAME] [--role ROLE]... [--claim NAME=TEXT | NAME:=JSON]... --verb VERB --address ADDRESS [--direction in|out] [--attribute NAME=TEXT | NAME:=JSON]... [--contract FILE]... [--json]',
  summary: 'Says how a policy decides one act of one peer, by which rules, and what an allow would have needed.',
  options: {
    peer: { type: 'string' },
    name: { type: 'string' },
    role: { type: 'string', multiple: true },
    claim: { type: 'string', multiple: true },
    verb: { type: 'string' },
    address: { type: 'string' },
    direction: { type: 'string' },
    attribute: { type: 'string', multiple: true },
    contract: { type: 'string', multiple: true },
    json: { type: 'boolean' },
  },
  run: ({ values, positionals: [file, ...rest] }, terminal) => {
    const asked = askedIn(values)
    if (file === undefined || rest.length > 0 || asked === undefined) return EXIT.usage
    return attempt('policy explain', terminal, async () => {
      const contracts = await contractsIn(contractPaths(values))
      const store = await openJson(file, (document) => policyStore(document, { contracts }))
      const explanation = store.explain(loadQuestion(asked), 0)
      terminal.out(values.json === true ? printable(JSON.stringify(explanation)) : linesOf(explanation))
    })
  },
}

/** The members of a case, as a file of cases has them; undefined if an option is missing or no pair. */
const askedIn = (values: Arguments['values']): Readonly<Record<string, unknown>> | undefined => {
  const { peer: id, name, role, claim, verb, address, direction = 'in', attribute } = values
  const claims = pairsIn(textsOf(claim), scalarOf)
  const attributes = pairsIn(textsOf(attribute), scalarOf)
  if (claims === undefined || attributes === undefined) return undefined
  if (typeof id !== 'string' || typeof verb !== 'string' || typeof address !== 'string') return undefined
  const peer = { id, ...(name !== undefined && { name }), roles: textsOf(role), claims }
  return { peer, verb, address, direction, attributes }
}

const scalarOf = (json: string): string | number | boolean | undefined => {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined
  } catch {
    // The caller says how the command is called.
    return undefined
  }
}

const linesOf = (explanation: Explanation): string =>
  [verdictText(explanation.decision), ...reasonLines(explanation).map((line) => `  ${line}`)].join('\n')
