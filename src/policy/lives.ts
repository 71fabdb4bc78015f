import { SottoError } from '../errors.js'
import { type AuditLine, broken, type LineRecord } from './auditline.js'

/** AU-14: sessions of one log that are kept in mind, at most: some 65 MB. */
export const MAX_SESSIONS = 262_144

/** What one log tells of a session. */
export interface Life {
  /** The other end, as the log names it. */
  readonly peer: string
  readonly opened: boolean
  /** Messages that were decided. */
  readonly decisions: number
  /** The code it ended with, null for a clean end; undefined if the log does not tell of its end. */
  readonly ended: string | null | undefined
  /** Whether records were lost while it lived. */
  readonly gaps: boolean
}

/** Why a log cannot be asked what it does not tell: it has no beginning of the session, or no end, or lost records while it lived. */
export type Unsaid = 'unopened' | 'unclosed' | 'losses'

/** AU-15: undefined if the log would tell. */
export const unsaidBy = ({ opened, ended, gaps }: Life): Unsaid | undefined => {
  if (!opened) return 'unopened'
  if (ended === undefined) return 'unclosed'
  return gaps ? 'losses' : undefined
}

/** The sessions of one log, by their ids. @throws SottoError audit/broken, audit/limit */
export const livesOf = (lines: Iterable<AuditLine>, limits = { sessions: MAX_SESSIONS }): ReadonlyMap<string, Life> => {
  const lives = new Map<string, Growing>()
  let lost = 0
  for (const { seq, record } of lines) {
    if (record.kind === 'lost' && typeof record.records === 'number') lost += record.records
    if (!TOLD.has(record.kind)) continue
    const { session, peer } = textsOf(record, seq)
    const life = lives.get(session) ?? { peer, opened: false, decisions: 0, ended: undefined, gaps: false, from: lost }
    lives.set(session, life)
    if (lives.size > limits.sessions) throw tooMany(`${limits.sessions} sessions in a log`)
    if (record.kind === 'decided') life.decisions++
    else if (record.kind === 'opened') life.opened = true
    else if (record.kind === 'closed') {
      life.ended = typeof record.code === 'string' ? record.code : null
      life.gaps = lost > life.from
    }
  }
  return lives
}

export const tooMany = (what: string): SottoError<'audit/limit'> =>
  SottoError.of('audit/limit', `expected at most ${what}`)

/** While it is read. */
type Growing = { -readonly [F in keyof Life]: Life[F] } & { readonly from: number }

const TOLD: ReadonlySet<string> = new Set(['opened', 'decided', 'narrowed', 'closed'])

const textsOf = ({ session, peer }: LineRecord, line: number): { readonly session: string; readonly peer: string } => {
  if (typeof session !== 'string' || typeof peer !== 'string') throw broken(line, 'expected a session and a peer')
  return { session, peer }
}
