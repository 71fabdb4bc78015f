import { describe, expect, test } from 'vitest'
import { consumerOf, groupOf, NatsNames } from '../../src/broker/natsname.js'
import { ClusterSeal, markOf, type Place } from '../../src/broker/natsseal.js'
import { concat, utf8 } from '../../src/bytes.js'
import { providers } from '../crypto/providers.js'

const PLACE: Place = { purpose: 'queue', address: 'jobs.v1.work', subject: 'sotto.q.jobs_v1_work.a' }
const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

describe('names in NATS', () => {
  const names = new NatsNames('sotto')

  test('BR-70 no two addresses have one name, whatever they are made of', () => {
    const long = `${'a'.repeat(60)}.`.repeat(3)
    const addresses = [
      'a.v1.b',
      'a.b.v1.c',
      'a-b.v1.c',
      'a.v1.b.c',
      'a.v1.b.C',
      'a.v1.b.c_d',
      'a.v1.b.c-d',
      'a.v1.b.c.d',
    ]
    const all = [...addresses, `${long}v1.x`, `${long}v1.y`]
    const streams = all.map((address) => names.stream('queue', address))
    expect(new Set(streams).size).toBe(all.length)
    for (const stream of streams) expect(stream).toMatch(/^sotto_q_[A-Za-z0-9_=-]{1,160}$/)
  })

  test('BR-71 a subject is that of its purpose and address, and comes back as it was', () => {
    expect(names.subject('queue', 'jobs.v1.work', '')).toBe('sotto.q.jobs_v1_work')
    expect(names.subject('topic', 'jobs.v1.work', 'kitchen.*')).toBe('sotto.t.jobs_v1_work.kitchen.*')
    for (const subject of ['', 'a', 'a.b-c_d.E'])
      expect(names.subjectIn('dead', 'a.v1.b', names.subject('dead', 'a.v1.b', subject))).toBe(subject)
  })

  test('BR-71 nothing but tokens gets into a subject of NATS', () => {
    for (const subject of ['>', 'a.>', 'a b', 'a..b', '.', 'a\r\nPUB x', '*a'])
      expect(() => names.subject('queue', 'jobs.v1.work', subject)).toThrow(RangeError)
    for (const address of ['', 'jobs', 'jobs.v1', 'jobs.v1.*', 'Jobs.v1.a', 'jobs.v1.a b'])
      expect(() => names.subject('queue', address, '')).toThrow(RangeError)
    for (const prefix of ['', 'A', 'a_b', 'a.b', 'a'.repeat(33)])
      expect(() => new NatsNames(prefix)).toThrow(RangeError)
  })

  test('BR-72 each subject has a consumer of its own', () => {
    const subjects = ['', 'all', 'a', 'a.b', 'a-b', 'a_b']
    expect(new Set(subjects.map(consumerOf)).size).toBe(subjects.length)
    expect(groupOf('any text at all > *')).toMatch(/^g[0-9a-f]{64}$/)
  })
})

describe.each(providers)('the seal with $name', (provider) => {
  test('BR-73 what one service seals another one opens, and the plaintext is not in it', () => {
    const [one, two] = [new ClusterSeal(provider, [key(1)]), new ClusterSeal(provider, [key(1)])]
    for (const plain of [new Uint8Array(), utf8('body'), new Uint8Array(70_000).fill(9)]) {
      const sealed = one.seal(PLACE, plain)
      expect(sealed.length).toBe(plain.length + 49)
      expect(two.open(PLACE, sealed)).toEqual(plain)
    }
    expect(Buffer.from(one.seal(PLACE, utf8('a secret'))).includes('a secret')).toBe(false)
  })

  test('BR-74 a message opens nowhere but at its place', () => {
    const seal = new ClusterSeal(provider, [key(1)])
    const sealed = seal.seal(PLACE, utf8('body'))
    const others: Place[] = [
      { ...PLACE, purpose: 'dead' },
      { ...PLACE, purpose: 'topic' },
      { ...PLACE, address: 'jobs.v1.other' },
      { ...PLACE, subject: 'sotto.q.jobs_v1_work.b' },
      { ...PLACE, subject: 'other.q.jobs_v1_work.a' },
    ]
    for (const place of others) expect(seal.open(place, sealed)).toBe('broken')
    expect(seal.open(PLACE, sealed)).toEqual(utf8('body'))
  })

  test('BR-74 no byte of a message can be another one, and none can be missing', () => {
    const seal = new ClusterSeal(provider, [key(1)])
    const sealed = seal.seal(PLACE, utf8('body'))
    for (let at = 0; at < sealed.length; at++) {
      const other = sealed.slice()
      other[at] = (other[at] ?? 0) ^ 1
      expect(typeof seal.open(PLACE, other), `byte ${at}`).toBe('string')
      expect(typeof seal.open(PLACE, sealed.subarray(0, at)), `length ${at}`).toBe('string')
    }
    expect(seal.open(PLACE, concat(sealed, Uint8Array.of(0)))).toBe('broken')
  })

  test('BR-75 each process and purpose has keys of its own, and counts', () => {
    const [one, two] = [new ClusterSeal(provider, [key(1)]), new ClusterSeal(provider, [key(1)])]
    const marks = [one, one, two].map((seal) => markOf(seal.seal(PLACE, utf8('same'))))
    expect(marks.map(({ n }) => n)).toEqual([0, 1, 0])
    expect(marks[0]?.sender).toBe(marks[1]?.sender)
    expect(marks[0]?.sender).not.toBe(marks[2]?.sender)
    const dead = markOf(one.seal({ ...PLACE, purpose: 'dead' }, utf8('same')))
    expect(dead.sender).not.toBe(marks[0]?.sender)
  })

  test('BR-75 the first key seals and each opens', () => {
    const old = new ClusterSeal(provider, [key(1)])
    const both = new ClusterSeal(provider, [key(2), key(1)])
    const sealed = old.seal(PLACE, utf8('old'))
    expect(both.open(PLACE, sealed)).toEqual(utf8('old'))
    expect([old.isCurrent(sealed), both.isCurrent(sealed)]).toEqual([true, false])
    expect(old.open(PLACE, both.seal(PLACE, utf8('new')))).toBe('unknown-key')
  })

  test('BR-75 keys are 32 bytes, one at least', () => {
    expect(() => new ClusterSeal(provider, [])).toThrow(RangeError)
    expect(() => new ClusterSeal(provider, [new Uint8Array(31)])).toThrow('32 bytes')
  })

  test('BR-78 a dedupe key is told from others by services of the cluster alone, and of its queue', () => {
    const [one, two] = [new ClusterSeal(provider, [key(1)]), new ClusterSeal(provider, [key(1)])]
    expect(one.dedupe('a.v1.b', 'order-7')).toBe(two.dedupe('a.v1.b', 'order-7'))
    const all = [one.dedupe('a.v1.b', 'order-7'), one.dedupe('a.v1.b', 'order-8'), one.dedupe('a.v1.c', 'order-7')]
    const foreign = new ClusterSeal(provider, [key(2)]).dedupe('a.v1.b', 'order-7')
    expect(new Set([...all, foreign]).size).toBe(4)
    expect(foreign).toMatch(/^[0-9a-f]{32}$/)
  })

  test('BR-73 an erased seal neither seals nor opens', () => {
    const seal = new ClusterSeal(provider, [key(1)])
    const sealed = seal.seal(PLACE, utf8('body'))
    seal.erase()
    expect(() => seal.seal(PLACE, utf8('body'))).toThrow(TypeError)
    expect(() => seal.open(PLACE, sealed)).toThrow(TypeError)
  })
})
