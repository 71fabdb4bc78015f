import { readIdentity } from '../node.js'
import { attempt } from './attempt.js'
import { type Command, EXIT } from './command.js'
import { askPassphrase, readPassphrase } from './passphrase.js'

/** CL-5: prints the public id of a key file. */
export const id: Command = {
  usage: 'id FILE [--passphrase-file FILE] [--json]',
  summary: 'Prints the public id of a key file; asks for its passphrase if it has one.',
  options: { 'passphrase-file': { type: 'string' }, json: { type: 'boolean' } },
  run: ({ values, positionals: [file, ...rest] }, terminal) => {
    if (file === undefined || rest.length > 0) return EXIT.usage
    const from = values['passphrase-file']
    return attempt('id', terminal, async () => {
      const passphrase = (): Promise<string> =>
        typeof from === 'string' ? readPassphrase(from) : askPassphrase('Passphrase: ')
      const identity = await readIdentity(file, { passphrase })
      terminal.out(values.json === true ? JSON.stringify({ id: identity.id, file }) : identity.id)
    })
  },
}
