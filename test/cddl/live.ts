import * as z from 'zod'
import { type Row, rowsOf } from '../../src/contract/row.js'
import { defaultProvider } from '../../src/crypto/default.js'
import { Possession } from '../../src/identity/possession.js'
import {
  type Client,
  client,
  contract,
  generateIdentity,
  generateIssuer,
  host,
  initiate,
  issueCredential,
  memoryPair,
  oneWay,
  type Policy,
  queue,
  requestResponse,
  serve,
  stream,
  topic,
} from '../../src/index.js'
import { type Begin, decodeFrames, type Frame } from '../../src/session/frames.js'
import { decodePayload } from '../../src/session/payload.js'
import { type Sealed, tap } from './tap.js'

/** A message of a session, and the rule of wire.cddl that it is of. */
export interface Found {
  readonly rule: string
  readonly bytes: Uint8Array
}

const Note = z.object({ n: z.number() })
const House = contract('house.v1', {
  count: stream({ request: Note, up: Note, down: Note }),
  crash: requestResponse({ request: Note }),
  fail: requestResponse({ request: Note, faults: { Gone: Note } }),
  log: oneWay(Note),
  news: topic(Note, { subject: '{room}', retain: true }),
  read: requestResponse({ request: Note, response: Note }),
  secret: requestResponse({ request: Note }),
  work: queue(Note, { subject: '{room}' }),
})

const policy: Policy = {
  version: 1,
  rules: [
    {
      id: 'all',
      effect: 'allow',
      by: ['any'],
      verbs: ['call', 'send', 'stream', 'publish', 'subscribe', 'enqueue', 'consume'],
      on: ['house.v1.>'],
    },
    { id: 'not-secret', effect: 'deny', by: ['any'], verbs: ['call'], on: ['house.v1.secret'] },
  ],
}

/** All that two ends sealed while they did a bit of everything with each other. */
export const liveMessages = async (): Promise<readonly Found[]> => {
  const tapped = tap(defaultProvider)
  try {
    await play()
  } finally {
    tapped.stop()
  }
  return [...handshakes(tapped.keys), ...records(tapped.keys)]
}

const play = async (): Promise<void> => {
  const [alice, bob, issuer] = [generateIdentity(), generateIdentity(), generateIssuer()]
  const shown = issueCredential(issuer, {
    possession: Possession.of(alice.id, Date.now()),
    expiresMs: Date.now() + 86_400_000,
  })
  const protocol = { pq: 'off' } as const
  const answering = host({ identity: bob, trust: [alice.id], policy, serve: [service()], protocol })
  const [near, far] = memoryPair()
  const dialled = initiate(near, { identity: alice.with(shown), peer: bob.id, use: [House], policy, protocol })
  const [session] = await Promise.all([dialled, answering.accept(far)])
  const house = client(session, House)
  await calls(house)
  const counting = house.count({ n: 10 })
  await counting.write({ n: 1 })
  await counting.end()
  for await (const _ of counting) await counting.closed
  await house.news.publish({ room: 'hall' }, { n: 5 })
  for await (const { retained } of house.news.subscribe({}, { credit: 2 })) {
    if (!retained) break
    await house.news.publish({ room: 'attic' }, { n: 6 })
  }
  await house.work.enqueue({ room: 'hall' }, { n: 7 }, { key: 'k', delayMs: 0 })
  for await (const delivery of house.work.consume()) {
    await delivery.extend(60_000)
    await delivery.ack()
    break
  }
  await session.close()
  await answering.close()
}

const service = () =>
  serve(
    House,
    { failed: () => undefined },
    {
      async *count({ n }, { up }) {
        for await (const each of up) yield { n: each.n + n }
      },
      crash: () => {
        throw new Error('for nobody')
      },
      fail: (value, { fault }) => {
        throw fault('Gone', value)
      },
      log: () => undefined,
      read: (value) => value,
      secret: () => undefined,
    },
  )

const calls = async (house: Client<typeof House>): Promise<void> => {
  await house.read({ n: 1 })
  await house.log({ n: 2 })
  const failing = [house.fail({ n: 3 }), house.crash({ n: 4 }), house.secret({ n: 5 })]
  await Promise.allSettled(failing)
}

/** What is behind the statics in messages 2 and 3; a static has 32 bytes. */
const handshakes = (keys: readonly (readonly Sealed[])[]): readonly Found[] =>
  keys
    .flat()
    .filter(({ ad, plaintext }) => ad.length > 0 && plaintext.length > 32)
    .flatMap(({ plaintext }) => {
      const { credential, initiation } = decodePayload(plaintext, 'credential', 'initiation')
      const found = (rule: string, bytes: Uint8Array | undefined) => (bytes === undefined ? [] : [{ rule, bytes }])
      return [...found('credential', credential), ...found('Initiation', initiation)]
    })

type Ended = 'I' | 'R'

/** The frames of a direction are those of one key; who sends the verdict is R. */
const records = (keys: readonly (readonly Sealed[])[]): readonly Found[] => {
  const directions = keys
    .map((sealed) => sealed.filter(({ ad }) => ad.length === 0).flatMap(({ plaintext }) => decodeFrames(plaintext)))
    .filter((frames) => frames.length > 0)
  const begun = new Map<number, Begin>()
  for (const frame of directions.flat()) if (frame.is === 'BEGIN') begun.set(frame.exchange, frame)
  return directions.flatMap((frames) => {
    const from = frames.some(({ is }) => is === 'ACCEPT') ? 'R' : 'I'
    const counts = new Map<number, number>()
    return frames.flatMap((frame) => {
      if (frame.is !== 'DATA') return foundIn(frame)
      if (frame.body.length === 0) return []
      const count = counts.get(frame.exchange) ?? 0
      counts.set(frame.exchange, count + 1)
      const begin = begun.get(frame.exchange)
      return begin === undefined ? [] : [{ rule: itemRule(begin, from, count, frame.body), bytes: frame.body }]
    })
  })
}

const foundIn = (frame: Frame): readonly Found[] => {
  if (frame.is === 'ACCEPT') return [{ rule: 'Acceptance', bytes: frame.body }]
  if (frame.is === 'FAULT') return frame.body.length === 0 ? [] : [{ rule: 'FaultDetails', bytes: frame.body }]
  return frame.is === 'BEGIN' ? [{ rule: requestRule(frame), bytes: frame.body }] : []
}

/** Everything is the initiator's to begin here. */
const rowOf = ({ operation }: Begin): Row => {
  const row = rowsOf(House)[operation]
  if (row === undefined) throw new RangeError(`expected an operation of the contract, got ${operation}`)
  return row
}

const requestRule = (begin: Begin): string => {
  const { kind } = rowOf(begin)
  if (kind === 'queue') return begin.standing ? 'Consume' : 'Enqueued'
  return begin.standing ? 'Subscribe' : 'wire'
}

const itemRule = (begin: Begin, from: Ended, count: number, body: Uint8Array): string => {
  const { kind } = rowOf(begin)
  if (!begin.standing) return kind === 'queue' ? 'Stored' : 'wire'
  // The first item down is null.
  if (from === 'R' && count === 0) return 'wire'
  if (kind === 'topic') return from === 'I' ? 'Total' : 'Delivered'
  // An array of two is an answer, one of five a delivery.
  return from === 'I' ? 'Settlement' : body[0] === 0x82 ? 'Answered' : 'Handed'
}
