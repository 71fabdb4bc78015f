import { document, type Json, type RefusedCase, rule } from './policyform.js'

/** Texts and values that no place of a document takes: by operator and type, by verb and pattern, by grammar. */
export const refusedValues = (): RefusedCase[] => [
  ...values(),
  ...attributes(),
  ...patterns(),
  ...verbs(),
  ...whos(),
  ...names(),
]

const bad = (requirement: string, name: string, path: string, policy: Json): RefusedCase => ({
  name,
  rule: requirement,
  path: `rules[0]${path}`,
  policy,
})

const when = (requirement: string, name: string, path: string, condition: Json): RefusedCase =>
  bad(requirement, name, `.when[0]${path}`, document([rule('r', { when: [condition] })]))

/** An attribute of each type, and what it takes. */
const ATTRIBUTES = [
  { attribute: 'bytes', takes: ['number'] },
  { attribute: 'suite', takes: ['text'] },
  { attribute: 'label.a', takes: ['text'] },
  { attribute: 'body.a', takes: ['text', 'number', 'truth'] },
] as const

const SCALARS: readonly (readonly [type: string, name: string, value: Json])[] = [
  ['text', 'a text', 'a'],
  ['number', 'a number', 1],
  ['truth', 'true', true],
  ['null', 'null', null],
  ['list', 'a list', [1]],
  ['object', 'an object', {}],
]

const ORDERS = ['lt', 'le', 'gt', 'ge'] as const
const LISTS = ['in', 'not-in'] as const

/** What the vectors from before are of. */
const SAID: ReadonlySet<string> = new Set([
  'body.a eq null',
  'suite eq a number',
  'bytes eq a text',
  'body.a lt a text',
  'body.a ge true',
  'bytes eq a list',
  'bytes in a number',
  'bytes in of nothing',
  'body.a in of true',
])

/** Each operator with a value of each type that it, or its attribute, does not take. */
const values = (): RefusedCase[] => {
  const of = (attribute: string, is: string, name: string, value: Json, path = '.value'): RefusedCase[] =>
    SAID.has(`${attribute} ${is} ${name}`)
      ? []
      : [when('PO-12', `${attribute} ${is} ${name}`, path, { attribute, is, value })]
  return ATTRIBUTES.flatMap(({ attribute, takes }) => {
    const types: readonly string[] = takes
    return [
      ...['eq', 'ne'].flatMap((is) =>
        SCALARS.filter(([type]) => !types.includes(type)).flatMap(([, name, value]) => of(attribute, is, name, value)),
      ),
      // Of what is no number there is no order: of such an attribute one value shows it.
      ...(types.includes('number') ? ORDERS : ['lt']).flatMap((is) =>
        SCALARS.filter(([type]) => type !== 'number' || !types.includes('number')).flatMap(([, name, value]) =>
          of(attribute, is, name, value),
        ),
      ),
      ...LISTS.flatMap((is) => [
        ...SCALARS.filter(([type]) => type !== 'list').flatMap(([, name, value]) => of(attribute, is, name, value)),
        ...of(attribute, is, 'of nothing', []),
        ...SCALARS.filter(([type]) => type === 'truth' || !types.includes(type)).flatMap(([, name, value]) =>
          of(attribute, is, `of ${name}`, [value], '.value[0]'),
        ),
      ]),
    ]
  })
}

const attributes = (): RefusedCase[] => [
  ...['', 'Bytes', 'bytes ', 'peer.id', 'peer', 'verb', 'address', 'direction', 'age', 'now', 'header.a', 'Body.a'].map(
    (attribute) => when('PO-11', `the attribute '${attribute}'`, '.attribute', { attribute, is: 'present' }),
  ),
  ...['label', 'body', 'claim'].flatMap((family) =>
    ['', ...(family === 'body' ? [] : ['.']), '.a b', '.é', '.a.', `.${'x'.repeat(65)}`].map((rest) =>
      when('PO-11', `the attribute ${family} with '${rest}' behind it`, '.attribute', {
        attribute: `${family}${rest}`,
        is: 'present',
      }),
    ),
  ),
  ...['==', 'EQ', 'like', 'contains', 'not in', 'notIn', 'exists', ''].map((is) =>
    when('PO-1', `the operator '${is}'`, '.is', { attribute: 'bytes', is, value: 1 }),
  ),
  ...(['present', 'absent'] as const).flatMap((is) =>
    SCALARS.filter(([, name]) => !(is === 'present' && name === 'a text') && !(is === 'absent' && name === 'null')).map(
      ([, name, value]) => when('PO-12', `${is} with ${name}`, '', { attribute: 'suite', is, value }),
    ),
  ),
  ...['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'in', 'not-in']
    .filter((is) => is !== 'eq')
    .map((is) => when('PO-12', `${is} without a value`, '.value', { attribute: 'bytes', is })),
]

const on = (requirement: string, pattern: string, verb: string): RefusedCase =>
  bad(
    requirement,
    `the pattern '${pattern}' for ${verb}`,
    '.on[0]',
    document([rule('r', { verbs: [verb], on: [pattern] })]),
  )

/** Texts that are no pattern, whatever the verb. */
const patterns = (): RefusedCase[] =>
  [
    '.',
    '.a.v1.read',
    'a.v1..read',
    '>.v1.read',
    '> ',
    '>>',
    'a.v1.>x',
    'a.v1.x>',
    'a.v1.*x',
    'a.v1.r?ad',
    'a.v1.[ab]',
    'a.v1.read/',
    'a/v1/read',
    'a:v1:read',
    'a.v1.read.{peer}',
    'a.v1.read.{peer.ID}',
    'a.v1.read.{ peer.id }',
    'a.v1.read.{peer.id',
    'a.v1.read.peer.id}',
    'a.v1.read.{{peer.id}}',
    'a.v1.read.{claim}',
    'a.v1.read.{claim.a b}',
    'a.v1.read.{claim.a.b}',
    'a.v1.read.{Claim.a}',
    'a.v1.read.{label.a}',
    'a.v1.read.{role}',
    `a.v1.read.{claim.${'x'.repeat(65)}}`,
    'a.v1.\u0000',
    'a.v1.read\n',
  ].map((pattern) => on('PO-6', pattern, 'call'))

const VERBS = ['send', 'stream', 'publish', 'subscribe', 'enqueue', 'consume'] as const

/** Patterns of which no address of the verb can be. */
const verbs = (): RefusedCase[] => [
  ...VERBS.map((verb) => on('PO-7', 'a.v1', verb)),
  ...[
    '*',
    'a',
    'v1',
    'a.b',
    'a.v0.read',
    'a.v01.read',
    'a.v10000.read',
    'a.v1.Read',
    'a.v1.re-ad',
    'a.v1.constructor',
  ].map((pattern) => on('PO-7', pattern, 'call')),
  ...['a.v1.*', 'a.v1.>', 'A.v1', 'a.v0', 'a.b', '*', 'v1', `${'x'.repeat(64)}.v1`, '{peer.id}.v1', 'a.{peer.id}'].map(
    (pattern) => on('PO-7', pattern, 'initiate'),
  ),
  ...[
    '1a.v1.read',
    '-a.v1.read',
    `${'x'.repeat(64)}.v1.read`,
    `a.v1.${'x'.repeat(64)}`,
    'a_b.v1.read',
    '{peer.id}.v1.read',
  ].map((pattern) => on('PO-7', pattern, 'call')),
  ...['CALL', 'calls', 'call ', '', 'any', '*', 'reply'].map((verb) =>
    bad('PO-1', `the verb '${verb}'`, '.verbs[0]', document([rule('r', { verbs: [verb] })])),
  ),
]

const PEER = 'sotto1qz85p3ddk68j2cj2ukepf6nk0fhvjnvzn57hkhs66xax703p8q59758trnn'

const whos = (): RefusedCase[] => {
  const by = (name: string, who: string): RefusedCase =>
    bad('PO-1', name, '.by[0]', document([rule('r', { by: [who] })]))
  const last = PEER.at(-1) === 'q' ? 'p' : 'q'
  return [
    ...['', 'ANY', 'any ', '*', 'everyone', 'all'].map((who) => by(`whom '${who}'`, who)),
    ...(['name', 'role'] as const).flatMap((kind) => [
      ...(kind === 'name' ? [by('an empty name', 'name:')] : []),
      by(`a ${kind} with a tab`, `${kind}:a\tb`),
      by(`a ${kind} with a line feed`, `${kind}:a\n`),
      by(`a ${kind} with a character of no form`, `${kind}:a\u007f`),
      ...(kind === 'name' ? [by('a name beyond ASCII', 'name:é')] : [by('a role with a space', 'role:a b')]),
      ...(kind === 'role' ? [by('a role of 256 characters', `role:${'x'.repeat(256)}`)] : []),
      by(`a ${kind} in capitals`, `${kind.toUpperCase()}:a`),
    ]),
    by('a group without a name', 'group:'),
    by('a group in other letters', 'group:Staff'),
    by('a claim', 'claim:tenant=acme'),
    by('a peer id with another last character', PEER.slice(0, -1) + last),
    by('a peer id in capitals', PEER.toUpperCase()),
    by('a peer id with a space behind it', `${PEER} `),
    by('a peer id that is cut short', PEER.slice(0, -1)),
    by('a peer id of a character more', `${PEER}q`),
    by('the id of an issuer', `sottoi1${PEER.slice(6)}`),
  ]
}

/** Names of rules and groups, and what stands where a word is to be. */
const names = (): RefusedCase[] => [
  ...['a b', 'a/b', 'é', 'a:b', ' a', 'a '].map((id) => bad('PO-1', `the id '${id}'`, '.id', document([rule(id)]))),
  ...['', 'a.b', 'é', 'x'.repeat(65)].map((name) => ({
    ...bad(
      'PO-1',
      `the group '${name.length > 64 ? 'of 65 characters' : name}'`,
      '',
      document([], { groups: { [name]: [] } }),
    ),
    path: 'groups.?',
  })),
  ...['', 'ALLOW', 'permit', 'deny '].map((effect) =>
    bad('PO-1', `the effect '${effect}'`, '.effect', document([rule('r', { effect })])),
  ),
  ...['', 'none', 'deny-all'].map((outbound) => ({
    ...bad('PO-1', `outbound '${outbound}'`, '', document([], { outbound })),
    path: 'outbound',
  })),
  ...['state', 'suite', 'ttlMs', 'ageMs', 'time'].map((attribute) => ({
    ...bad('PO-40', `reveal of ${attribute}`, '', document([], { reveal: [attribute] })),
    path: 'reveal[0]',
  })),
]
