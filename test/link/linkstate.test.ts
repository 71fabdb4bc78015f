import { describe, expect, test } from 'vitest'
import { ERRORS, type ErrorCode, SottoError } from '../../src/errors.js'
import {
  AFTER,
  LINK_EVENTS,
  LINK_STATES,
  type LinkEvent,
  LinkState,
  type LinkStatus,
  type Patience,
} from '../../src/link/linkstate.js'

const PATIENCE: Patience = { firstMs: 100, capMs: 30_000, giveUpMs: Number.POSITIVE_INFINITY }
const lost = SottoError.of('session/lost', 'lost')
const refused = SottoError.of('identity/not-trusted', 'refused')

/** Always the longest pause. */
const longest = () => 1

const made = (over: Partial<Patience> = {}, random: () => number = longest): LinkState =>
  new LinkState({ ...PATIENCE, ...over }, random, 0)

/** A link in each state, by the shortest way there. */
const IN: Readonly<Record<LinkStatus['is'], () => LinkState>> = {
  connecting: () => made(),
  handshaking: () => {
    const state = made()
    state.reached()
    return state
  },
  established: () => {
    const state = IN.handshaking()
    state.opened(0)
    return state
  },
  waiting: () => {
    const state = made()
    state.failed(lost, 0)
    return state
  },
  draining: () => {
    const state = IN.established()
    state.drained(0)
    return state
  },
  closed: () => {
    const state = made()
    state.close(undefined)
    return state
  },
}

/** Every event, as it comes to a link that has no session but the present one. */
const HAPPEN: Readonly<Record<LinkEvent, (state: LinkState) => void>> = {
  reached: (state) => state.reached(),
  opened: (state) => state.opened(0),
  drained: (state) => state.drained(0),
  lost: (state) => state.lost(lost, 0),
  failed: (state) => state.failed(lost, 0),
  final: (state) => state.failed(refused, 0),
  due: (state) => state.wake(1e9),
  close: (state) => state.close(undefined),
  over: (state) => {
    state.close(undefined)
    state.over()
  },
}

/** Fails in a row from `nowMs` on, each attempt begun when it is due; the bounds of the pauses. */
const pauses = (state: LinkState, count: number): number[] =>
  Array.from({ length: count }, () => {
    const nowMs = state.dueMs === Number.POSITIVE_INFINITY ? 0 : state.dueMs
    state.wake(nowMs)
    state.failed(lost, nowMs)
    return state.status.is === 'waiting' ? state.status.delayMs : -1
  })

describe('LI-30 the table', () => {
  const cases = Object.entries(IN).flatMap(([name, make]) => LINK_EVENTS.map((event) => ({ name, make, event })))

  test.each(cases)('in $name, $event leads where the table says, or nowhere', ({ make, event }) => {
    const state = make()
    const before = state.status
    const allowed = LINK_STATES[before.is][event] ?? []
    // `over` needs something to be over, and `close` and a timer come at any time.
    const quiet = ['over', 'close', 'due'].includes(event)
    if (allowed.length > 0) HAPPEN[event](state)
    else if (quiet) HAPPEN[event](state)
    else expect(() => HAPPEN[event](state)).toThrow(RangeError)
    if (allowed.length > 0) expect(allowed).toContain(state.status.is)
    else if (event !== 'over') expect(state.status).toBe(before)
  })

  test('every state is reached, and every one but closed is left', () => {
    const reached = new Set(Object.values(LINK_STATES).flatMap((row) => Object.values(row).flat()))
    expect([...reached].sort()).toEqual(Object.keys(LINK_STATES).sort())
    for (const [name, row] of Object.entries(LINK_STATES)) expect(Object.keys(row).length > 0).toBe(name !== 'closed')
  })

  test('a status is frozen, and the same object until it changes', () => {
    const state = IN.waiting()
    expect(Object.isFrozen(state.status)).toBe(true)
    expect(state.status).toBe(state.status)
  })
})

describe('LI-31 the pauses', () => {
  test('their bound doubles from the first to the longest', () => {
    expect(pauses(made(), 11)).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
    expect(pauses(made({ firstMs: 7, capMs: 7 }), 3)).toEqual([7, 7, 7])
    expect(pauses(made(), 2_000).at(-1)).toBe(30_000)
  })

  test('each is anything from nothing to its bound', () => {
    const numbers = [0, 0.25, 0.5, 0.999]
    expect(
      pauses(
        made({}, () => numbers.shift() ?? 1),
        4,
      ),
    ).toEqual([0, 50, 200, 799])
  })

  test('a status tells the pause, how many were before it, and why', () => {
    const state = made()
    state.failed(lost, 0)
    expect(state.status).toEqual({ is: 'waiting', attempt: 0, delayMs: 100, cause: lost })
    expect(state.dueMs).toBe(100)
    state.wake(99)
    expect(state.status.is).toBe('waiting')
    state.wake(100)
    expect([state.status.is, state.dueMs]).toEqual(['connecting', Number.POSITIVE_INFINITY])
    state.reached()
    state.failed(lost, 150)
    expect(state.status).toEqual({ is: 'waiting', attempt: 1, delayMs: 200, cause: lost })
  })
})

describe('LI-32 the pauses start anew', () => {
  const flap = (state: LinkState, livedMs: number, end: (state: LinkState, nowMs: number) => void): number => {
    const nowMs = state.dueMs === Number.POSITIVE_INFINITY ? 0 : state.dueMs
    state.wake(nowMs)
    state.reached()
    state.opened(nowMs)
    end(state, nowMs + livedMs)
    return state.dueMs - nowMs - livedMs
  }
  const lose = (state: LinkState, nowMs: number): void => state.lost(lost, nowMs)

  test('not after sessions that are lost at once: a peer that lets in and dies is left alone more and more', () => {
    const state = made()
    expect([0, 5, 29_999, 10].map((livedMs) => flap(state, livedMs, lose))).toEqual([100, 200, 400, 800])
  })

  test('after a session that lived for as long as the longest pause', () => {
    const state = made()
    expect([0, 0, 30_000, 0].map((livedMs) => flap(state, livedMs, lose))).toEqual([100, 200, 100, 200])
  })

  test('and the same where the peer drains', () => {
    const state = made()
    const drain = (it: LinkState, nowMs: number): void => it.drained(nowMs)
    expect([0, 0, 30_000, 0].map((livedMs) => flap(state, livedMs, drain))).toEqual([100, 200, 100, 200])
  })

  test('over a day of a flapping peer, attempts come to two in the longest pause', () => {
    let seed = 7
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed / 2_147_483_647
    }
    const state = made({}, random)
    let attempts = 0
    for (let nowMs = 0; nowMs < 86_400_000; attempts++) {
      state.reached()
      state.opened(nowMs)
      state.lost(lost, nowMs + 1)
      nowMs = state.dueMs
      state.wake(nowMs)
    }
    const caps = 86_400_000 / 30_000
    expect(attempts).toBeGreaterThan(1.9 * caps)
    expect(attempts).toBeLessThan(2.1 * caps)
  })
})

describe('LI-33 what ends a link', () => {
  const codes = Object.keys(ERRORS).filter((code): code is ErrorCode => Object.hasOwn(ERRORS, code))

  /** One of each; the details do not matter here. */
  const errorOf = (code: ErrorCode): SottoError =>
    SottoError.of(code, 'a test', { details: { contract: '', operation: '', expected: '', seen: '' } } as never)

  test('the table has every code once, in the order of the codes', () => {
    expect(Object.keys(AFTER)).toEqual(Object.keys(ERRORS))
  })

  test.each(codes)('%s, after an attempt and after a session', (code) => {
    const failed = made()
    failed.failed(errorOf(code), 0)
    const over = IN.established()
    over.lost(errorOf(code), 1)
    for (const state of [failed, over]) {
      expect(state.status.is).toBe(AFTER[code] === 'final' ? 'closed' : 'waiting')
      expect(state.ending).toBe(AFTER[code] === 'final')
      expect(state.error?.code).toBe(AFTER[code] === 'final' ? code : undefined)
    }
  })

  test('nothing that a stranger can bring about without a key ends it', () => {
    const strangers: ErrorCode[] = [
      'session/lost',
      'session/malformed',
      'session/suite',
      'session/timeout',
      'session/unexpected',
      'noise/failed',
    ]
    expect(strangers.map((code) => AFTER[code])).toEqual(strangers.map(() => 'retry'))
  })
})

describe('LI-34 giving up', () => {
  test('where the next attempt would begin later than the limit after the last session, or the start', () => {
    const state = made({ giveUpMs: 1_000 })
    expect(pauses(state, 4)).toEqual([100, 200, 400, -1])
    expect(state.status.is).toBe('closed')
    expect(SottoError.is(state.error, 'session/timeout') && state.error.cause).toBe(lost)
  })

  test('a session starts the time anew', () => {
    const state = made({ giveUpMs: 1_000 })
    pauses(state, 3)
    state.wake(700)
    state.reached()
    state.opened(990)
    state.lost(lost, 5_000)
    expect(state.status).toEqual({ is: 'waiting', attempt: 3, delayMs: 800, cause: lost })
    state.wake(5_800)
    state.failed(lost, 5_801)
    expect(state.status.is).toBe('closed')
  })

  test('a limit of 0 allows no second attempt but one without a pause', () => {
    const state = made({ giveUpMs: 0 })
    state.failed(lost, 1)
    expect(state.status.is).toBe('closed')
    const lucky = made({ giveUpMs: 0 }, () => 0)
    lucky.failed(lost, 0)
    expect(lucky.status.is).toBe('waiting')
  })
})

describe('LI-36 sessions that drain', () => {
  test('the next is dialled beside them, and their end changes nothing', () => {
    const state = IN.draining()
    state.over()
    expect([state.status.is, state.dueMs]).toEqual(['draining', 100])
    state.wake(100)
    expect(state.status.is).toBe('connecting')
    const beside = IN.draining()
    beside.wake(100)
    beside.reached()
    beside.opened(110)
    beside.over()
    expect(beside.status.is).toBe('established')
  })

  test('a link that ends waits for them', () => {
    for (const end of [
      (state: LinkState) => state.close(undefined),
      (state: LinkState) => state.failed(refused, 120),
    ]) {
      const state = IN.draining()
      state.wake(100)
      state.reached()
      end(state)
      expect([state.status.is, state.ending]).toEqual(['draining', true])
      state.over()
      expect(state.status.is).toBe('closed')
    }
  })
})

describe('LI-42 the end', () => {
  test('of a link with a session comes when the session is over', () => {
    const state = IN.established()
    state.close(lost)
    expect([state.status.is, state.ending, state.error]).toEqual(['draining', true, lost])
    state.close(undefined)
    expect(state.error).toBe(lost)
    state.over()
    expect(state.status.is).toBe('closed')
  })

  test('while a session drains and another is waited for, is no second draining', () => {
    const state = IN.draining()
    const { status } = state
    state.close(undefined)
    expect(state.status).toBe(status)
    expect(state.dueMs).toBe(Number.POSITIVE_INFINITY)
    state.wake(1e9)
    state.over()
    expect(state.status.is).toBe('closed')
  })
})
