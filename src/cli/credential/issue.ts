import { checkProof, decodeCredential, type Grant, issueCredential } from '../../index.js'
import { readIssuer, writeCredential } from '../../node.js'
import { attempt } from '../attempt.js'
import { type Arguments, type Command, EXIT } from '../command.js'
import { pairsIn, textsOf } from '../pairs.js'
import { passphraseFrom } from '../passphrase.js'

const DAY_MS = 86_400_000
const MAX_DAYS = 400

type Said = Pick<Grant, 'name' | 'roles' | 'claims'> & { readonly days: number }

/** CL-20: a credential for a key that answered. */
export const issue: Command = {
  usage:
    'credential issue ISSUER_KEY_FILE PROOF FILE [--name SPIFFE_ID] [--role ROLE]... [--claim NAME=TEXT | NAME:=JSON]... [--days N] [--passphrase-file FILE] [--json]',
  summary: 'Makes a file with a credential for the key that a proof shows, for 30 days unless said; prints its serial.',
  options: {
    name: { type: 'string' },
    role: { type: 'string', multiple: true },
    claim: { type: 'string', multiple: true },
    days: { type: 'string' },
    'passphrase-file': { type: 'string' },
    json: { type: 'boolean' },
  },
  run: ({ values, positionals: [key, proof, file, ...rest] }, terminal) => {
    const said = saidIn(values)
    if (key === undefined || proof === undefined || file === undefined || rest.length > 0) return EXIT.usage
    if (said === undefined) return EXIT.usage
    return attempt('credential issue', terminal, async () => {
      const { days, ...grant } = said
      const issuer = await readIssuer(key, { passphrase: passphraseFrom(values['passphrase-file']) })
      const possession = checkProof(issuer, proof, Date.now())
      const expiresMs = possession.shownMs + days * DAY_MS
      const credential = issueCredential(issuer, { possession, expiresMs, ...grant })
      await writeCredential(file, credential)
      const statement = decodeCredential(credential)
      terminal.out(values.json === true ? JSON.stringify({ ...statement, file }) : statement.serial)
    })
  },
}

/** What the options say, or undefined if they say it wrongly. */
const saidIn = ({ name, role, claim, days = '30' }: Arguments['values']): Said | undefined => {
  const claims = pairsIn(textsOf(claim), scalarOf)
  const count = typeof days === 'string' && /^[1-9]\d{0,2}$/.test(days) ? Number(days) : 0
  if (claims === undefined || count < 1 || count > MAX_DAYS) return undefined
  return { roles: textsOf(role), claims, days: count, ...(typeof name === 'string' ? { name } : {}) }
}

/** Claims have no other JSON. */
const scalarOf = (json: string): number | boolean | undefined => {
  if (json === 'true' || json === 'false') return json === 'true'
  return /^(?:0|-?[1-9]\d{0,15})$/.test(json) ? Number(json) : undefined
}
