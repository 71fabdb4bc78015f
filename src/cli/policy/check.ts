import { type Remark, reviewPolicy } from '../../kit/policyfile.js'
import { attempt } from '../attempt.js'
import { type Command, EXIT } from '../command.js'
import { printable } from '../printable.js'
import { contractPaths, contractsIn } from './inputs.js'

/** CL-30: whether a policy loads, and what in it is probably not meant. */
export const check: Command = {
  usage: 'policy check FILE [--contract FILE]... [--json]',
  summary: 'Says what keeps a policy from loading, or what in it is probably not meant, with line and column.',
  options: { contract: { type: 'string', multiple: true }, json: { type: 'boolean' } },
  run: async ({ values, positionals: [file, ...rest] }, terminal) => {
    if (file === undefined || rest.length > 0) return EXIT.usage
    let isClean = false
    const exit = await attempt('policy check', terminal, async () => {
      const { store, remarks } = await reviewPolicy(file, await contractsIn(contractPaths(values)))
      isClean = remarks.length === 0
      if (values.json === true) {
        terminal.out(printable(JSON.stringify({ file, loads: store !== undefined, findings: remarks })))
        return
      }
      for (const remark of remarks) terminal.out(`${file}:${printable(lineOf(remark))}`)
      if (store !== undefined) terminal.out(counted(remarks.length))
    })
    return isClean ? exit : EXIT.failed
  },
}

/** The text of what does not load names its path itself. */
const lineOf = ({ line, column, path, what, rule, text }: Remark): string => {
  const about = what === 'malformed' ? '' : ` (${path}${rule === undefined ? '' : `, rule ${rule}`})`
  return `${line}:${column}: ${what}: ${text.replaceAll('…', '...')}${about}`
}

const counted = (count: number): string => (count === 1 ? '1 finding' : `${count} findings`)
