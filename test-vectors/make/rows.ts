import { toHex } from '../../src/bytes.js'
import { encodeControl } from '../../src/cbor.js'
import type { Row } from '../../src/contract/row.js'
import type { Provider } from '../../src/crypto/provider.js'
import type { Vectors } from '../schema.js'

type Rows = Vectors<'rows'>
type Name = Rows['names'][number]

export const rowVectors = (provider: Provider): Rows => ({
  about:
    'Rows of operations and their digests (spec/contract.md). rows: `cbor` is the deterministic encoding of `row`, `digest` its SHA-256. ' +
    'numbering: the names of a contract’s operations as given, and in the order of their numbers on the wire. ' +
    'names: whether a text is a name of its kind, and the requirement that says so. ' +
    'subjects: whether a text fits a template as a subject (CO-34), and as a filter (CO-35).',
  rows: [
    row(provider, 'a call with a fault and a visible field', { faults: ['NoSuchRoom'], visible: ['room'] }),
    row(provider, 'a call with nothing more', {}),
    row(provider, 'a call that may be repeated', { idempotent: true }),
    row(provider, 'several faults and fields, rising', { faults: ['A', 'B', 'a'], visible: ['a-b', 'aB', 'a_b'] }),
    row(provider, 'a one-way message', { kind: 'oneWay' }),
    row(provider, 'a one-way message with a visible field', { kind: 'oneWay', visible: ['room'] }),
    row(provider, 'a stream that carries items up and bytes down', { kind: 'stream', up: 'items', down: 'bytes' }),
    row(provider, 'a stream that carries nothing up', {
      kind: 'stream',
      up: 'nothing',
      down: 'items',
      visible: ['room'],
    }),
    row(provider, 'a topic without a subject', { kind: 'topic' }),
    row(provider, 'a topic that retains the last message of each subject', {
      kind: 'topic',
      subject: '{room}.{sensor}',
      retain: true,
      visible: ['celsius'],
    }),
    row(provider, 'a queue with tokens and a parameter in its subject', { kind: 'queue', subject: 'jobs.{kind}' }),
    row(provider, 'a step that starts a conversation, and may come again', {
      flow: { key: 'orderId', steps: { quoted: 'quoted', start: 'quoted' } },
    }),
    row(provider, 'a one-way message that ends a conversation', {
      kind: 'oneWay',
      flow: { key: 'orderId', steps: { quoted: 'end' } },
    }),
    row(provider, 'a name of 63 letters', { name: `a${'B'.repeat(62)}` }),
  ],
  numbering: [
    numbering('letters of both cases and digits, by their bytes', ['b', 'aB', 'a', 'aa', 'a1']),
    numbering('a name that begins another stands before it', ['readAll', 'read']),
  ],
  names: [...contractNames(), ...operationNames(), ...addresses(), ...templates()],
  subjects: subjects(),
})

const row = ({ hash }: Provider, name: string, over: Partial<Row>): Rows['rows'][number] => {
  const whole: Row = {
    name: 'read',
    kind: 'requestResponse',
    subject: '',
    faults: [],
    visible: [],
    retain: false,
    idempotent: false,
    ...over,
  }
  const bytes = encodeControl({ ...whole })
  const form = { ...whole, faults: [...whole.faults], visible: [...whole.visible] }
  return { name, row: form, cbor: toHex(bytes), digest: toHex(hash.SHA256.digest(bytes)) }
}

const numbering = (name: string, given: string[]): Rows['numbering'][number] => ({
  name,
  given,
  numbered: [...given].sort(),
})

const named = (as: Name['as'], valid: boolean, rule: string, name: string, text: string): Name => ({
  name,
  as,
  text,
  valid,
  rule,
})

const contractNames = (): Name[] => [
  named('contract', true, 'CO-1', 'a name and a version', 'thermostat.v1'),
  named('contract', true, 'CO-1', 'several names, the highest version', 'acme.billing-2.v9999'),
  named('contract', false, 'CO-1', 'no version', 'thermostat'),
  named('contract', false, 'CO-1', 'no name', 'v1'),
  named('contract', false, 'CO-1', 'version 0', 'thermostat.v0'),
  named('contract', false, 'CO-1', 'a version with a zero in front', 'thermostat.v01'),
  named('contract', false, 'CO-1', 'a version of five digits', 'thermostat.v10000'),
  named('contract', false, 'CO-1', 'a capital', 'Thermostat.v1'),
  named('contract', false, 'CO-1', 'an empty name', 'a..v1'),
  named('contract', false, 'CO-1', 'a name of 64 letters', `${'a'.repeat(64)}.v1`),
  named('contract', false, 'CO-2', 'a name behind the first version', 'a.v1.b.v2'),
]

const operationNames = (): Name[] => [
  named('operation', true, 'CO-4', 'small and capital letters and digits', 'readAll2'),
  named('operation', false, 'CO-4', 'a capital first', 'Read'),
  named('operation', false, 'CO-4', 'a hyphen', 'read-all'),
  named('operation', false, 'CO-4', '64 letters', 'a'.repeat(64)),
  named('operation', false, 'CO-5', 'then', 'then'),
  named('operation', false, 'CO-5', 'constructor', 'constructor'),
  named('operation', false, 'CO-5', 'toJSON', 'toJSON'),
  named('token', true, 'CO-6', 'every kind of character', 'aZ09-_'),
  named('token', true, 'CO-6', '65 characters, as many as a peer id has', 'x'.repeat(65)),
  named('token', false, 'CO-6', '66 characters', 'x'.repeat(66)),
  named('token', false, 'CO-6', 'nothing', ''),
  named('token', false, 'CO-6', 'a letter that is not ASCII', 'é'),
]

const addresses = (): Name[] => [
  named('address', true, 'CO-7', 'a contract and an operation', 'thermostat.v1.read'),
  named('address', true, 'CO-7', '16 tokens', `a.v1.o${'.t'.repeat(16)}`),
  named('address', true, 'CO-7', '255 bytes', `a.v1.o${`.${'t'.repeat(64)}`.repeat(3)}.${'t'.repeat(53)}`),
  named('address', false, 'CO-7', '17 tokens', `a.v1.o${'.t'.repeat(17)}`),
  named('address', false, 'CO-7', '256 bytes', `a.v1.o${`.${'t'.repeat(64)}`.repeat(3)}.${'t'.repeat(54)}`),
  named('address', false, 'CO-7', 'no operation', 'thermostat.v1'),
  named('address', false, 'CO-7', 'a wildcard', 'thermostat.v1.*'),
  named('address', false, 'CO-5', 'a reserved operation', 'thermostat.v1.then'),
]

const templates = (): Name[] => [
  named('template', true, 'CO-33', 'none', ''),
  named('template', true, 'CO-33', 'two parameters', '{room}.{sensor}'),
  named('template', true, 'CO-33', 'tokens and a parameter', 'A-1.{room}.x_y'),
  named('template', true, 'CO-33', '16 elements', `{a}${'.t'.repeat(15)}`),
  named('template', false, 'CO-33', '17 elements', `{a}${'.t'.repeat(16)}`),
  named('template', false, 'CO-33', 'a parameter twice', '{a}.{a}'),
  named('template', false, 'CO-33', 'a capital first in a parameter', '{Room}'),
  named('template', false, 'CO-33', 'a parameter of 64 letters', `{${'a'.repeat(64)}}`),
  named('template', false, 'CO-33', 'a parameter that is part of an element', 'a{b}'),
  named('template', false, 'CO-33', 'an empty element', 'a..b'),
  named('template', false, 'CO-33', 'a wildcard', '*'),
]

const subjects = (): Rows['subjects'] => {
  const fitting = (name: string, template: string, text: string, subject: boolean, filter = subject) => ({
    name,
    template,
    text,
    subject,
    filter,
  })
  return [
    fitting('none', '', '', true),
    fitting('a token where there is no template', '', 'a', false),
    fitting('a wildcard where there is no template', '', '*', false),
    fitting('a token for each parameter', '{room}.{sensor}', 'kitchen.a', true),
    fitting('a wildcard for the last', '{room}.{sensor}', 'kitchen.*', false, true),
    fitting('a wildcard for each', '{room}.{sensor}', '*.*', false, true),
    fitting('a token too few', '{room}.{sensor}', 'kitchen', false),
    fitting('a token too many', '{room}.{sensor}', 'kitchen.a.b', false),
    fitting('an empty token', '{room}.{sensor}', 'kitchen.', false),
    fitting('a wildcard in a token', '{room}.{sensor}', 'kitchen.a*', false),
    fitting('a sign that is no wildcard', '{room}.{sensor}', 'kitchen.>', false),
    fitting('the token of the template', 'jobs.{kind}', 'jobs.small', true),
    fitting('a token in the other case', 'jobs.{kind}', 'Jobs.small', false),
    fitting('a wildcard for a token of the template', 'jobs.{kind}', '*.small', false),
    fitting('65 characters', 'jobs.{kind}', `jobs.${'x'.repeat(65)}`, true),
    fitting('66 characters', 'jobs.{kind}', `jobs.${'x'.repeat(66)}`, false),
  ]
}
