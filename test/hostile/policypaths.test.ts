import { describe, expect, test } from 'vitest'
import { FRAMES } from '../../src/session/frames.js'
import { codeOf, filesUnder, read } from '../source.js'

/**
 * SE-55: where a message is framed, and where one reaches a handler. Each such place is listed here with what stands before
 * it; one that is new fails the test until somebody has said what lets it through.
 */

const files = filesUnder('src', '.ts').filter((path) => /^src\/(?:session|link|messaging)\//.test(path))

interface Path {
  /** What such a place looks like. Literals are blank in what is searched. */
  readonly code: RegExp
  /** How often it stands in which file. */
  readonly in: Readonly<Record<string, number>>
  readonly because: string
}

const PATHS: Readonly<Record<string, Path>> = {
  'a proof of admission is made': {
    code: /\bnew Admitted\(/,
    in: { 'src/session/gate.ts': 1 },
    because: 'behind the allow of the policy, in the one class with a private constructor',
  },
  'a proof is asked for': {
    code: /\bAdmitted\.judge\(/,
    in: { 'src/session/gate.ts': 1 },
    because: 'by the gate of the session alone',
  },
  'a message is judged': {
    code: /\bgate\.judge\(/,
    in: { 'src/session/acts.ts': 2, 'src/session/arrivals.ts': 1, 'src/session/itemarrivals.ts': 1 },
    because: 'own messages and items before they are queued, those of the peer before they are told of',
  },
  'a proof is redeemed': {
    code: /\.redeem\(/,
    in: { 'src/session/acts.ts': 1, 'src/session/exchanges.ts': 1 },
    because: 'once, for the message that it is the proof of',
  },
  'an exchange is made': {
    code: /\bnew Exchange\(/,
    in: { 'src/session/exchanges.ts': 2 },
    because: 'an own one of a proof that was redeemed; one of the peer, which nobody is told of before it is judged',
  },
  'a body is put up to be sent': {
    code: /\bexchange\.body = /,
    in: { 'src/session/exchanges.ts': 2 },
    because: 'that of a proof, or a reply, which what was admitted grants',
  },
  'an item is put up to be sent': {
    code: /\bexchange\.add\(/,
    in: { 'src/session/items.ts': 1 },
    because: 'behind the own gate, or granted with the stream',
  },
  'a BEGIN is written': {
    code: /\bwriteBegin\(/,
    in: { 'src/session/outbox.ts': 1 },
    because: 'of an exchange that has a head, which a proof gave it',
  },
  'a DATA is written': {
    code: /\bwriteData\(/,
    in: { 'src/session/outbox.ts': 2 },
    because: 'of an exchange that was begun, of what was put up',
  },
  'a queue to the wire is filled': {
    code: /\boutbox\.push\(/,
    in: { 'src/session/exchanges.ts': 4 },
    because: 'with exchanges, each of which has a proof or is answered',
  },
  'a record is filled': {
    code: /\boutbox\.fill\(/,
    in: { 'src/session/keys.ts': 1 },
    because: 'with what the outbox holds and nothing else',
  },
  'a frame is sealed beside the outbox': {
    code: /\bkeys\.seal\(/,
    in: { 'src/session/engine.ts': 3 },
    because: 'a verdict, and twice an END',
  },
  'the engine is given an own message': {
    code: /\bengine\.begin\(/,
    in: { 'src/link/edge.ts': 1 },
    because: 'with a proof, which is its type',
  },
  'the engine is asked for a proof': {
    code: /\bengine\.admit\(/,
    in: { 'src/link/edge.ts': 1 },
    because: 'right before it is used',
  },
  'the engine is given an own item': {
    code: /\bengine\.item\(/,
    in: { 'src/link/edge.ts': 1, 'src/link/stream.ts': 1 },
    because: 'by the writer of a stream; the engine judges each',
  },
  'the engine is given a delivery': {
    code: /(?:\bengine|#engine)\.deliver\(/,
    in: { 'src/link/edge.ts': 2, 'src/link/stream.ts': 1 },
    because: 'by who serves what stands; the engine asks for each, and once to know alone',
  },
  'a delivery is handed over': {
    code: /#stream\.deliver\(/,
    in: { 'src/messaging/queueconsumer.ts': 1, 'src/messaging/topicsubscriber.ts': 1 },
    because: 'to the stream of its own subscription or consumer',
  },
  'the engine is given an answer': {
    code: /\bengine\.reply\(/,
    in: { 'src/link/dispatch.ts': 1 },
    because: 'of a handler that was given a message',
  },
  'a service is handed a message': {
    code: /\bservice\.answer\(/,
    in: { 'src/link/dispatch.ts': 1 },
    because: 'of an event that holds its proof',
  },
  'what came is asked for again': {
    code: /\bengine\.stands\(/,
    in: { 'src/link/edge.ts': 1 },
    because: 'right before user code sees a message or an item',
  },
  'an edge dispatches': {
    code: /\bdispatch\.message\(/,
    in: { 'src/link/edge.ts': 1 },
    because: 'what the engine told of',
  },
  'a stream takes an item': {
    code: /\bstream\.arrived\(/,
    in: { 'src/link/edge.ts': 1 },
    because: 'what the engine told of',
  },
  'a handler is run': {
    code: /\btask\.run\(/,
    in: { 'src/messaging/answer.ts': 1 },
    because: 'with the message of an Incoming, which holds its proof',
  },
  'messaging asks a session': {
    code: /\bcaller\.(?:call|send|stream)\(/,
    in: {
      'src/link/linkcalls.ts': 2,
      'src/link/linkrequest.ts': 2,
      'src/messaging/client.ts': 2,
      'src/messaging/queue.ts': 2,
      'src/messaging/stream.ts': 1,
      'src/messaging/topic.ts': 2,
    },
    because: 'the edge of a session, or a link, which asks the edge of its present session',
  },
}

/** How often each file has it, of those that do. */
const found = (code: RegExp): Record<string, number> =>
  Object.fromEntries(
    files
      .map((file) => [file, [...codeOf(read(file)).matchAll(new RegExp(code, 'g'))].length] as const)
      .filter(([, count]) => count > 0),
  )

describe('SE-55 every way of a message is known', () => {
  test.each(Object.entries(PATHS))('SE-55 %s', (_, { code, in: listed, because }) => {
    expect(found(code)).toEqual(listed)
    expect(because).not.toBe('')
  })

  test('SE-55 every event that hands something of the peer to user code is made in one place', () => {
    const made = (is: string) =>
      files.flatMap((file) => [...read(file).matchAll(new RegExp(`\\{ is: '${is}', exchange`, 'g'))].map(() => file))
    expect(made('message')).toEqual(['src/session/arrivals.ts'])
    expect(made('item')).toEqual(['src/session/itemarrivals.ts'])
    expect(made('reply')).toEqual(['src/session/arrivals.ts'])
  })

  test('SE-55 no frame but BEGIN and DATA carries a message, and each frame is said in places that are known', () => {
    const said = Object.fromEntries(
      Object.keys(FRAMES).map((name) => [
        name,
        [...new Set(files.filter((file) => new RegExp(`encodeFrame\\(\\{ is: '${name}'`).test(read(file))))].map(
          (file) => file.replace('src/session/', ''),
        ),
      ]),
    )
    expect(said).toEqual({
      ACCEPT: ['responder.ts'],
      REFUSE: ['refusal.ts'],
      BEGIN: [],
      DATA: [],
      FAULT: ['lastwords.ts'],
      RESET: ['exchanges.ts'],
      STOP: ['exchanges.ts'],
      CREDIT: ['intake.ts'],
      PING: ['traffic.ts'],
      PONG: ['traffic.ts'],
      REKEY: ['keys.ts'],
      REFRESH: ['refresh.ts'],
      CREDENTIAL: ['traffic.ts'],
      DRAIN: ['traffic.ts'],
      END: ['engine.ts'],
    })
  })

  test('SE-55 the policy is asked in the gates of a session and nowhere else', () => {
    const asks = /\bpolicy\.(?:admit|foresee|stands|decide|needs)\(/
    expect(Object.keys(found(asks)).sort()).toEqual(['src/session/gate.ts', 'src/session/initiategate.ts'])
    expect(Object.keys(found(/\bforPeer\(/)).sort()).toEqual(['src/session/initiategate.ts', 'src/session/traffic.ts'])
  })
})
