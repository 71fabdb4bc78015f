import { toHex } from '../bytes.js'
import { encode, type Wire } from '../cbor.js'
import type { PeerId } from '../identity/id.js'
import { generateIdentity, keyPairOf } from '../identity/identity.js'
import { later } from '../link/later.js'
import { SUITES, type Suite } from '../session/suites.js'
import { type Case, type End, type Event, Finding, type OpenOptions, type Shim, type Sink, Skipped } from './case.js'
import { PSK } from './hostile.js'
import { EXPECTED, issued } from './issued.js'
import { type Level, operationsOf } from './kitcontract.js'
import { Shim as LineShim } from './shim.js'
import { ShimDriver } from './shimdriver.js'

export type Role = 'initiator' | 'responder'

/** Both ends of a session that is open. */
export interface Pair {
  /** The one under test. */
  readonly shim: End
  /** The peer that does as it must: this implementation. */
  readonly ours: End
  readonly role: Role
  readonly ids: { readonly shim: PeerId; readonly ours: PeerId }
}

/** What live cases have in common. */
export interface Setup {
  /** `core` unless said. */
  readonly level?: Level
  readonly suites?: readonly number[]
  /** Laid over what both ends are opened with, and over that of one. */
  readonly both?: Partial<OpenOptions>
  readonly shim?: Partial<OpenOptions>
  readonly ours?: Partial<OpenOptions>
  /** The end that shows a credential, by which alone the other trusts it. */
  readonly shows?: 'shim' | 'ours'
}

const ROLES: readonly Role[] = ['initiator', 'responder']

/** The same in either role of the shim. */
export const either = (
  name: string,
  rule: string,
  run: (pair: Pair) => Promise<unknown>,
  setup: Setup = {},
): readonly Case[] => ROLES.map((role) => as(role, name, rule, run, setup))

/** In one role of the shim. */
export const as = (
  role: Role,
  name: string,
  rule: string,
  run: (pair: Pair) => Promise<unknown>,
  setup: Setup = {},
): Case => ({
  name: `${name}, as ${role}`,
  rule,
  role,
  level: setup.level ?? 'core',
  ...(setup.suites && { suites: setup.suites }),
  run: (shim) =>
    within(shim, role, setup, async (pair) => {
      await opened(pair)
      await run(pair)
    }),
})

/** Both ends, which have not said anything yet; whatever comes of them, they end. */
export const within = async (
  shim: Shim,
  role: Role,
  setup: Setup,
  run: (pair: Pair) => Promise<unknown>,
): Promise<void> => {
  const sound = await soundShim()
  const pair = await meet(shim, sound, role, setup)
  try {
    await run(pair)
  } finally {
    pair.shim.eof()
    sound.exit()
  }
}

/** Waits for `open` at both ends and compares what they tell. */
export const opened = async ({ shim, ours, ids }: Pair): Promise<void> => {
  const [theirs, own] = [await shim.event('open'), await ours.event('open')]
  for (const member of ['suite', 'sessionId'])
    if (theirs[member] !== own[member])
      throw new Finding(`expected ${member} ${String(own[member])}, got ${String(theirs[member])}`)
  if (theirs.peer !== ids.ours) throw new Finding(`expected peer ${ids.ours}, got ${String(theirs.peer)}`)
}

/** The next event of this name has these members. */
export const told = async (end: End, name: string, members: Readonly<Record<string, unknown>> = {}): Promise<Event> => {
  const event = await end.event(name)
  for (const [member, expected] of Object.entries(members))
    if (event[member] !== expected)
      throw new Finding(`expected ${member} of ${name} to be ${String(expected)}, got ${String(event[member])}`)
  return event
}

/** Both ends are over, clean, when one of them closes. */
export const closes = async (from: End, other: End): Promise<void> => {
  from.act({ do: 'close' })
  await told(from, 'closed', { code: null })
  await told(other, 'closed', { code: null })
  await told(from, 'eof')
  await told(other, 'eof')
}

/** One item of CBOR in hex. */
export const item = (value: Wire): string => toHex(encode(value))

/** Ids of suites by what they have. */
export const PLAIN = [0x0011, 0x0111] as const

/** The first of `suites` that the shim claims. @throws Skipped */
export const suiteOf = (shim: Shim, suites: readonly number[]): Suite => {
  const suite = SUITES.find(({ id }) => suites.includes(id) && shim.suites.includes(id))
  if (suite === undefined) throw new Skipped('it has no such suite')
  return suite
}

/** This implementation over lines, in this very process. */
const soundShim = async (): Promise<ShimDriver> => {
  const driver: ShimDriver = new ShimDriver((line) => shim.take(line))
  const shim = new LineShim({
    line: (line) => driver.take(line),
    over: (error) => driver.over(error instanceof Error ? error.message : 'exit'),
  })
  await driver.hello()
  return driver
}

const meet = async (shim: Shim, sound: Shim, role: Role, setup: Setup): Promise<Pair> => {
  const [theirs, own] = [generateIdentity(), generateIdentity()]
  const isPlain = PLAIN.some((id) => shim.suites.includes(id))
  const serves = operationsOf([setup.level ?? 'core'])
  const both = { pq: isPlain ? 'off' : 'require', serves, ...setup.both } as const
  const ids = { shim: theirs.id, ours: own.id }
  const of = (key: typeof own, peer: 'shim' | 'ours', mine: Role): OpenOptions => ({
    role: mine,
    secret: toHex(keyPairOf(key).secretKey),
    ...(setup.shows === peer ? EXPECTED : { peer: ids[peer] }),
    ...(setup.shows !== undefined && setup.shows !== peer && { credential: toHex(issued(key.id)) }),
    ...both,
  })
  const other = role === 'initiator' ? 'responder' : 'initiator'
  const theirOptions = { ...of(theirs, 'ours', role), ...setup.shim }
  const ourOptions = { ...of(own, 'shim', other), ...setup.ours }
  const ends: { shim?: End; ours?: End } = {}
  const openShim = async (): Promise<End> =>
    (ends.shim = await shim.open(
      theirOptions,
      to(() => ends.ours),
    ))
  const openOurs = async (): Promise<End> =>
    (ends.ours = await sound.open(
      ourOptions,
      to(() => ends.shim),
    ))
  // The responder first: an initiator writes at once.
  if (role === 'initiator') {
    const ours = await openOurs()
    return { shim: await openShim(), ours, role, ids }
  }
  const responder = await openShim()
  return { shim: responder, ours: await openOurs(), role, ids }
}

/** Hands on to the other end, in a task of its own, when that is there. */
const to = (end: () => End | undefined): Sink => ({
  bytes: (bytes) => later(() => end()?.feed(bytes)),
  eof: () => later(() => end()?.eof()),
})

/** A key that both ends have. */
export const SHARED = { psk: { id: toHex(PSK.id), key: toHex(PSK.key) } }
