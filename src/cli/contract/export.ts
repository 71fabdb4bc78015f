import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseContract, SottoError } from '../../index.js'
import { attempt } from '../attempt.js'
import { type Command, EXIT } from '../command.js'
import { printable } from '../printable.js'

/** CL-40: a contract of a program, as data. */
export const exportContract: Command = {
  usage: 'contract export FILE EXPORT [--json]',
  summary:
    'Runs a JavaScript file and prints the contract that it exports by that name, for other programs and languages.',
  options: { json: { type: 'boolean' } },
  run: ({ values, positionals: [file, name, ...rest] }, terminal) => {
    if (file === undefined || name === undefined || rest.length > 0) return EXIT.usage
    return attempt('contract export', terminal, async () => {
      const found = memberOf(await moduleAt(file), name)
      // What a program says is a contract is read as a file of one would be.
      const contract = parseContract(JSON.parse(JSON.stringify(found) ?? 'null'))
      const json = values.json === true ? JSON.stringify(contract) : JSON.stringify(contract, null, 2)
      terminal.out(json.split('\n').map(printable).join('\n'))
    })
  },
}

const moduleAt = async (file: string): Promise<unknown> => {
  try {
    return await import(pathToFileURL(resolve(file)).href)
  } catch (cause) {
    // The file is the user's: whatever it throws is told, not thrown.
    const why = cause instanceof Error ? cause.message : String(cause)
    throw malformed(`expected a JavaScript module that runs, got ${why}`, file, cause)
  }
}

const memberOf = (module: unknown, name: string): unknown => {
  if (typeof module === 'object' && module !== null && Object.hasOwn(module, name)) return Reflect.get(module, name)
  throw malformed(`expected an export ${name}, got none`, name)
}

const malformed = (what: string, path: string, cause?: unknown): SottoError =>
  SottoError.of('contract/malformed', what, { details: { path }, cause })
