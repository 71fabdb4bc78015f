import { knownPeers } from '../node.js'
import { attempt } from './attempt.js'
import { type Command, EXIT } from './command.js'

/** CL-24: the keys that endpoints proved. */
export const peers: Command = {
  usage: 'peers FILE [--forget ENDPOINT] [--json]',
  summary: 'Prints the endpoints of a file of known peers and their ids, or forgets one, so that its next key is new.',
  options: { forget: { type: 'string' }, json: { type: 'boolean' } },
  run: ({ values: { forget, json }, positionals: [file, ...rest] }, terminal) => {
    if (file === undefined || rest.length > 0) return EXIT.usage
    const asJson = json === true
    return attempt('peers', terminal, async () => {
      const known = await knownPeers(file)
      if (typeof forget === 'string') {
        const forgotten = await known.forget(forget)
        if (asJson) terminal.out(JSON.stringify({ endpoint: forget, forgotten, file }))
        else terminal.out(forgotten ? `forgot ${forget}` : `${forget} was not known`)
        return
      }
      const entries = known.entries()
      if (asJson) terminal.out(JSON.stringify(entries.map(([endpoint, id]) => ({ endpoint, id }))))
      else for (const [endpoint, id] of entries) terminal.out(`${endpoint} ${id}`)
    })
  },
}
