import { contractCddl } from '../../index.js'
import { readContract } from '../../node.js'
import { attempt } from '../attempt.js'
import { type Command, EXIT } from '../command.js'

/** CL-41: an exported contract in CDDL. */
export const cddl: Command = {
  usage: 'contract cddl FILE [--json]',
  summary: 'Prints an exported contract in CDDL: its rows, and what travels in bodies and items.',
  options: { json: { type: 'boolean' } },
  run: ({ values, positionals: [file, ...rest] }, terminal) => {
    if (file === undefined || rest.length > 0) return EXIT.usage
    return attempt('contract cddl', terminal, async () => {
      const text = contractCddl(await readContract(file)).trimEnd()
      terminal.out(values.json === true ? JSON.stringify({ cddl: text }) : text)
    })
  },
}
