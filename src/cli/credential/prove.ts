import { issuerId, proveIdentity } from '../../index.js'
import { readIdentity } from '../../node.js'
import { attempt } from '../attempt.js'
import { type Command, EXIT } from '../command.js'
import { passphraseFrom } from '../passphrase.js'

/** CL-20: the answer to a challenge. */
export const prove: Command = {
  usage: 'credential prove KEY_FILE CHALLENGE ISSUER_ID [--passphrase-file FILE] [--json]',
  summary: 'Answers the challenge of an issuer, and of no other, with a proof that the key is here. It is no secret.',
  options: { 'passphrase-file': { type: 'string' }, json: { type: 'boolean' } },
  run: ({ values, positionals: [file, challenge, issuer, ...rest] }, terminal) => {
    if (file === undefined || challenge === undefined || issuer === undefined || rest.length > 0) return EXIT.usage
    return attempt('credential prove', terminal, async () => {
      const asking = issuerId(issuer)
      const identity = await readIdentity(file, { passphrase: passphraseFrom(values['passphrase-file']) })
      const proof = proveIdentity(identity, challenge, asking)
      terminal.out(values.json === true ? JSON.stringify({ proof, id: identity.id, issuer: asking }) : proof)
    })
  },
}
