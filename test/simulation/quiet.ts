import type { End } from './end.js'
import { fieldOf, heldBy, numberAt } from './held.js'
import { nameOf, type Session } from './session.js'
import { type Invariant, violation } from './violation.js'

/** Bytes of an engine beside what its limits account for: keys, names, tables of the policy. */
const BESIDE = 4_096
/** The longest packet or record. */
const UNIT = 65_538
/** Entries of maps, sets and arrays that an engine has when nothing is under way. */
const IDLE_ENTRIES = 300

/** Where the engine counts. */
const OUTBOX = ['$traffic', 'exchanges', 'outbox'] as const
const EXCHANGES = ['$traffic', 'exchanges'] as const
const INTAKE = ['$traffic', 'arrivals', 'intake'] as const

/** While it lives: no budget is exceeded. */
export const checkBudgets = (end: End): void => {
  const { engine, direction } = end
  if (end.gone || engine.state !== 'open') return
  const { limits, other } = direction
  const within = (what: string, limit: number, ...path: readonly string[]): void => {
    const value = numberAt(engine, ...path)
    if (value > limit || value < 0) throw broken('budget', end, `has ${value} of ${limit} ${what}`)
  }
  within('bytes of control frames', 65_536, ...OUTBOX, '$controlBytes')
  within('calls of its peer', limits.exchanges, ...EXCHANGES, '$theirs')
  within('places for calls', placesOf(end), ...EXCHANGES, '$places', '$free')
  within('bytes in pieces', limits.message + 64, ...INTAKE, 'reassembly', '$held')
  within('bytes to send', Number.POSITIVE_INFINITY, ...OUTBOX, '$committed')
  within('bytes of credit', other.limits.sessionWindow, ...OUTBOX, '$window', 'room')
}

/** While it lives: no more is held than all limits together account for, beside what the application has given to send. */
export const checkHeld = (end: End): void => {
  if (end.gone || end.engine.state !== 'open') return
  const { limits, other } = end.direction
  const { bytes, entries } = held(end)
  const given = end.exchanges.reduce(
    (sum, { body, stream, items }) => sum + (stream ? items.waiting : 0) + (body?.length ?? 0),
    0,
  )
  const most = given + 3 * UNIT + 65_536 + limits.message + ringOf(other.limits) + BESIDE
  if (bytes > most) throw broken('memory', end, `holds ${bytes} bytes, of ${most}`)
  const items = end.exchanges.reduce((sum, { items }) => sum + items.behind.length, 0)
  const least = IDLE_ENTRIES + 8 * (end.exchanges.length + limits.exchanges) + items
  if (entries > least) throw broken('memory', end, `holds ${entries} entries, of ${least}`)
}

/** Nothing is under way any more: everything that was counted is back at nothing, and nothing is kept. */
export const checkQuiet = ({ ends, pipes }: Session): void => {
  if (pipes.some(({ atMs }) => atMs < Number.POSITIVE_INFINITY)) return
  if (ends.some(({ gone, engine, busy, closing }) => gone || busy || closing || engine.state !== 'open')) return
  for (const end of ends) {
    const { engine } = end
    const at = (...path: readonly string[]): number => numberAt(engine, ...path)
    for (const path of [
      [...EXCHANGES, '$open', 'size'],
      [...EXCHANGES, '$places', '$waiting', 'size'],
      [...EXCHANGES, '$theirs'],
      [...OUTBOX, '$committed'],
      [...OUTBOX, '$controlBytes'],
      [...INTAKE, 'reassembly', '$held'],
    ])
      if (at(...path) !== 0)
        throw broken('memory', end, `has ${at(...path)} in ${path.join('.')}, and nothing is under way`)
    const free = at(...EXCHANGES, '$places', '$free')
    if (free !== placesOf(end)) throw broken('memory', end, `has ${free} places free, of ${placesOf(end)}`)
    const [received, consumed] = [at(...INTAKE, '$window', '$received'), at(...INTAKE, '$window', '$consumed')]
    const sent = numberAt(end.peer.engine, ...OUTBOX, '$window', '$sent')
    if (received !== consumed || received !== sent)
      throw broken('credit', end, `has got ${received} bytes of ${sent}, and given ${consumed} back`)
    checkIdle(end)
  }
}

/** Of a session that is over nothing is kept but empty buffers. */
export const checkOver = ({ all }: Session): void => {
  for (const end of all) if (!end.gone) checkIdle(end)
}

const checkIdle = (end: End): void => {
  const { limits, other } = end.direction
  const { bytes, entries } = held(end)
  // What records are put together in, and what they are cut out of, which grows by halves.
  const buffers = Math.min(limits.plaintext, other.limits.plaintext) + 2 * limits.plaintext
  const most = buffers + ringOf(other.limits) + BESIDE
  if (bytes > most) throw broken('memory', end, `holds ${bytes} bytes, of ${most}, and nothing is under way`)
  if (entries > IDLE_ENTRIES) throw broken('memory', end, `holds ${entries} entries, and nothing is under way`)
}

/** Calls that an end may have open. */
const placesOf = ({ direction: { limits, other } }: End): number => Math.min(limits.exchanges, other.limits.exchanges)

/** Of the engine alone: what it was given is shared. */
const held = ({ engine }: End) => {
  const side = fieldOf(engine, '$side')
  const policy = fieldOf(engine, '$side', 'policy', 'compiled')
  const { bytes, entries } = heldBy(engine, [
    side,
    policy,
    // Bounded by a number of their own, and of no message.
    ...knownOf(engine),
    ...(typeof side === 'object' && side !== null ? Object.values(side) : []),
  ])
  return { bytes, entries: entries - subjectsOf(engine) }
}

/** The addresses that operations have known last. */
const knownOf = (engine: End['engine']): readonly unknown[] => {
  if (fieldOf(engine, '$traffic') === undefined) return []
  return ['inbound', 'outbound'].flatMap((way) => {
    const routes: unknown = fieldOf(engine, ...EXCHANGES, 'established', way)
    if (!Array.isArray(routes)) return []
    return routes.map((route: unknown) =>
      typeof route === 'object' && route !== null ? fieldOf(route, 'known') : null,
    )
  })
}

/** What is kept of past messages of topics: a text for each that a window lets begin. */
const subjectsOf = (engine: End['engine']): number => {
  if (engine.state !== 'open') return 0
  const subjects = fieldOf(engine, ...EXCHANGES, '$sent', '$subjects')
  return Array.isArray(subjects) ? subjects.length : 0
}

/** The record of one-way messages that may still be refused: 4 bytes for each that a window lets begin. */
const ringOf = ({ sessionWindow, message }: { sessionWindow: number; message: number }): number =>
  sessionWindow / 16 + 32 * Math.ceil((sessionWindow + message) / 992)

const broken = (invariant: Invariant, { role }: End, what: string) => violation(invariant, `${nameOf(role)} ${what}`)
