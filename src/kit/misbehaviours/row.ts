import { SUITES, type Suite } from '../../session/suites.js'
import { type Case, Finding, type Shim, Skipped } from '../case.js'
import { Hostile, type Role, type Setup } from '../hostile.js'
import { type Outcome, unharmed } from '../hostileoutcomes.js'
import { type Level, operationsOf } from '../kitcontract.js'

/** How far the handshake has come honestly: not begun, message 3 or ACCEPT due, open. */
type Stage = 'start' | 'answered' | 'open'

/** One misbehaviour in a row of a table. */
export interface Row {
  readonly name: string
  readonly rule: string
  /** What is done; bytes that it gives, or resolves with, are fed. */
  readonly does: (peer: Hostile) => unknown
  readonly outcome: Outcome
  /** The operations whose handlers may, and must, hear of it, in order; none unless said. */
  readonly heard?: readonly string[]
  /** In place of `heard`: an operation whose handler may hear of it, however often. */
  readonly mayHear?: string
}

/** A row whose session goes on unharmed, unless said otherwise. */
export const row = (name: string, rule: string, does: Row['does'], of: Partial<Row> = {}): Row => ({
  name,
  rule,
  does,
  outcome: unharmed,
  ...of,
})

/** What the rows of a table have in common. */
export interface Table {
  /** `core` unless said. */
  readonly level?: Level
  /** A level that the shim must claim beside. */
  readonly beside?: Level
  /** Of the shim; `responder` unless said. */
  readonly role?: Role
  /** `open` unless said. */
  readonly from?: Stage
  /** Ids: the first that the shim has is spoken. Those without psk, the plainest first, unless said. */
  readonly suites?: readonly number[]
  readonly setup?: Partial<Setup>
}

/** From the plainest. */
const PLAIN = [0x0011, 0x0111, 0x0001, 0x0101] as const
export const WITH_KEM = [0x0001, 0x0101, 0x0021, 0x0121] as const
export const WITH_PSK = [0x0031, 0x0131, 0x0021, 0x0121] as const

export const casesOf = (table: Table, rows: readonly Row[]): readonly Case[] => rows.map((row) => caseOf(table, row))

const caseOf = (table: Table, row: Row): Case => {
  const { level = 'core', role = 'responder', suites = PLAIN } = table
  const { name, rule } = row
  return { name, rule, level, role, suites, run: (shim) => run(shim, table, row) }
}

const run = async (shim: Shim, table: Table, row: Row): Promise<void> => {
  const { level = 'core', beside = level, role = 'responder', from = 'open', suites = PLAIN, setup } = table
  const suite = suiteOf(shim, suites)
  if (suite === undefined) throw new Skipped('it has no such suite')
  if (!shim.levels.includes(beside)) throw new Skipped(`it does not claim ${beside}`)
  const operations = operationsOf([level, beside])
  const peer = await Hostile.meet(shim, role, { suite, operations, ...setup })
  try {
    await bring(peer, from)
    const bytes = await row.does(peer)
    if (bytes instanceof Uint8Array) peer.feed(bytes)
    await row.outcome(peer)
    checkHeard(peer, row)
    checkEnd(peer)
  } finally {
    peer.shim.eof()
  }
}

const suiteOf = (shim: Shim, ids: readonly number[]): Suite | undefined => {
  const id = ids.find((each) => shim.suites.includes(each))
  return SUITES.find((suite) => suite.id === id)
}

/** The handshake, honestly. */
const bring = async (peer: Hostile, to: Stage): Promise<void> => {
  if (peer.role === 'responder') await peer.greeted()
  if (to === 'start') return
  peer.feed(peer.role === 'initiator' ? peer.hello() : peer.message2())
  if (peer.role === 'initiator') await peer.answered()
  else await peer.asked()
  if (to === 'answered') return
  if (peer.role === 'initiator') {
    peer.feed(peer.message3())
    await peer.frame('ACCEPT')
  } else peer.say(peer.acceptance())
  await peer.event('open')
}

const checkHeard = ({ told }: Hostile, { heard: expected = [], mayHear }: Row): void => {
  const all = told.flatMap(({ event, operation }) => (event === 'heard' ? [String(operation)] : []))
  const heard = mayHear === undefined ? all : all.filter((each) => each !== mayHear)
  if (heard.join() !== expected.join())
    throw new Finding(`expected ${expected.join() || 'nothing'} to be heard, got ${heard.join() || 'nothing'}`)
}

/** CF-6: behind the end nothing is told but that of the pipe. */
const checkEnd = ({ told }: Hostile): void => {
  const names = told.map(({ event }) => event)
  const behind = names.slice(names.indexOf('closed') + 1)
  if (names.includes('closed') && behind.join() !== 'eof')
    throw new Finding(`expected eof alone behind the end, got ${behind.join() || 'nothing'}`)
}
