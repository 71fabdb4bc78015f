import { ask, type Case, document, type Fields, type Question, rule } from './policyform.js'

/** Limits, each a sequence of acts on one store. */
export const limitCases = (): Case[] => [
  rates(),
  steps(),
  slow(),
  huge(),
  bytes(),
  sizes(),
  together(),
  places(),
  placesOfTwo(),
  items(),
  denials(),
  replaced(),
  changed(),
]

/** An act that is done at `nowMs`, if it is allowed. */
const act = (requirement: string, name: string, nowMs: number, over: Partial<Question>, ...rules: string[]): Question =>
  ask(requirement, name, { charge: true, nowMs, ...over }, ...rules)

const limited = (id: string, limit: Fields, over: Fields = {}) => rule(id, { limit, ...over })

const rates = (): Case => ({
  name: 'two acts a second',
  policy: document([limited('two', { perSecond: 2 })]),
  questions: [
    act('PO-19', 'the first', 0, {}, 'two'),
    ask('PO-19', 'a question alone charges nothing', {}, 'two'),
    act('PO-19', 'the second', 0, {}, 'two'),
    act('PO-19', 'the third has no room', 0, { why: 'limit' }, 'two'),
    act('PO-18', 'another peer has a bucket of its own', 0, { peer: 'bob' }, 'two'),
    act('PO-19', '499 ms later there is still no room', 499, { why: 'limit' }, 'two'),
    act('PO-19', '500 ms later there is', 500, {}, 'two'),
    act('PO-20', 'a clock that steps back gives nothing', 0, { why: 'limit' }, 'two'),
    act('PO-20', 'nor does it give back what it had given', 500, { why: 'limit' }, 'two'),
    act('PO-20', 'refilling goes on from the last act', 1_000, {}, 'two'),
    act('PO-19', 'after an hour there are two again', 3_601_000, {}, 'two'),
    act('PO-19', 'the second of them', 3_601_000, {}, 'two'),
    act('PO-19', 'and no more than two', 3_601_000, { why: 'limit' }, 'two'),
  ],
})

const slow = (): Case => ({
  name: 'half an act a second',
  policy: document([limited('half', { perSecond: 0.5 })]),
  questions: [
    act('PO-19', 'a bucket holds one act at least', 0, {}, 'half'),
    act('PO-19', 'one second is too short', 1_000, { why: 'limit' }, 'half'),
    act('PO-19', 'two are enough', 2_000, {}, 'half'),
    act('PO-19', 'ten more give one act, and no five', 12_000, {}, 'half'),
    act('PO-19', 'for a bucket holds no more', 12_000, { why: 'limit' }, 'half'),
  ],
})

const huge = (): Case => ({
  name: '10^12 a second',
  policy: document([limited('huge', { perSecond: 1e12, bytesPerSecond: 1e12, concurrent: 1e12 })]),
  questions: [
    act('PO-19', 'as many bytes at once', 0, { attributes: { bytes: 1e12 } }, 'huge'),
    act('PO-19', 'no more', 0, { attributes: { bytes: 1 }, why: 'limit' }, 'huge'),
    act('PO-19', 'a message without bytes', 0, { attributes: { bytes: 0 } }, 'huge'),
    act('PO-19', 'a millisecond gives 10^9', 1, { attributes: { bytes: 1e9 } }, 'huge'),
  ],
})

const bytes = (): Case => ({
  name: '100 bytes a second, and a rule beside it',
  policy: document([
    limited('hundred', { bytesPerSecond: 100 }),
    limited('ten', { perSecond: 10 }, { on: ['a.v1.>'] }),
  ]),
  questions: [
    act('PO-19', 'both rules are charged', 0, { attributes: { bytes: 60 } }, 'hundred', 'ten'),
    act('PO-19', 'one has no room, and none is charged', 0, { attributes: { bytes: 41 }, why: 'limit' }, 'hundred'),
    act('PO-19', 'what is left fits', 0, { attributes: { bytes: 40 } }, 'hundred', 'ten'),
    act('PO-19', 'a message without bytes needs none', 0, { attributes: { bytes: 0 } }, 'hundred', 'ten'),
    act('PO-19', 'one byte has no room', 0, { attributes: { bytes: 1 }, why: 'limit' }, 'hundred'),
    act('PO-19', '10 ms give one byte', 10, { attributes: { bytes: 1 } }, 'hundred', 'ten'),
    act(
      'PO-19',
      'a larger message than a bucket never fits',
      60_000,
      { attributes: { bytes: 101 }, why: 'limit' },
      'hundred',
    ),
    act('PO-19', 'one as large does', 60_000, { attributes: { bytes: 100 } }, 'hundred', 'ten'),
    act('PO-22', 'a size that nobody told', 60_000, { why: 'error' }, 'hundred'),
    act('PO-22', 'a size that is a text', 60_000, { attributes: { bytes: '1' }, why: 'error' }, 'hundred'),
  ],
})

/** When a rule asks for the size. */
const sizes = (): Case => {
  const when = [{ attribute: 'suite', is: 'eq', value: 'a' }]
  const sized = (attributes: Question['attributes'], why: Question['why'] = null) => ({ attributes, why })
  return {
    name: 'a size is read behind the conditions',
    policy: document([limited('sized', { bytesPerSecond: 100 }, { when })]),
    questions: [
      act('PO-22', 'no size, and a condition that holds', 0, sized({ suite: 'a' }, 'error'), 'sized'),
      act('PO-22', 'no size, and a condition that does not', 0, sized({ suite: 'b' }, 'default')),
      act('PO-22', 'a size of 0', 0, sized({ suite: 'a', bytes: 0 }), 'sized'),
      act('PO-22', 'all the bytes of a second', 0, sized({ suite: 'a', bytes: 100 }), 'sized'),
    ],
  }
}

/** What a charge at an earlier time leaves. */
const steps = (): Case => ({
  name: 'acts while the clock steps back',
  policy: document([limited('three', { perSecond: 3 })]),
  questions: [
    act('PO-20', 'the first', 5_000, {}, 'three'),
    act('PO-20', 'the second, a second before', 4_000, {}, 'three'),
    act(
      'PO-20',
      'the third, at the time of the first: it has what a second gives from the second on',
      5_000,
      {},
      'three',
    ),
    act('PO-20', 'the fourth', 5_000, {}, 'three'),
    act('PO-20', 'the fifth', 5_000, {}, 'three'),
    act('PO-20', 'the sixth has no room', 5_000, { why: 'limit' }, 'three'),
    act('PO-20', 'nor before', 1_000, { why: 'limit' }, 'three'),
    act('PO-20', 'a denial at another time changes nothing', 5_333, { why: 'limit' }, 'three'),
    act('PO-20', 'a third of a second behind the last that was charged', 5_334, {}, 'three'),
  ],
})

/** The same rule with other limits. */
const changed = (): Case => {
  const to = (limit: Fields) => ({ replace: document([limited('one', limit)]) })
  return {
    name: 'another limit of a rule that stays',
    policy: document([limited('one', { perSecond: 1 })]),
    questions: [
      act('PO-18', 'the only one', 0, {}, 'one'),
      act('PO-18', 'ten a second begin with what is left', 0, { ...to({ perSecond: 10 }), why: 'limit' }, 'one'),
      act('PO-18', 'and count for the time from the last charge on', 100, {}, 'one'),
      act('PO-18', 'one a second again', 600, { ...to({ perSecond: 1 }), why: 'limit' }, 'one'),
      act('PO-18', 'two places, of which none is taken', 600, to({ concurrent: 2 }), 'one'),
      act('PO-18', 'the place that was taken is still taken', 600, { ...to({ concurrent: 1 }), why: 'limit' }, 'one'),
      act('PO-56', 'until it is given back', 600, { ended: ['two places, of which none is taken'] }, 'one'),
    ],
  }
}

const together = (): Case => ({
  name: 'every rule that allows must have room',
  policy: document([
    limited('one', { perSecond: 1 }),
    limited('three', { perSecond: 3 }, { on: ['a.v1.>'] }),
    rule('free', { on: ['a.v1.*'] }),
    limited('bob', { perSecond: 1 }, { by: ['role:ops'], on: ['a.v1.set'] }),
  ]),
  questions: [
    act('PO-19', 'all three', 0, {}, 'one', 'three', 'free'),
    act('PO-19', 'a rule without a limit does not help', 0, { why: 'limit' }, 'one'),
    act('PO-19', 'the second of three', 0, { address: 'a.v1.set' }, 'three', 'free'),
    act('PO-19', 'the third of three', 0, { address: 'a.v1.set' }, 'three', 'free'),
    act('PO-19', 'all rules that lack room are named', 0, { why: 'limit' }, 'one', 'three'),
    act('PO-19', 'a rule of others does not count', 0, { address: 'a.v1.set', why: 'limit' }, 'three'),
    act('PO-18', 'the bucket of another peer', 0, { peer: 'bob', address: 'a.v1.set' }, 'three', 'free', 'bob'),
    act('PO-18', 'which a rule of its own empties', 0, { peer: 'bob', address: 'a.v1.set', why: 'limit' }, 'bob'),
    act('PO-18', 'while another address has room', 0, { peer: 'bob' }, 'one', 'three', 'free'),
  ],
})

const places = (): Case => ({
  name: 'two exchanges at a time',
  policy: document([limited('two', { concurrent: 2 })]),
  questions: [
    act('PO-19', 'the first', 0, {}, 'two'),
    act('PO-19', 'the second', 0, {}, 'two'),
    act('PO-19', 'the third has no place', 0, { why: 'limit' }, 'two'),
    act('PO-18', 'another peer has places of its own', 0, { peer: 'bob' }, 'two'),
    act('PO-19', 'time gives no place', 1_000_000, { why: 'limit' }, 'two'),
    act('PO-19', 'the end of an exchange does', 1_000_000, { ended: ['the first'] }, 'two'),
    act('PO-19', 'one place alone', 1_000_000, { why: 'limit' }, 'two'),
    act(
      'PO-18',
      'the end of the exchange of another gives none',
      1_000_000,
      { ended: ['another peer has places of its own'], why: 'limit' },
      'two',
    ),
    act('PO-19', 'an end is counted once', 1_000_000, { ended: ['the first'], why: 'limit' }, 'two'),
    act('PO-19', 'all end', 1_000_000, { ended: ['the second', 'the end of an exchange does'] }, 'two'),
    act('PO-19', 'so there were two places', 1_000_000, {}, 'two'),
    act('PO-19', 'and no more', 1_000_000, { why: 'limit' }, 'two'),
  ],
})

const placesOfTwo = (): Case => ({
  name: 'places and a rate, of two rules',
  policy: document([limited('place', { concurrent: 1 }, { on: ['a.v1.>'] }), limited('rate', { perSecond: 1 })]),
  questions: [
    act('PO-19', 'both are charged', 0, {}, 'place', 'rate'),
    act('PO-19', 'both have no room', 0, { why: 'limit' }, 'place', 'rate'),
    act('PO-19', 'the place is back, the act is not', 0, { ended: ['both are charged'], why: 'limit' }, 'rate'),
    act('PO-19', 'that denial has taken no place', 0, { address: 'a.v1.set' }, 'place'),
    act('PO-19', 'the act is back, the place is not', 1_000, { why: 'limit' }, 'place'),
    act('PO-19', 'that denial has taken no act', 1_000, { ended: ['that denial has taken no place'] }, 'place', 'rate'),
  ],
})

const items = (): Case => ({
  name: 'items of a stream that is open',
  policy: document([limited('stream', { perSecond: 3, concurrent: 1 }, { verbs: ['stream'] })]),
  questions: [
    act('PO-19', 'the stream', 0, { verb: 'stream' }, 'stream'),
    act('PO-19', 'an item takes as an act does, but no place', 0, { verb: 'stream', item: true }, 'stream'),
    act('PO-19', 'another stream has no place', 0, { verb: 'stream', why: 'limit' }, 'stream'),
    act('PO-19', 'another item', 0, { verb: 'stream', item: true }, 'stream'),
    act('PO-19', 'a third has no room', 0, { verb: 'stream', item: true, why: 'limit' }, 'stream'),
    act('PO-19', 'a second later it has', 1_000, { verb: 'stream', item: true }, 'stream'),
    act('PO-19', 'and the stream still has its place', 1_000, { verb: 'stream', why: 'limit' }, 'stream'),
    act('PO-19', 'until it ends', 1_000, { verb: 'stream', ended: ['the stream'] }, 'stream'),
  ],
})

const denials = (): Case => ({
  name: 'what is denied charges nothing',
  policy: document([
    limited('one', { perSecond: 1 }, { on: ['a.v1.*'] }),
    rule('no', { effect: 'deny', on: ['a.v1.set'] }),
    rule('faulty', { on: ['a.v1.odd'], when: [{ attribute: 'label.x', is: 'eq', value: 'x' }] }),
  ]),
  questions: [
    act('PO-19', 'denied by a rule', 0, { address: 'a.v1.set', why: 'rule' }, 'no'),
    act('PO-19', 'denied by an error', 0, { address: 'a.v1.odd', why: 'error' }, 'faulty'),
    act('PO-19', 'there is still room', 0, {}, 'one'),
    act('PO-19', 'and now none', 0, { why: 'limit' }, 'one'),
    act('PO-15', 'a rule denies before a limit does', 0, { address: 'a.v1.set', why: 'rule' }, 'no'),
    act('PO-15', 'so does an error', 0, { address: 'a.v1.odd', why: 'error' }, 'faulty'),
    act(
      'PO-19',
      'a rule that is not met has no say',
      0,
      { address: 'a.v1.odd', attributes: { 'label.x': 'y' }, why: 'limit' },
      'one',
    ),
  ],
})

const replaced = (): Case => {
  const one = limited('one', { perSecond: 1 })
  return {
    name: 'another document while time goes on',
    policy: document([one]),
    questions: [
      act('PO-19', 'the only one', 0, {}, 'one'),
      act(
        'PO-24',
        'the same document again gives no fresh start',
        0,
        { replace: document([one]), why: 'limit' },
        'one',
      ),
      act(
        'PO-24',
        'a rule that denies',
        0,
        { replace: document([one, rule('no', { effect: 'deny' })]), why: 'rule' },
        'no',
      ),
      act('PO-24', 'no rules', 0, { replace: document([]), why: 'default' }),
      act('PO-24', 'what was counted is kept', 0, { replace: document([one]), why: 'limit' }, 'one'),
      act('PO-18', 'for a rule of the same id', 0, { replace: document([limited('new', { perSecond: 1 })]) }, 'new'),
    ],
  }
}
