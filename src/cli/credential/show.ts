import { decodeCredential, type Statement } from '../../index.js'
import { readCredential } from '../../node.js'
import { attempt } from '../attempt.js'
import { type Command, EXIT } from '../command.js'
import { printable } from '../printable.js'

/** CL-21: what a credential says, which nobody has checked. */
export const show: Command = {
  usage: 'credential show FILE [--json]',
  summary: 'Prints what a credential says. Whether it is true is for `credential verify`.',
  options: { json: { type: 'boolean' } },
  run: ({ values, positionals: [file, ...rest] }, terminal) => {
    if (file === undefined || rest.length > 0) return EXIT.usage
    return attempt('credential show', terminal, async () => {
      const statement = decodeCredential(await readCredential(file))
      terminal.out(values.json === true ? printable(JSON.stringify(statement)) : linesOf(statement))
    })
  },
}

const linesOf = ({ id, name, roles, claims, issuer, serial, notBeforeMs, expiresMs }: Statement): string =>
  [
    ['id', id],
    ['name', name ?? '-'],
    ['roles', roles.join(' ') || '-'],
    ['claims', printable(JSON.stringify(claims))],
    ['issuer', issuer],
    ['serial', serial],
    ['from', new Date(notBeforeMs).toISOString()],
    ['until', new Date(expiresMs).toISOString()],
  ]
    .map(([what = '', said = '']) => `${what.padEnd(8)}${said}`)
    .join('\n')
