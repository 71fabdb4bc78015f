import { describe, expect, onTestFinished, test } from 'vitest'
import type { Broker, BrokerTopic, Published, Sink } from '../../src/broker/broker.js'
import { utf8 } from '../../src/bytes.js'
import { SottoError } from '../../src/errors.js'
import { gate } from '../link/sessions.js'

/** A broker with nothing in it; whoever makes it releases what it holds when the test is over. */
export type MakeBroker = () => Broker | Promise<Broker>

/** What spec/topics.md asks of the topics of any broker. */
export const conformsTopic = (name: string, make: MakeBroker): void => {
  describe(`topics of the ${name} broker`, () => {
    hears(make)
    groups(make)
    retains(make)
    waits(make)
    ends(make)
  })
}

const ADDRESS = 'house.v1.readings'

const opened = async (make: MakeBroker, retain = false): Promise<{ broker: Broker; topic: BrokerTopic }> => {
  const broker = await make()
  onTestFinished(() => broker[Symbol.asyncDispose]())
  return { broker, topic: broker.topic(ADDRESS, { retain }) }
}

/** Remembers what it took, and says when there are so many. */
export const listener = (answer: Sink = () => undefined) => {
  const taken: Published[] = []
  const waiting: { readonly count: number; readonly open: () => void }[] = []
  const sink: Sink = (message, mayPass) => {
    const result = answer(message, mayPass)
    if (result !== 'pass') taken.push(message)
    for (const { count, open } of waiting) if (taken.length >= count) open()
    return result
  }
  const had = async (count: number): Promise<readonly string[]> => {
    const { passed, open } = gate()
    waiting.push({ count, open })
    if (taken.length < count) await passed
    return texts(taken)
  }
  return { sink, taken, had }
}

/** As `subject=text`, with a mark before what was retained. */
const texts = (messages: readonly Published[]): string[] =>
  messages.map(({ subject, body, retained }) => `${retained ? '!' : ''}${subject}=${new TextDecoder().decode(body)}`)

const say = async (topic: BrokerTopic, subject: string, text: string): Promise<void> => {
  await topic.publish(subject, utf8(text))
}

const hears = (make: MakeBroker): void => {
  test('TO-30 hands what is published to every subscription whose filter takes it, and to no other', async () => {
    const { topic } = await opened(make)
    const [all, kitchen, exact, other] = [listener(), listener(), listener(), listener()]
    await topic.subscribe('*.*', all.sink)
    await topic.subscribe('kitchen.*', kitchen.sink)
    await topic.subscribe('kitchen.a', exact.sink)
    await topic.subscribe('*.b', other.sink)
    await say(topic, 'kitchen.a', '1')
    await say(topic, 'hall.a', '2')
    await say(topic, 'kitchen.b', '3')
    await say(topic, 'kitchen.a', 'last')
    await say(topic, 'hall.b', 'last')
    expect(await all.had(5)).toEqual(['kitchen.a=1', 'hall.a=2', 'kitchen.b=3', 'kitchen.a=last', 'hall.b=last'])
    expect(await kitchen.had(3)).toEqual(['kitchen.a=1', 'kitchen.b=3', 'kitchen.a=last'])
    expect(await exact.had(2)).toEqual(['kitchen.a=1', 'kitchen.a=last'])
    expect(await other.had(2)).toEqual(['kitchen.b=3', 'hall.b=last'])
  })

  test('TO-30 hands a message of a topic without subjects to all', async () => {
    const { topic } = await opened(make)
    const [a, b] = [listener(), listener()]
    await topic.subscribe('', a.sink)
    await topic.subscribe('', b.sink)
    await say(topic, '', 'hello')
    expect(await a.had(1)).toEqual(['=hello'])
    expect(await b.had(1)).toEqual(['=hello'])
  })

  test('TO-30 keeps the topics of two addresses apart, and is one topic for one address', async () => {
    const { broker, topic } = await opened(make)
    const other = broker.topic('house.v1.alarms', { retain: false })
    const [here, there] = [listener(), listener()]
    await topic.subscribe('a', here.sink)
    await other.subscribe('a', there.sink)
    await say(broker.topic(ADDRESS, { retain: false }), 'a', 'here')
    await say(other, 'a', 'there')
    expect(await here.had(1)).toEqual(['a=here'])
    expect(await there.had(1)).toEqual(['a=there'])
  })

  test('TO-30 writes to no body that it was handed', async () => {
    const { topic } = await opened(make, true)
    const [heard, late] = [listener(), listener()]
    await topic.subscribe('a', heard.sink)
    const body = utf8('first')
    await topic.publish('a', body)
    await topic.subscribe('a', late.sink)
    expect(await heard.had(1)).toEqual(['a=first'])
    expect(await late.had(1)).toEqual(['!a=first'])
    expect(body).toEqual(utf8('first'))
  })

  test('TO-34 keeps the order of one who publishes, also without waiting', async () => {
    const { topic } = await opened(make)
    const heard = listener()
    await topic.subscribe('*', heard.sink)
    const numbers = Array.from({ length: 500 }, (_, n) => n)
    await Promise.all(numbers.map((n) => say(topic, `s${n % 3}`, `${n}`)))
    expect(await heard.had(500)).toEqual(numbers.map((n) => `s${n % 3}=${n}`))
  })
}

const groups = (make: MakeBroker): void => {
  test('TO-31 hands each message to one member of a group, to every group, and to who is in none', async () => {
    const { topic } = await opened(make)
    const [a, b, other, alone] = [listener(), listener(), listener(), listener()]
    await topic.subscribe('*', a.sink, 'workers')
    await topic.subscribe('*', b.sink, 'workers')
    await topic.subscribe('*', other.sink, 'auditors')
    await topic.subscribe('*', alone.sink)
    for (let n = 0; n < 20; n++) await say(topic, 's', `${n}`)
    const sent = Array.from({ length: 20 }, (_, n) => `s=${n}`)
    expect(await alone.had(20)).toEqual(sent)
    expect(await other.had(20)).toEqual(sent)
    // What one member has, the other has not: of a broker that is not in order across members, it is there by now or soon.
    while (a.taken.length + b.taken.length < 20) await new Promise((resolve) => setImmediate(resolve))
    expect([...texts(a.taken), ...texts(b.taken)].sort()).toEqual([...sent].sort())
  })

  test('TO-31 passes over a member that has no room, and one that must not have it', async () => {
    const { topic } = await opened(make)
    const full = listener((_, mayPass) => (mayPass ? 'pass' : undefined))
    const denied = listener(() => 'pass')
    const free = listener()
    await topic.subscribe('*', full.sink, 'workers')
    await topic.subscribe('*', denied.sink, 'workers')
    await topic.subscribe('*', free.sink, 'workers')
    for (let n = 0; n < 10; n++) await say(topic, 's', `${n}`)
    expect(await free.had(10)).toEqual(Array.from({ length: 10 }, (_, n) => `s=${n}`))
    expect([full.taken, denied.taken]).toEqual([[], []])
  })

  test('TO-31 hands a message to a member without room if no other has any', async () => {
    const { topic } = await opened(make)
    const full = listener((_, mayPass) => (mayPass ? 'pass' : undefined))
    const denied = listener(() => 'pass')
    await topic.subscribe('*', denied.sink, 'workers')
    await topic.subscribe('*', full.sink, 'workers')
    await say(topic, 's', 'one')
    expect(await full.had(1)).toEqual(['s=one'])
  })

  test('TO-31 goes on with the members that are left', async () => {
    const { topic } = await opened(make)
    const [leaver, stayer] = [listener(), listener()]
    const left = await topic.subscribe('*', leaver.sink, 'workers')
    await topic.subscribe('*', stayer.sink, 'workers')
    left.end()
    for (let n = 0; n < 4; n++) await say(topic, 's', `${n}`)
    expect(await stayer.had(4)).toEqual(['s=0', 's=1', 's=2', 's=3'])
    expect(leaver.taken).toEqual([])
  })
}

const retains = (make: MakeBroker): void => {
  test('TO-33 hands the last of each subject to who subscribes later, before anything else', async () => {
    const { topic } = await opened(make, true)
    await say(topic, 'kitchen.a', '1')
    await say(topic, 'kitchen.a', '2')
    await say(topic, 'hall.a', '3')
    await say(topic, 'kitchen.b', '4')
    const [wild, exact] = [listener(), listener()]
    await topic.subscribe('kitchen.*', wild.sink)
    await topic.subscribe('hall.a', exact.sink)
    await say(topic, 'kitchen.a', '5')
    expect([...(await wild.had(3))].sort()).toEqual(['!kitchen.a=2', '!kitchen.b=4', 'kitchen.a=5'])
    expect(texts(wild.taken)[2]).toBe('kitchen.a=5')
    expect(await exact.had(1)).toEqual(['!hall.a=3'])
  })

  test('TO-33 keeps nothing of a topic that does not retain', async () => {
    const { topic } = await opened(make)
    await say(topic, 'a', 'gone')
    const heard = listener()
    await topic.subscribe('a', heard.sink)
    await say(topic, 'a', 'here')
    expect(await heard.had(1)).toEqual(['a=here'])
  })

  test('TO-33 hands nothing that is retained to a member of a group', async () => {
    const { topic } = await opened(make, true)
    await say(topic, 'a', 'kept')
    const heard = listener()
    await topic.subscribe('a', heard.sink, 'workers')
    await say(topic, 'a', 'new')
    expect(await heard.had(1)).toEqual(['a=new'])
  })
}

const waits = (make: MakeBroker): void => {
  test('TO-35 goes on with the other subscriptions while one waits', async () => {
    const { topic } = await opened(make)
    const { passed, open } = gate()
    const [slow, quick] = [listener(() => passed), listener()]
    await topic.subscribe('a', slow.sink)
    await topic.subscribe('a', quick.sink)
    const published = [say(topic, 'a', '1'), say(topic, 'a', '2')]
    expect(await quick.had(2)).toEqual(['a=1', 'a=2'])
    open()
    await Promise.all(published)
    expect(await slow.had(2)).toEqual(['a=1', 'a=2'])
  })
}

const ends = (make: MakeBroker): void => {
  test('TO-36 hands nothing to a subscription that has ended', async () => {
    const { topic } = await opened(make)
    const [ended, heard] = [listener(), listener()]
    const subscription = await topic.subscribe('a', ended.sink)
    await topic.subscribe('a', heard.sink)
    subscription.end()
    subscription.end()
    await say(topic, 'a', 'one')
    expect(await heard.had(1)).toEqual(['a=one'])
    expect(ended.taken).toEqual([])
  })

  test('TO-37 fails everything with broker/failed once it is disposed of, and tells the subscriptions', async () => {
    const { broker, topic } = await opened(make)
    const heard = listener()
    const { failed } = await topic.subscribe('a', heard.sink)
    await broker[Symbol.asyncDispose]()
    expect(SottoError.is(await failed, 'broker/failed')).toBe(true)
    await expect(say(topic, 'a', 'late')).rejects.toMatchObject({ code: 'broker/failed' })
    await expect(topic.subscribe('a', heard.sink)).rejects.toMatchObject({ code: 'broker/failed' })
    expect(heard.taken).toEqual([])
  })
}
