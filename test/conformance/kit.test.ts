import { describe, expect, test, vi } from 'vitest'
import { SottoError } from '../../src/errors.js'
import { generateIdentity } from '../../src/identity/identity.js'
import { Finding, Late, type Shim, Skipped } from '../../src/kit/case.js'
import { runCases } from '../../src/kit/kitrun.js'
import { vectorCases } from '../../src/kit/kitvectors.js'
import { LIVE } from '../../src/kit/liveall.js'
import { Members } from '../../src/kit/members.js'
import { MISBEHAVIOURS } from '../../src/kit/misbehaviours/all.js'
import { junitOf, textOf } from '../../src/kit/report.js'
import { ShimDriver } from '../../src/kit/shimdriver.js'

const SCHEMA = {
  properties: {
    about: { type: 'string' },
    list: {
      ask: 'cbor',
      items: { properties: { hex: {}, bytes: { answer: 'required' }, key: { answer: 'optional' } } },
    },
  },
}

/** The one case of a vector. */
const caseOf = (vector: object) => {
  const [found] = vectorCases([{ name: 'file', vectors: { about: '', list: [vector] }, schema: SCHEMA }])
  if (found === undefined) throw new RangeError('expected a case')
  return found
}

/** A shim that answers so, and what it was asked. */
const answering = (answer: Awaited<ReturnType<Shim['ask']>>) => {
  const asked: unknown[] = []
  const shim: Shim = {
    levels: ['core'],
    suites: [],
    ask: (...args) => {
      asked.push(args)
      return Promise.resolve(answer)
    },
    open: () => Promise.reject(new Finding('no session')),
  }
  return { shim, asked }
}

const VECTOR = { name: 'a', comment: 'b', rule: 'CB-1', hex: '00', bytes: '01', key: '02' }

describe('a vector', () => {
  test('CF-10 is asked without what is to be found out, its name, its rule and its code', async () => {
    const { shim, asked } = answering({ answer: { bytes: '01' } })
    await caseOf(VECTOR).run(shim)
    expect(asked).toEqual([['cbor', { hex: '00' }]])
    const refusing = answering({ code: 'cbor/malformed' })
    await caseOf({ name: 'a', code: 'cbor/malformed', rule: 'CB-1', hex: '00' }).run(refusing.shim)
    expect(refusing.asked).toEqual(asked)
  })

  test.each([
    [{ answer: {} }, 'expected bytes to be "01", got nothing'],
    [{ answer: { bytes: '02' } }, 'expected bytes to be "01", got "02"'],
    [{ answer: { bytes: '01', key: '03' } }, 'expected key to be "02", got "03"'],
    [{ code: 'cbor/malformed' }, 'expected an answer, got cbor/malformed'],
    [{ unsupported: true }, 'expected an answer to cbor, got unsupported'],
  ] as const)('CF-11 finds %j', async (answer, message) => {
    await expect(caseOf(VECTOR).run(answering(answer).shim)).rejects.toMatchObject({ message })
  })

  test('CF-11 takes an optional member that is right', async () => {
    await caseOf(VECTOR).run(answering({ answer: { key: '02', bytes: '01' } }).shim)
  })

  test('CF-11 shows what is nested deeper than a stack holds', async () => {
    const depth = 100_000
    const bytes: unknown = JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)
    const message = `expected bytes to be "01", got ${'['.repeat(16)}"..."${']'.repeat(16)}`
    await expect(caseOf(VECTOR).run(answering({ answer: { bytes } }).shim)).rejects.toMatchObject({ message })
  })

  test('CF-11 finds an answer where a code is due', async () => {
    const refused = caseOf({ name: 'a', code: 'cbor/malformed', rule: 'CB-1', hex: '00' })
    const message = 'expected cbor/malformed, got an answer'
    await expect(refused.run(answering({ answer: {} }).shim)).rejects.toMatchObject({ message })
  })
})

describe('a vector with a level', () => {
  const leveled = { ...VECTOR, level: 'policy' }

  test('CF-10 CF-12 is for who claims it, and is asked without it', async () => {
    const { shim, asked } = answering({ answer: { bytes: '01' } })
    expect(caseOf(leveled).level).toBe('policy')
    await caseOf(leveled).run(shim)
    expect(asked).toEqual([['cbor', { hex: '00' }]])
  })

  test('CF-12 is skipped by who does not claim that of its ask', async () => {
    const schema = { properties: { list: { ...SCHEMA.properties.list, ask: 'exchange' } } }
    const [found] = vectorCases([{ name: 'file', vectors: { list: [leveled] }, schema }])
    const { shim, asked } = answering({ unsupported: true })
    await expect(found?.run(shim)).rejects.toBeInstanceOf(Skipped)
    expect(asked).toEqual([])
  })
})

describe('a driver', () => {
  test('CF-8 CF-9 tells all that waits when its shim is over', async () => {
    const driver = new ShimDriver(() => undefined)
    const waiting = driver.hello()
    driver.over('it is gone')
    await expect(waiting).rejects.toMatchObject({ message: 'expected hello, but the shim ended: it is gone' })
  })

  test.each(['', '[]', '{"id":1}', '{"session":1,"event":"open"}', '{"hello":{"sotto":2}}'])(
    'CF-8 CF-13 is over at the line %j',
    (line) => {
      const driver = new ShimDriver(() => undefined)
      driver.take(line)
      expect(driver.isOver).toBe(true)
    },
  )
})

describe('a driver of a shim that has greeted', () => {
  const HELLO = '{"hello":{"sotto":1,"name":"a","version":"1","levels":["core"],"suites":["0x0011"]}}'
  const greeted = (): ShimDriver => {
    const driver = new ShimDriver(() => undefined)
    driver.take(HELLO)
    return driver
  }
  const OPEN = { role: 'initiator', secret: '', peer: generateIdentity().id } as const

  test('CF-13 takes the answer to what it asked, and is over at another to the same', async () => {
    const driver = greeted()
    const asked = driver.ask('cbor', {})
    driver.take('{"id":0,"answer":{}}')
    expect(await asked).toEqual({ answer: {} })
    driver.take('{"id":0,"answer":{}}')
    expect(driver.isOver).toBe(true)
  })

  test.each([
    HELLO,
    '{"id":1,"answer":{}}',
    '{"id":0,"settled":true}',
    `{"id":0,"code":"${'c'.repeat(65)}"}`,
    '{"session":0,"event":"weather"}',
    '{"session":0,"event":"open","peer":{"toString":1}}',
  ])('CF-13 is over at the line %j, which nothing leads to', async (line) => {
    const driver = greeted()
    const asked = driver.ask('cbor', {})
    await driver.open(OPEN)
    driver.take(line)
    expect(driver.isOver).toBe(true)
    await expect(asked).rejects.toBeInstanceOf(Finding)
  })

  test('CF-13 is over when it is told of more than any case takes, and not by what is taken', async () => {
    const driver = greeted()
    const end = await driver.open(OPEN)
    const line = `{"session":0,"event":"heard","body":"${'0'.repeat(4_194_000)}"}`
    driver.take('{"session":0,"bytes":"00"}')
    expect(await end.bytes()).toEqual(Uint8Array.of(0))
    for (let n = 0; n < 17; n++) {
      driver.take(line)
      await end.event('heard')
    }
    for (let n = 0; n < 16; n++) driver.take(line)
    expect(driver.isOver).toBe(false)
    driver.take(line)
    expect(driver.isOver).toBe(true)
  })

  test('CF-9 waits for an event no longer when others keep coming', async () => {
    vi.useFakeTimers()
    try {
      const driver = greeted()
      const end = await driver.open(OPEN)
      const found = expect(end.event('open')).rejects.toBeInstanceOf(Late)
      for (let second = 0; second < 5; second++) {
        driver.take('{"session":0,"event":"ready","tag":"a"}')
        await vi.advanceTimersByTimeAsync(1_000)
      }
      driver.take('{"session":0,"event":"open"}')
      await found
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('a run', () => {
  const connected = () => {
    const driver: ShimDriver = new ShimDriver((line) => {
      const { do: act, id } = new Members(JSON.parse(line)).all
      if (act === 'settle') driver.take(JSON.stringify({ id, settled: true }))
    })
    driver.take('{"hello":{"sotto":1,"name":"a","version":"1","levels":["core"],"suites":["0x0011"]}}')
    let closed = 0
    const close = (): Promise<void> => Promise.resolve(void closed++)
    const connect = () => Promise.resolve({ driver, close })
    return { options: { connect, atOnce: 1, done: () => undefined }, closed: () => closed }
  }
  const throwing = (error: unknown) => ({
    name: 'a',
    rule: 'CF-8',
    level: 'core' as const,
    phase: 'live' as const,
    run: () => Promise.reject(error),
  })

  test('CF-8 a shim that says what cannot be read has failed, and the run goes on and ends', async () => {
    const { options, closed } = connected()
    const refused = throwing(SottoError.of('noise/failed', 'a message'))
    const [result] = await runCases([refused], options)
    expect(result).toMatchObject({ outcome: 'failed', message: 'noise/failed: a message' })
    expect(closed()).toBe(1)
  })

  test('CF-14 gives a shim up that 100 cases have waited for in vain', async () => {
    const { options, closed } = connected()
    const results = await runCases(
      Array.from({ length: 102 }, () => throwing(new Late('late'))),
      options,
    )
    const givenUp = 'expected a shim that answers, but 100 cases waited in vain'
    expect(results.map(({ message }) => message)).toEqual([...Array<string>(100).fill('late'), givenUp, givenUp])
    expect(results.every(({ outcome }) => outcome === 'failed')).toBe(true)
    expect(closed()).toBe(1)
  })

  test('CF-14 gives a shim up that has ended 16 times', async () => {
    let started = 0
    const connect = () => {
      started++
      const { options } = connected()
      return options.connect()
    }
    const ended = (shim: Shim): Promise<void> => {
      if (shim instanceof ShimDriver) shim.over('it ended')
      return Promise.reject(new Finding('ended'))
    }
    const cases = Array.from({ length: 18 }, () => ({ ...throwing(undefined), run: ended }))
    const results = await runCases(cases, { connect, atOnce: 1, done: () => undefined })
    expect(started).toBe(16)
    expect(results.map(({ message }) => message)).toEqual([
      ...Array<string>(16).fill('ended'),
      ...Array<string>(2).fill('expected a shim that stays, but it ended 16 times'),
    ])
  })

  test('CF-8 what a shim makes a case tell is cut', async () => {
    const [result] = await runCases([throwing(new Finding('x'.repeat(1_000_000)))], connected().options)
    expect(result?.message).toBe(`${'x'.repeat(4_096)}...`)
  })

  test('CF-8 a defect of the kit is told as what it is, and leaves no shim behind', async () => {
    const { options, closed } = connected()
    await expect(runCases([throwing(new TypeError('a defect'))], options)).rejects.toThrow('a defect')
    expect(closed()).toBe(1)
  })
})

describe('the cases', () => {
  test('CL-46 have a name of their own and a rule, 60 of a sound peer and 150 of a hostile one at least', () => {
    for (const cases of [LIVE, MISBEHAVIOURS]) {
      expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
      for (const { rule } of cases) expect(rule).toMatch(/^[A-Z]{2}-\d+$/)
    }
    expect(LIVE.length).toBeGreaterThanOrEqual(60)
    expect(MISBEHAVIOURS.length).toBeGreaterThanOrEqual(150)
  })
})

describe('a report', () => {
  const planned = { ...caseOf(VECTOR), phase: 'vectors' as const }
  const report = {
    peer: '<a> & "b"',
    levels: ['core'],
    results: [{ planned, outcome: 'failed' as const, message: 'got <\u0000\u001b[31m>\n\u2028"\'&', ms: 1 }],
  }

  test('CL-44 CL-49 has a line for each failure and the numbers in the last, in printable ASCII', () => {
    expect(textOf(report)).toBe(`FAIL vectors: file list 1: a (CB-1): got <??[31m>??"'&\n0 passed, 1 failed, 0 skipped`)
  })

  test('CL-47 escapes in XML whatever a shim says', () => {
    const xml = junitOf(report)
    expect(xml).toContain('name="&lt;a&gt; &amp; &quot;b&quot;"')
    expect(xml).toContain('message="got &lt;??[31m&gt;??&quot;&apos;&amp;"')
  })
})
