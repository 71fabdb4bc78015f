import { type ContractChange, contractChanges } from '../../index.js'
import { attempt } from '../attempt.js'
import { type Command, EXIT } from '../command.js'
import { contractsIn } from '../policy/inputs.js'
import { printable } from '../printable.js'

/** CL-42: whether who uses the old contract is served by the new one. */
export const diff: Command = {
  usage: 'contract diff OLD NEW [--json]',
  summary:
    'Says in what two exported contracts differ; exits with 1 if who uses the old one is refused by the new one.',
  options: { json: { type: 'boolean' } },
  run: async ({ values, positionals: [older, newer, ...rest] }, terminal) => {
    if (older === undefined || newer === undefined || rest.length > 0) return EXIT.usage
    let holds = false
    const exit = await attempt('contract diff', terminal, async () => {
      const [mine, theirs] = await contractsIn([older, newer])
      const changes = mine === undefined || theirs === undefined ? [] : contractChanges(mine, theirs)
      holds = changes.every(({ breaking }) => breaking !== 'yes')
      if (values.json === true) terminal.out(printable(JSON.stringify({ holds, changes })))
      else terminal.out([...changes.map(lineOf), countOf(changes)].join('\n'))
    })
    return holds ? exit : EXIT.failed
  },
}

const WORDS = { yes: 'breaks', maybe: 'may break', no: 'is fine' } as const

const lineOf = ({ operation, field, mine, theirs, breaking }: ContractChange): string => {
  const where = operation === undefined ? field : `${operation} ${field}`
  return `${WORDS[breaking]}: ${where}: was ${valueText(mine)}, is ${valueText(theirs)}`
}

const valueText = (value: ContractChange['mine']): string =>
  value === undefined ? 'absent' : printable(JSON.stringify(value))

const countOf = (changes: readonly ContractChange[]): string => {
  const breaking = changes.filter((change) => change.breaking === 'yes').length
  return `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}, ${breaking} ${breaking === 1 ? 'breaks' : 'break'}`
}
