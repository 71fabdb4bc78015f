import { makeChallenge } from '../../index.js'
import { readIssuer } from '../../node.js'
import { attempt } from '../attempt.js'
import { type Command, EXIT } from '../command.js'
import { passphraseFrom } from '../passphrase.js'

/** CL-20: what the owner of a key has to answer. */
export const challenge: Command = {
  usage: 'credential challenge ISSUER_KEY_FILE [--passphrase-file FILE] [--json]',
  summary: 'Prints a challenge: whoever wants a credential has 10 minutes to answer it. It is no secret.',
  options: { 'passphrase-file': { type: 'string' }, json: { type: 'boolean' } },
  run: ({ values, positionals: [file, ...rest] }, terminal) => {
    if (file === undefined || rest.length > 0) return EXIT.usage
    return attempt('credential challenge', terminal, async () => {
      const issuer = await readIssuer(file, { passphrase: passphraseFrom(values['passphrase-file']) })
      const made = makeChallenge(issuer, Date.now())
      terminal.out(values.json === true ? JSON.stringify({ challenge: made, issuer: issuer.id }) : made)
    })
  },
}
