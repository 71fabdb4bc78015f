import { toHex } from '../bytes.js'
import { decodeCredential } from '../identity/credential.js'
import type { Case, End } from './case.js'
import { inHours, issued } from './issued.js'
import { either, type Pair, type Setup, told } from './live.js'
import { echoes } from './livecore.js'

/** Credentials, with a peer that does as it must: who shows one is trusted by it alone. */

const level = 'policy'
const WORKERS = {
  version: 1,
  rules: [{ id: 'workers', effect: 'allow', by: ['role:worker'], verbs: ['call'], on: ['>'] }],
}

/** From that of before, which has no role, to one of a worker: what is refused first is let through then. */
const promoted = async (from: End, to: End, id: Pair['ids']['shim']): Promise<void> => {
  from.act({ do: 'call', tag: 'too soon', operation: 'echo', body: '01' })
  await told(from, 'fault', { tag: 'too soon', code: 'policy/denied', ran: 'no' })
  from.act({ do: 'renew', credential: toHex(issued(id, { roles: ['worker'], ...inHours(2) })) })
  await echoes(from, to)
}

const bothWays = async ({ shim, ours }: Pair): Promise<void> => {
  await echoes(shim, ours)
  await echoes(ours, shim)
}

/** `by` ends the session of the other. */
const parted = async (by: End, other: End): Promise<void> => {
  await told(by, 'closed', { code: 'identity/not-trusted' })
  await told(other, 'closed', { code: 'session/lost' })
}

/** `by` trusts no more what the other shows. */
const revoked =
  (by: 'shim' | 'ours') =>
  async (pair: Pair): Promise<void> => {
    const other = by === 'shim' ? 'ours' : 'shim'
    const renewal = issued(pair.ids[other], inHours(2))
    pair[other].act({ do: 'renew', credential: toHex(renewal) })
    await echoes(pair[other], pair[by])
    pair[by].act({ do: 'revoke', serial: decodeCredential(renewal).serial })
    await parted(pair[by], pair[other])
  }

const showing = (shows: 'shim' | 'ours', over: Omit<Setup, 'level' | 'shows'> = {}): Setup => ({
  level,
  shows,
  ...over,
})

export const LIVE_CREDENTIALS: readonly Case[] = [
  ...either('lets in who shows a credential', 'ID-28', bothWays, showing('ours')),
  ...either('shows its credential', 'SE-86', bothWays, showing('shim')),
  ...either(
    'decides by what the peer has shown last',
    'SE-106',
    ({ shim, ours, ids }) => promoted(ours, shim, ids.ours),
    showing('ours', { shim: { policy: WORKERS } }),
  ),
  ...either(
    'shows a newer credential',
    'SE-100',
    ({ shim, ours, ids }) => promoted(shim, ours, ids.shim),
    showing('shim', { ours: { policy: WORKERS } }),
  ),
  ...either('ends the session of a credential that it revokes', 'SE-105', revoked('shim'), showing('ours')),
  ...either('is told that its credential is revoked', 'SE-105', revoked('ours'), showing('shim')),
  ...either(
    'takes no credential that ends sooner',
    'ID-43',
    async ({ shim, ours, ids }) => {
      ours.act({ do: 'renew', credential: toHex(issued(ids.ours, inHours(0.5))) })
      await parted(shim, ours)
    },
    showing('ours'),
  ),
]
