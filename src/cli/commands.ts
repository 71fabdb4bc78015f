import { parseArgs } from 'node:util'
import { type Arguments, type Command, EXIT, type Exit, type Terminal } from './command.js'
import { conformance } from './conformance.js'
import { cddl } from './contract/cddl.js'
import { diff as diffContracts } from './contract/diff.js'
import { exportContract } from './contract/export.js'
import { challenge } from './credential/challenge.js'
import { issue } from './credential/issue.js'
import { prove } from './credential/prove.js'
import { revoke } from './credential/revoke.js'
import { show } from './credential/show.js'
import { verify } from './credential/verify.js'
import { demo } from './demo.js'
import { id } from './id.js'
import { keygen } from './keygen.js'
import { reconcile } from './log/reconcile.js'
import { show as showLog } from './log/show.js'
import { verify as verifyLog } from './log/verify.js'
import { peers } from './peers.js'
import { check } from './policy/check.js'
import { diff } from './policy/diff.js'
import { explain } from './policy/explain.js'
import { matrix } from './policy/matrix.js'
import { test } from './policy/test.js'
import { shim } from './shim.js'
import { vectors } from './vectors.js'

/** Every command of `sotto`, a file each; the name may have two words. */
const COMMANDS: Readonly<Record<string, Command>> = {
  keygen,
  id,
  'credential challenge': challenge,
  'credential prove': prove,
  'credential issue': issue,
  'credential show': show,
  'credential verify': verify,
  'credential revoke': revoke,
  peers,
  'contract export': exportContract,
  'contract cddl': cddl,
  'contract diff': diffContracts,
  'log verify': verifyLog,
  'log show': showLog,
  'log reconcile': reconcile,
  'policy check': check,
  'policy test': test,
  'policy explain': explain,
  'policy matrix': matrix,
  'policy diff': diff,
  demo,
  vectors,
  conformance,
  shim,
}

const HELP = { help: { type: 'boolean', short: 'h' } } as const

/** Runs `sotto` with `args`. What a user typed wrong is an exit code, never an exception. */
export const run = async (args: readonly string[], terminal: Terminal): Promise<Exit> => {
  const { name, rest } = named(args)
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    terminal[name === undefined ? 'error' : 'out'](overview())
    return name === undefined ? EXIT.usage : EXIT.ok
  }
  const family = Object.entries(COMMANDS).flatMap(([full, command]) => (full.startsWith(`${name} `) ? [command] : []))
  if (family.length > 0) {
    const asked = rest.length === 1 && (rest[0] === '--help' || rest[0] === '-h')
    terminal[asked ? 'out' : 'error'](overview(family))
    return asked ? EXIT.ok : EXIT.usage
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) {
    terminal.error(`sotto: no command "${name}"\n\n${overview()}`)
    return EXIT.usage
  }
  const parsed = parse(command, rest)
  if (typeof parsed === 'string') {
    terminal.error(`sotto ${name}: ${parsed}\n${usage(command)}`)
    return EXIT.usage
  }
  if (parsed.values.help === true) {
    terminal.out(`${command.summary}\n\n${usage(command)}`)
    return EXIT.ok
  }
  const exit = await command.run(parsed, terminal)
  if (exit === EXIT.usage) terminal.error(usage(command))
  return exit
}

/** The longest name of a command that `args` begin with, or else their first word. */
const named = (args: readonly string[]): { readonly name: string | undefined; readonly rest: readonly string[] } => {
  const words = Object.hasOwn(COMMANDS, args.slice(0, 2).join(' ')) ? 2 : 1
  return { name: args.length === 0 ? undefined : args.slice(0, words).join(' '), rest: args.slice(words) }
}

/** The arguments, or what is wrong with them. */
const parse = ({ options }: Command, args: readonly string[]): Arguments | string => {
  try {
    return parseArgs({ args: [...args], options: { ...options, ...HELP }, allowPositionals: true })
  } catch (error) {
    // parseArgs reports what the user typed wrong as a TypeError: an answer here, not a fault.
    if (error instanceof TypeError) return error.message
    throw error
  }
}

const usage = (command: Command): string => `usage: sotto ${command.usage}`

const overview = (commands: readonly Command[] = Object.values(COMMANDS)): string => {
  const rows = commands.map(({ usage, summary }) => `  sotto ${usage}\n      ${summary}`)
  return `usage: sotto COMMAND [OPTIONS]\n\n${rows.join('\n')}\n\nExits with 0 if all is well, 1 if something failed, 2 if it was called wrongly.`
}
