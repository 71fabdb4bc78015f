import { ask, type Case, document, type Question, rule } from './policyform.js'

/** What addresses are asked of, and which patterns speak of them. */
export const addressCases = (alice: string): Case[] => [addresses(), placeholders(alice), ...subscriptions()]

const addresses = (): Case => {
  const bad: [string, string][] = [
    ['nothing', ''],
    ['a dot', '.'],
    ['a contract', 'a.v1'],
    ['no version', 'a.read'],
    ['no contract', 'v1.read'],
    ['a version of 0', 'a.v0.read'],
    ['a version of five digits', 'a.v10000.read'],
    ['an empty token', 'a.v1.read..x'],
    ['a dot behind it', 'a.v1.read.'],
    ['a dot before it', '.a.v1.read'],
    ['a space', 'a.v1.read x'],
    ['a space behind it', 'a.v1.read '],
    ['a line feed behind it', 'a.v1.read\n'],
    ['a NUL behind it', 'a.v1.read\0'],
    ['a slash', 'a/v1/read'],
    ['an escaped dot', 'a.v1.read%2ex'],
    ['a contract in capitals', 'A.v1.read'],
    ['a version in capitals', 'a.V1.read'],
    ['an operation in capitals', 'a.v1.Read'],
    ['a Cyrillic letter', 'а.v1.read'],
    ['a wide letter', 'ａ.v1.read'],
    ['a letter with a mark', 'a.v1.réad'],
    ['a dot of another kind', 'a.v1.read․x'],
    ['a space of no width', 'a.v1.read\u200b'],
    ['a reserved operation', 'a.v1.then'],
    ['a wildcard for a token', 'a.v1.read.*'],
    ['a wildcard tail', 'a.v1.>'],
    ['a placeholder', 'a.v1.read.{peer.id}'],
    ['17 tokens', `a.v1.read${'.x'.repeat(17)}`],
    ['a token of 66 characters', `a.v1.read.${'x'.repeat(66)}`],
    ['256 characters', `a.v1.read.${'x'.repeat(61)}.${'y'.repeat(61)}.${'z'.repeat(61)}.${'w'.repeat(60)}`],
  ]
  const good: [string, string][] = [
    ['the shortest', 'a.v1.r'],
    ['a contract of three names', 'a.b.c.v1.read'],
    ['a version of four digits', 'a.v9999.read'],
    ['16 tokens', `a.v1.read${'.x'.repeat(16)}`],
    ['a token of 65 characters', `a.v1.read.${'x'.repeat(65)}`],
    ['255 characters', `a.v1.read.${'x'.repeat(60)}.${'y'.repeat(61)}.${'z'.repeat(61)}.${'w'.repeat(60)}`],
    ['a token of each kind of character', 'a.v1.read.Az09-_'],
    ['a token that is a reserved operation', 'a.v1.read.constructor'],
  ]
  return {
    name: 'addresses outside the grammar, where everything is allowed',
    policy: document([rule('all', { on: ['>'] })]),
    questions: [
      ...bad.map(([name, address]) => ask('PO-8', name, { address, why: 'error' })),
      ...good.map(([name, address]) => ask('PO-8', name, { address }, 'all')),
    ],
  }
}

const placeholders = (alice: string): Case => {
  const list = [
    'peer.id',
    'claim.tenant',
    'claim.title',
    'claim.level',
    'claim.admin',
    'claim.empty',
    'claim.longest',
    'claim.tooLong',
    'claim.none',
  ]
  const id = (name: string): string => name.replace('.', '-')
  const at = (
    requirement: string,
    peer: string,
    placeholder: string,
    token: string,
    name: string,
    why: Question['why'] = null,
  ): Question =>
    ask(
      requirement,
      name,
      { peer, address: `a.v1.own.${id(placeholder)}.${token}`, why },
      ...(why === 'default' ? [] : [id(placeholder)]),
    )
  return {
    name: 'placeholders',
    policy: document([
      ...list.map((name) => rule(id(name), { on: [`a.v1.own.${id(name)}.{${name}}`] })),
      rule('either', { on: ['a.v1.either.{claim.none}', 'a.v1.either.*'] }),
      rule('pair', { on: ['a.v1.pair.{claim.none}.x'] }),
      rule('pairs', { on: ['a.v1.pair.>'] }),
      rule('twice', { on: ['a.v1.twice.{claim.tenant}.{claim.tenant}'] }),
    ]),
    questions: [
      at('PO-9', 'alice', 'peer.id', alice, 'the id of the peer'),
      at('PO-9', 'bob', 'peer.id', alice, 'the id of another', 'default'),
      at('PO-9', 'alice', 'peer.id', `${alice.slice(0, -1)}`, 'a part of the id', 'default'),
      at('PO-9', 'bob', 'claim.tenant', 'acme', 'a claim'),
      at('PO-9', 'bob', 'claim.tenant', 'Acme', 'a claim in other letters', 'default'),
      at('PO-9', 'bob', 'claim.tenant', 'claim', 'the word claim', 'default'),
      at('PO-10', 'alice', 'claim.tenant', 'acme', 'an absent claim', 'error'),
      at('PO-10', 'bob', 'claim.title', 'no', 'a claim with a space', 'error'),
      at('PO-10', 'bob', 'claim.level', '3', 'a claim that is a number', 'error'),
      at('PO-10', 'bob', 'claim.admin', 'true', 'a claim that is a boolean', 'error'),
      at('PO-10', 'bob', 'claim.empty', 'x', 'an empty claim', 'error'),
      at('PO-9', 'bob', 'claim.longest', 'w'.repeat(65), 'a claim of 65 characters'),
      at('PO-10', 'bob', 'claim.tooLong', 'w'.repeat(65), 'a claim of 66 characters', 'error'),
      at('PO-10', 'bob', 'claim.none', 'x', 'a claim nobody has', 'error'),
      ask('PO-9', 'an absent claim where the rest does not match', { address: 'a.v1.pair.x.y' }, 'pairs'),
      ask('PO-10', 'an absent claim where the rest matches', { address: 'a.v1.pair.y.x', why: 'error' }, 'pair'),
      ask('PO-10', 'an absent claim beside another pattern of the rule', { address: 'a.v1.either.x' }, 'either'),
      ask('PO-9', 'a claim twice', { peer: 'bob', address: 'a.v1.twice.acme.acme' }, 'twice'),
      ask('PO-9', 'a claim and another token', { peer: 'bob', address: 'a.v1.twice.acme.x', why: 'default' }),
    ],
  }
}

/** What is asked of a subscription and of a delivery, for the allow pattern and the deny pattern of a rule. */
const subscriptions = (): Case[] => {
  const both = ['subscribe', 'consume']
  const cases: [string, string[], string[], [string, 'allow' | 'rule' | 'default' | 'error'][]][] = [
    [
      'an allow that contains it',
      ['a.v1.t.*'],
      [],
      [
        ['t.*', 'allow'],
        ['t.x', 'allow'],
        ['t.*.*', 'default'],
        ['t', 'default'],
        ['u.*', 'default'],
      ],
    ],
    [
      'an allow with a tail',
      ['a.v1.t.>'],
      [],
      [
        ['t.*', 'allow'],
        ['t.*.x.*', 'allow'],
        ['t', 'default'],
      ],
    ],
    [
      'an allow of one token',
      ['a.v1.t.x'],
      [],
      [
        ['t.*', 'default'],
        ['t.x', 'allow'],
        ['t.y', 'default'],
      ],
    ],
    [
      'allows that only together contain it',
      ['a.v1.t.x', 'a.v1.t.y'],
      [],
      [
        ['t.*', 'default'],
        ['t.y', 'allow'],
      ],
    ],
    [
      'an allow that overlaps with it',
      ['a.v1.t.*.y'],
      [],
      [
        ['t.x.*', 'default'],
        ['t.*.y', 'allow'],
        ['t.x.y', 'allow'],
      ],
    ],
    [
      'an allow for a claim',
      ['a.v1.t.{claim.tenant}'],
      [],
      [
        ['t.*', 'default'],
        ['t.acme', 'allow'],
        ['t.other', 'default'],
      ],
    ],
    [
      'an allow for an absent claim',
      ['a.v1.t.{claim.none}'],
      [],
      [
        ['t.*', 'error'],
        ['t.x', 'error'],
      ],
    ],
    [
      'a deny that contains it',
      ['a.v1.>'],
      ['a.v1.t.*'],
      [
        ['t.*', 'rule'],
        ['t.x', 'rule'],
        ['t.*.*', 'allow'],
        ['t', 'allow'],
      ],
    ],
    [
      'a deny of all',
      ['a.v1.t.*'],
      ['>'],
      [
        ['t.*', 'rule'],
        ['t.x', 'rule'],
      ],
    ],
    [
      'a deny of one token of it',
      ['a.v1.>'],
      ['a.v1.t.x'],
      [
        ['t.*', 'allow'],
        ['t.x', 'rule'],
        ['t.y', 'allow'],
      ],
    ],
    [
      'a deny that overlaps with it',
      ['a.v1.>'],
      ['a.v1.t.x.*'],
      [
        ['t.*.y', 'allow'],
        ['t.x.y', 'rule'],
        ['t.x.*', 'rule'],
        ['t.z.y', 'allow'],
      ],
    ],
    [
      'a deny for a claim',
      ['a.v1.>'],
      ['a.v1.t.{claim.tenant}'],
      [
        ['t.*', 'allow'],
        ['t.acme', 'rule'],
        ['t.other', 'allow'],
      ],
    ],
    [
      'a deny for an absent claim',
      ['a.v1.>'],
      ['a.v1.t.{claim.none}'],
      [
        ['t.*', 'error'],
        ['t.x', 'error'],
        ['t.x.y', 'allow'],
      ],
    ],
  ]
  return cases.map(([name, allow, deny, asked]) => ({
    name: `subscriptions: ${name}`,
    policy: document([
      rule('A', { verbs: both, on: allow }),
      ...(deny.length === 0 ? [] : [rule('D', { effect: 'deny', verbs: both, on: deny })]),
    ]),
    questions: asked.map(([rest, effect], at): Question => {
      const over = { peer: 'bob', verb: at % 2 === 0 ? 'subscribe' : 'consume', address: `a.v1.${rest}` } as const
      if (effect === 'allow') return ask('PO-53', rest, over, 'A')
      if (effect === 'default') return ask('PO-53', rest, { ...over, why: effect })
      return ask('PO-53', rest, { ...over, why: effect }, deny.length === 0 ? 'A' : 'D')
    }),
  }))
}
