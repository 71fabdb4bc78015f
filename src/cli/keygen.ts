import { generateAuditor, generateIdentity, generateIssuer } from '../index.js'
import { writeAuditor, writeIdentity, writeIssuer } from '../node.js'
import { attempt } from './attempt.js'
import { type Arguments, type Command, EXIT } from './command.js'
import { askNewPassphrase, readPassphrase } from './passphrase.js'

/** CL-4: makes a key file and prints its public id. */
export const keygen: Command = {
  usage: 'keygen FILE [--issuer | --audit] [--passphrase | --passphrase-file FILE] [--json]',
  summary:
    'Makes a key file that only its owner may read, of an identity, an issuer or an audit log, and prints its public id.',
  options: {
    issuer: { type: 'boolean' },
    audit: { type: 'boolean' },
    passphrase: { type: 'boolean' },
    'passphrase-file': { type: 'string' },
    json: { type: 'boolean' },
  },
  run: ({ values, positionals: [file, ...rest] }, terminal) => {
    const twice =
      (values.passphrase === true && values['passphrase-file'] !== undefined) ||
      (values.issuer === true && values.audit === true)
    if (file === undefined || rest.length > 0 || twice) return EXIT.usage
    return attempt('keygen', terminal, async () => {
      const passphrase = await passphraseOf(values)
      const seal = passphrase === undefined ? {} : { passphrase }
      const id = await writeKey(file, values, seal)
      terminal.out(values.json === true ? JSON.stringify({ id, file, sealed: passphrase !== undefined }) : id)
    })
  },
}

const writeKey = (
  file: string,
  values: Arguments['values'],
  seal: { readonly passphrase?: string },
): Promise<string> => {
  if (values.audit === true) return writeAuditor(file, generateAuditor(), seal)
  return values.issuer === true
    ? writeIssuer(file, generateIssuer(), seal)
    : writeIdentity(file, generateIdentity(), seal)
}

/** What the key shall be sealed with, if it shall. */
const passphraseOf = async (values: Arguments['values']): Promise<string | undefined> => {
  const file = values['passphrase-file']
  if (typeof file === 'string') return readPassphrase(file)
  return values.passphrase === true ? askNewPassphrase() : undefined
}
