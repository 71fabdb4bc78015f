import { pinnedPeer } from '../identity/peer.js'
import type { Peer, TrustStore } from '../index.js'
import { Members } from './members.js'
import type { Answered, Said } from './shimlines.js'
import type { Tell } from './shimserves.js'

/** Where a shim may be made to lie; all else it does as it must. */
export interface Broken {
  /** What it takes a line of the kit for. */
  readonly asked?: (line: Said) => Said
  /** What it says in place of a line of its own. */
  readonly says?: (said: Said) => readonly Said[]
  /** What it says in place of an answer. */
  readonly answers?: (ask: string, answered: Answered) => Answered
  /** What it trusts in place of what it was told to. */
  readonly trusts?: (store: TrustStore) => TrustStore
  /** What it tells of what its policy refused, at this address. */
  readonly denied?: (address: string, tell: Tell) => void
}

const opened =
  (change: (line: Said) => Said) =>
  (line: Said): Said =>
    line.do === 'open' ? change(line) : line

const without =
  (name: string) =>
  (line: Said): Said =>
    Object.fromEntries(Object.entries(line).filter(([member]) => member !== name))

/** Says one event otherwise. */
const told =
  (event: string, change: (said: Said) => readonly Said[]) =>
  (said: Said): readonly Said[] =>
    said.event === event ? change(said) : [said]

/** `store` in which something is otherwise. */
const trusting =
  (over: (store: TrustStore) => Partial<TrustStore>) =>
  (store: TrustStore): TrustStore => ({
    pin: (id) => store.pin(id),
    addIssuer: (id) => store.addIssuer(id),
    removeIssuer: (id) => store.removeIssuer(id),
    revoke: (what) => store.revoke(what),
    replace: (trust) => store.replace(trust),
    check: (id, credential, unixMs) => store.check(id, credential, unixMs),
    whyNot: (id, credential, unixMs) => store.whyNot(id, credential, unixMs),
    vouch: (id, credential, unixMs) => store.vouch(id, credential, unixMs),
    onChange: (changed) => store.onChange(changed),
    ...over(store),
  })

/** Who has been let in once is who it was, without an end, whatever it shows later. */
const once = (store: TrustStore): Partial<TrustStore> => {
  let first: Peer | undefined
  return {
    check: (id, credential, unixMs) => {
      if (first === undefined) {
        const peer = store.check(id, credential, unixMs)
        first = peer && { id, roles: peer.roles, claims: peer.claims }
      }
      return first
    },
  }
}

/** Shims that break one rule each, by name: a kit is to find every one of them. */
export const BROKEN: Readonly<Record<string, Broken>> = {
  // Of vectors.
  'takes-loose-cbor': {
    answers: (ask, answered) => (ask === 'cbor' && 'code' in answered ? { answer: {} } : answered),
  },
  'opens-forged-records': {
    answers: (ask, answered) => (ask === 'record' && 'code' in answered ? { answer: { plaintext: '' } } : answered),
  },
  'loads-any-policy': {
    answers: (ask, answered) => (ask === 'policy' && 'code' in answered ? { answer: { verdicts: [] } } : answered),
  },
  'reads-any-json': {
    answers: (ask, answered) => (ask === 'json' && 'code' in answered ? { answer: { value: {} } } : answered),
  },
  'believes-any-log': {
    answers: (ask, answered) =>
      ask === 'audit' && 'code' in answered ? { answer: { signed: 1, behind: 0, lost: 0 } } : answered,
  },
  // Of whom it lets in, and what it holds them to.
  'trusts-anyone': { trusts: trusting(() => ({ check: (id) => pinnedPeer(id) })) },
  'judges-once': { trusts: trusting(once) },
  'forgets-revocations': { trusts: trusting(() => ({ revoke: () => undefined })) },
  'takes-any-suite': {
    asked: opened((line) => (line.role === 'responder' ? { ...line, pq: 'prefer' } : line)),
  },
  'is-of-no-service': { asked: opened(without('service')) },
  'ignores-policy': { asked: opened(without('policy')) },
  'ignores-limits': { asked: opened(without('limits')) },
  'never-rekeys': { asked: opened(without('rekey')) },
  'never-refreshes': {
    asked: opened((line) =>
      line.rekey === undefined ? line : { ...line, rekey: without('refreshMs')(new Members(line.rekey).all) },
    ),
  },
  'never-pads': { asked: opened(without('padding')) },
  'leaves-at-once': { asked: (line) => (line.do === 'leave' ? { ...line, do: 'cancel' } : line) },
  // Of what it tells.
  'lets-denied-be-heard': {
    denied: (address, tell) => tell('heard', { operation: address.split('.')[2], body: '' }),
  },
  'clean-truncation': {
    says: told('closed', (said) => [said.code === 'channel/truncated' ? { ...said, code: null } : said]),
  },
  'goes-on-behind-forgery': { says: told('closed', (said) => (said.code === 'channel/forged' ? [] : [said])) },
  'one-code-for-all': {
    says: told('closed', (said) => [said.code === null ? said : { ...said, code: 'session/lost' }]),
  },
  'tells-twice': { says: told('heard', (said) => [said, said]) },
  'hides-refusals': { says: told('refused', () => []) },
  'wrong-export': { says: told('exported', (said) => [{ ...said, key: '00' }]) },
  'wrong-session-id': { says: told('open', (said) => [{ ...said, sessionId: '00'.repeat(16) }]) },
  'nothing-ran': { says: told('fault', (said) => [{ ...said, ran: 'no' }]) },
  'never-hangs-up': { says: told('eof', () => []) },
  'tells-behind-the-end': {
    says: told('eof', (said) => [said, { ...said, event: 'over', operation: 'never', code: 'session/lost' }]),
  },
}
