import { readAuditor, readIdentity, readIssuer } from '../node.js'
import { attempt } from './attempt.js'
import { type Arguments, type Command, EXIT } from './command.js'
import { passphraseFrom } from './passphrase.js'

/** CL-5: prints the public id of a key file. */
export const id: Command = {
  usage: 'id FILE [--issuer | --audit] [--passphrase-file FILE] [--json]',
  summary:
    'Prints the public id of a key file, of an identity, an issuer or an audit log; asks for its passphrase if it has one.',
  options: {
    issuer: { type: 'boolean' },
    audit: { type: 'boolean' },
    'passphrase-file': { type: 'string' },
    json: { type: 'boolean' },
  },
  run: ({ values, positionals: [file, ...rest] }, terminal) => {
    const twice = values.issuer === true && values.audit === true
    if (file === undefined || rest.length > 0 || twice) return EXIT.usage
    const passphrase = passphraseFrom(values['passphrase-file'])
    return attempt('id', terminal, async () => {
      const key = await readKey(file, values, passphrase)
      terminal.out(values.json === true ? JSON.stringify({ id: key.id, file }) : key.id)
    })
  },
}

const readKey = (
  file: string,
  values: Arguments['values'],
  passphrase: () => Promise<string>,
): Promise<{ readonly id: string }> => {
  if (values.audit === true) return readAuditor(file, { passphrase })
  return values.issuer === true ? readIssuer(file, { passphrase }) : readIdentity(file, { passphrase })
}
