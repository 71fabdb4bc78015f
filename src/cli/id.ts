import { readIdentity, readIssuer } from '../node.js'
import { attempt } from './attempt.js'
import { type Command, EXIT } from './command.js'
import { passphraseFrom } from './passphrase.js'

/** CL-5: prints the public id of a key file. */
export const id: Command = {
  usage: 'id FILE [--issuer] [--passphrase-file FILE] [--json]',
  summary: 'Prints the public id of a key file, of an identity or an issuer; asks for its passphrase if it has one.',
  options: { issuer: { type: 'boolean' }, 'passphrase-file': { type: 'string' }, json: { type: 'boolean' } },
  run: ({ values, positionals: [file, ...rest] }, terminal) => {
    if (file === undefined || rest.length > 0) return EXIT.usage
    const passphrase = passphraseFrom(values['passphrase-file'])
    return attempt('id', terminal, async () => {
      const key =
        values.issuer === true ? await readIssuer(file, { passphrase }) : await readIdentity(file, { passphrase })
      terminal.out(values.json === true ? JSON.stringify({ id: key.id, file }) : key.id)
    })
  },
}
