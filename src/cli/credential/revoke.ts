import { peerId, type Revoked } from '../../index.js'
import { revokeIn } from '../../node.js'
import { attempt } from '../attempt.js'
import { type Command, EXIT } from '../command.js'

/** CL-23: withdraws trust in a file that listeners read. */
export const revoke: Command = {
  usage: 'credential revoke TRUST_FILE SERIAL|ID [--json]',
  summary: 'Adds a revocation to a trust file: of one credential by its serial, or of a key by its id.',
  options: { json: { type: 'boolean' } },
  run: ({ values, positionals: [file, what, ...rest] }, terminal) => {
    if (file === undefined || what === undefined || rest.length > 0) return EXIT.usage
    return attempt('credential revoke', terminal, async () => {
      const revoked: Revoked = what.startsWith('sotto') ? peerId(what) : { serial: what }
      const added = await revokeIn(file, revoked)
      if (values.json === true) terminal.out(JSON.stringify({ revoked, added, file }))
      else terminal.out(added ? `revoked ${what}` : `${what} was revoked before`)
    })
  },
}
