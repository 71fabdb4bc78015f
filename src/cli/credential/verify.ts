import { decodeCredential, peerId, trustStore } from '../../index.js'
import { readCredential, readTrust } from '../../node.js'
import { attempt } from '../attempt.js'
import { type Command, EXIT } from '../command.js'

/** CL-22: whether a listener with this trust would take it now. */
export const verify: Command = {
  usage: 'credential verify FILE TRUST_FILE [--key ID] [--json]',
  summary: 'Says whether a credential holds now, by the issuers and revocations of a trust file; if not, why.',
  options: { key: { type: 'string' }, json: { type: 'boolean' } },
  run: ({ values: { key, json }, positionals: [file, trusted, ...rest] }, terminal) => {
    if (file === undefined || trusted === undefined || rest.length > 0) return EXIT.usage
    return attempt('credential verify', terminal, async () => {
      const credential = await readCredential(file)
      const id = typeof key === 'string' ? peerId(key) : decodeCredential(credential).id
      const { name, expiresMs } = trustStore(await readTrust(trusted)).vouch(id, credential, Date.now())
      terminal.out(json === true ? JSON.stringify({ id, name, expiresMs }) : (name ?? id))
    })
  },
}
