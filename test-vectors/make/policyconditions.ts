import { ask, type Case, document, type Json, type Question, rule } from './policyform.js'

/** What conditions come to. */
export const conditionCases = (): Case[] => [conditions(), ...comparisons(), claims(), texts(), numbers()]

const conditions = (): Case => {
  const when = (id: string, ...list: Json[]): Json => rule(id, { on: [`a.v1.${id}`], when: list })
  const at = (
    requirement: string,
    id: string,
    name: string,
    attributes: Question['attributes'],
    why: Question['why'] = null,
  ): Question => ask(requirement, name, { address: `a.v1.${id}`, attributes, why }, ...(why === 'default' ? [] : [id]))
  const present = { attribute: 'body.room', is: 'present' }
  const kitchen = { attribute: 'body.room', is: 'eq', value: 'kitchen' }
  const zone = { attribute: 'label.zone', is: 'eq', value: 'a' }
  return {
    name: 'lists of conditions',
    policy: document([
      when('none'),
      when('both', kitchen, zone),
      when('maybe', present, kitchen),
      when('late', kitchen, present),
      when('without', { attribute: 'label.zone', is: 'absent' }),
      when('either', { attribute: 'body.room', is: 'in', value: ['kitchen', 'hall'] }),
      when('between', { attribute: 'bytes', is: 'gt', value: 10 }, { attribute: 'bytes', is: 'lt', value: 20 }),
      when('never', { attribute: 'bytes', is: 'gt', value: 20 }, { attribute: 'bytes', is: 'lt', value: 10 }),
    ]),
    questions: [
      at('PO-13', 'none', 'an empty list is met', {}),
      at('PO-13', 'both', 'both met', { 'body.room': 'kitchen', 'label.zone': 'a' }),
      at('PO-13', 'both', 'the first is not', { 'body.room': 'hall', 'label.zone': 'a' }, 'default'),
      at('PO-13', 'both', 'the second is not', { 'body.room': 'kitchen', 'label.zone': 'b' }, 'default'),
      at('PO-13', 'both', 'the first is not, so the second is not read', { 'body.room': 'hall' }, 'default'),
      at('PO-14', 'both', 'the first is met, and the second in error', { 'body.room': 'kitchen' }, 'error'),
      at('PO-14', 'both', 'the first is in error, so the second is not read', { 'label.zone': 'b' }, 'error'),
      at('PO-13', 'maybe', 'present keeps the second from being read', {}, 'default'),
      at('PO-13', 'maybe', 'there, and equal', { 'body.room': 'kitchen' }),
      at('PO-13', 'maybe', 'there, and another', { 'body.room': 'hall' }, 'default'),
      at('PO-14', 'maybe', 'there, and of another type', { 'body.room': 1 }, 'error'),
      at('PO-14', 'late', 'present behind a condition is too late', {}, 'error'),
      at('PO-13', 'without', 'absent', {}),
      at('PO-13', 'without', 'there after all', { 'label.zone': 'a' }, 'default'),
      at('PO-13', 'without', 'there, and empty', { 'label.zone': '' }, 'default'),
      at('PO-13', 'either', 'one of a list', { 'body.room': 'hall' }),
      at('PO-13', 'between', 'between two bounds', { bytes: 15 }),
      at('PO-13', 'between', 'at the lower bound', { bytes: 10 }, 'default'),
      at('PO-13', 'between', 'at the upper bound', { bytes: 20 }, 'default'),
      at('PO-13', 'never', 'conditions that exclude one another', { bytes: 15 }, 'default'),
    ],
  }
}

/** Each operator on each type of value: the columns of the table of PO-52. */
const comparisons = (): Case[] => [
  comparison(
    'numbers',
    'body.n',
    [
      ['eq', 5, 'nyn'],
      ['ne', 5, 'yny'],
      ['lt', 5, 'ynn'],
      ['le', 5, 'yyn'],
      ['gt', 5, 'nny'],
      ['ge', 5, 'nyy'],
      ['in', [1, 5], 'nyn'],
      ['not-in', [1, 5], 'yny'],
    ],
    { less: 4, equal: 5, greater: 6, 'a text': '5', 'a boolean': true },
  ),
  comparison(
    'texts',
    'body.t',
    [
      ['eq', 'm', 'nyn'],
      ['ne', 'm', 'yny'],
      ['in', ['b', 'm'], 'nyn'],
      ['not-in', ['b', 'm'], 'yny'],
    ],
    { less: 'a', equal: 'm', greater: 'z', 'a number': 5, 'a boolean': true },
  ),
  comparison(
    'booleans',
    'body.b',
    [
      ['eq', true, 'ny'],
      ['ne', true, 'yn'],
    ],
    { less: false, equal: true, 'a text': 'true', 'a number': 1 },
  ),
]

const comparison = (
  name: string,
  attribute: string,
  rows: [string, Json, string][],
  values: Question['attributes'],
): Case => ({
  name: `operators on ${name}`,
  policy: document(rows.map(([is, value]) => rule(is, { on: [`a.v1.do.${is}`], when: [{ attribute, is, value }] }))),
  questions: rows.flatMap(([is, , outcomes]) => {
    const at = (column: string, attributes: Question['attributes'], outcome: string | undefined): Question => {
      const over = { address: `a.v1.do.${is}`, attributes }
      if (outcome === 'y') return ask('PO-52', `${is}: ${column}`, over, is)
      if (outcome === 'n') return ask('PO-52', `${is}: ${column}`, { ...over, why: 'default' })
      return ask('PO-14', `${is}: ${column}`, { ...over, why: 'error' }, is)
    }
    const told = Object.entries(values).map(([column, value], index) =>
      at(column, { [attribute]: value }, outcomes[index]),
    )
    return [...told, at('absent', {}, undefined)]
  }),
})

const claims = (): Case => {
  const list: [string, Json][] = [
    ['tenant', { attribute: 'claim.tenant', is: 'eq', value: 'acme' }],
    ['level', { attribute: 'claim.level', is: 'ge', value: 3 }],
    ['levelText', { attribute: 'claim.level', is: 'eq', value: '3' }],
    ['admin', { attribute: 'claim.admin', is: 'eq', value: true }],
    ['other', { attribute: 'claim.tenant', is: 'ne', value: 'acme' }],
    ['there', { attribute: 'claim.admin', is: 'present' }],
    ['without', { attribute: 'claim.admin', is: 'absent' }],
    ['inherited', { attribute: 'claim.toString', is: 'absent' }],
  ]
  const at = (
    requirement: string,
    peer: string,
    id: string,
    name: string,
    why: Question['why'] = null,
    attributes: Question['attributes'] = {},
  ): Question =>
    ask(requirement, name, { peer, address: `a.v1.${id}`, why, attributes }, ...(why === 'default' ? [] : [id]))
  return {
    name: 'claims',
    policy: document(list.map(([id, condition]) => rule(id, { on: [`a.v1.${id}`], when: [condition] }))),
    questions: [
      at('PO-28', 'bob', 'tenant', 'a claim of the peer'),
      at('PO-14', 'alice', 'tenant', 'a claim the peer has not', 'error'),
      at('PO-28', 'alice', 'tenant', 'a claim the message tells is not read', 'error', {
        'claim.tenant': 'acme',
        tenant: 'acme',
      }),
      at('PO-28', 'bob', 'other', 'nor does it stand in for the claim of the peer', 'default', {
        'claim.tenant': 'other',
      }),
      at('PO-13', 'bob', 'level', 'a number at its bound'),
      at('PO-14', 'bob', 'levelText', 'a text is not the number it reads like', 'error'),
      at('PO-13', 'bob', 'admin', 'a boolean'),
      at('PO-14', 'alice', 'admin', 'an absent boolean', 'error'),
      at('PO-13', 'bob', 'there', 'present'),
      at('PO-13', 'alice', 'there', 'not present', 'default'),
      at('PO-13', 'alice', 'without', 'absent'),
      at('PO-13', 'bob', 'without', 'not absent', 'default'),
      at('PO-26', 'alice', 'inherited', 'what objects of a language inherit is absent'),
    ],
  }
}

const texts = (): Case => {
  const list: [string, string, [string, string, boolean][]][] = [
    [
      'plain',
      'kitchen',
      [
        ['itself', 'kitchen', true],
        ['in capitals', 'KITCHEN', false],
        ['with a space behind it', 'kitchen ', false],
        ['a start of it', 'kitch', false],
        ['with a NUL behind it', 'kitchen\0', false],
        ['nothing', '', false],
      ],
    ],
    [
      'accent',
      'é',
      [
        ['one code point', 'é', true],
        ['a letter and a mark', 'e\u0301', false],
        ['without its mark', 'e', false],
      ],
    ],
    [
      'ligature',
      'ﬁ',
      [
        ['itself', 'ﬁ', true],
        ['its two letters', 'fi', false],
      ],
    ],
    [
      'cyrillic',
      'а',
      [
        ['itself', 'а', true],
        ['the Latin letter that looks like it', 'a', false],
      ],
    ],
    [
      'astral',
      '\u{1f600}',
      [
        ['itself', '\u{1f600}', true],
        ['its neighbour', '\u{1f601}', false],
      ],
    ],
    [
      'empty',
      '',
      [
        ['nothing', '', true],
        ['a space', ' ', false],
        ['a space of no width', '\u200b', false],
      ],
    ],
  ]
  return {
    name: 'texts are compared as they are',
    policy: document(
      list.map(([id, value]) => rule(id, { on: [`a.v1.${id}`], when: [{ attribute: 'body.text', is: 'eq', value }] })),
    ),
    questions: list.flatMap(([id, , values]) =>
      values.map(([name, value, equal]) =>
        ask(
          'PO-14',
          `${id}: ${name}`,
          { address: `a.v1.${id}`, attributes: { 'body.text': value }, why: equal ? null : 'default' },
          ...(equal ? [id] : []),
        ),
      ),
    ),
  }
}

const numbers = (): Case => {
  const most = Number.MAX_SAFE_INTEGER
  const list: [string, string, number, [number, boolean][]][] = [
    [
      'most',
      'le',
      most,
      [
        [most, true],
        [most - 1, true],
        [0, true],
      ],
    ],
    [
      'least',
      'ge',
      -most,
      [
        [-most, true],
        [0, true],
      ],
    ],
    [
      'aboveMost',
      'gt',
      most - 1,
      [
        [most, true],
        [most - 1, false],
      ],
    ],
    [
      'zero',
      'gt',
      0,
      [
        [0, false],
        [1, true],
        [-1, false],
        [0.5, true],
      ],
    ],
    [
      'fraction',
      'lt',
      0.5,
      [
        [0.25, true],
        [0.5, false],
        [0, true],
      ],
    ],
    [
      'whole',
      'eq',
      1,
      [
        [1, true],
        [1.5, false],
      ],
    ],
  ]
  return {
    name: 'numbers at their bounds',
    policy: document(
      list.map(([id, is, value]) => rule(id, { on: [`a.v1.${id}`], when: [{ attribute: 'body.n', is, value }] })),
    ),
    questions: list.flatMap(([id, is, bound, values]) =>
      values.map(([value, met]) =>
        ask(
          'PO-52',
          `${value} ${is} ${bound}`,
          { address: `a.v1.${id}`, attributes: { 'body.n': value }, why: met ? null : 'default' },
          ...(met ? [id] : []),
        ),
      ),
    ),
  }
}
