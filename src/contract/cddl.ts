import { CddlType, literal } from './cddltype.js'
import type { Contract, ContractExport, ExportedRow } from './define.js'
import type { Json, Schemas } from './documented.js'
import { parseContract } from './exported.js'
import { KINDS } from './kinds.js'
import { membersOf } from './row.js'

/**
 * CO-43: what another language needs to speak a contract, in CDDL (RFC 8610): its rows as they are hashed, and of each operation
 * what stands in bodies and items. A body without a rule is empty. Types are those of the JSON Schemas, or looser where CDDL
 * has no word for what these ask; `any` where there is none.
 *
 * @throws SottoError contract/malformed on an export that is none
 */
export const contractCddl = (of: Contract | ContractExport): string => {
  const { name, operations } = ('toJSON' in of ? of : parseContract(of)).toJSON()
  const rows = operations.map((row) => `${row.name}.row`).join(', ')
  const shared = operations.flatMap(({ kind }) => (kind === 'topic' || kind === 'queue' ? [SHARED[kind]] : []))
  return [
    `; ${name}: its rows in the order of their numbers, then what travels in bodies and items.\n${name} = [${rows}]\n`,
    ...operations.map((row, index) => operationText(name, row, index)),
    ...new Set(shared),
  ].join('\n')
}

const operationText = (contract: string, row: ExportedRow, index: number): string => {
  const { name, kind, subject } = row
  const address = [contract, name, ...(subject === '' ? [] : [subject])].join('.')
  const verbs = KINDS[kind].join(', ')
  return [`; ${index}: ${address} (${verbs})`, `${name}.row = ${literal(membersOf(row))}`, ...messages(row), ''].join(
    '\n',
  )
}

const messages = ({ name, kind, faults, up, down, schemas = {} }: ExportedRow): readonly string[] => {
  const rule = (what: string, schema: Json | undefined): readonly string[] => ruleOf(`${name}.${what}`, schema)
  switch (kind) {
    case 'requestResponse':
      return [
        ...rule('request', schemas.request),
        ...rule('response', schemas.response),
        ...faults.flatMap((fault) => rule(`fault.${fault}`, schemas.faults?.[fault])),
      ]
    case 'oneWay':
      return rule('message', schemas.message)
    case 'stream':
      return [
        ...rule('request', schemas.request),
        ...wayRule(`${name}.up`, up, schemas.up),
        ...wayRule(`${name}.down`, down, schemas.down),
      ]
    case 'topic':
      return [
        ...posted(name, schemas),
        `${name}.delivered = [subject: tstr, retained: bool, dropped: uint, entry: ${name}.entry]`,
      ]
    case 'queue':
      return [
        ...posted(name, schemas),
        `${name}.enqueue = {${hasRule(schemas.message) ? ` ? "value": ${name}.message,` : ''} ? "key": tstr, ? "delayMs": uint }`,
        `${name}.delivered = [number: uint, subject: tstr, id: tstr, attempt: uint, entry: ${name}.entry]`,
      ]
  }
}

/** The message of a topic or queue, and the Entry that it is stored and handed out in. */
const posted = (name: string, { message }: Schemas): readonly string[] => [
  ...ruleOf(`${name}.message`, message),
  `${name}.entry = [from: tstr / nil${hasRule(message) ? `, ? ${name}.message` : ''}]`,
]

const SHARED = {
  topic: `; Of every topic: who subscribes asks with \`subscribe\`, and says how many it has taken. The first item down is nil, each later one \`delivered\`.
subscribe = { ? "slow": "block" / "latest" / "drop-oldest" / "end", ? "credit": 1..65536 }
taken = uint
`,
  queue: `; Of every queue: who enqueues is told \`enqueued\`; who consumes asks with \`consume\`, and settles each message by its number. The first item down is
; nil, each later one \`delivered\`, or \`settled\` in the order of the settlements, false if the lease was over.
enqueued = { "id": tstr, "duplicate": bool }
consume = { ? "credit": 1..65536 }
settle = [number: uint, "ack"] / [number: uint, "retry", ? afterMs: uint] / [number: uint, "reject", reason: tstr] / [number: uint, "extend", ms: uint]
settled = [number: uint, done: bool]
`,
} as const

const wayRule = (name: string, way: ExportedRow['up'], schema: Json | undefined): readonly string[] =>
  way === 'nothing' ? [] : way === 'bytes' ? [`${name} = bstr`] : ruleOf(name, schema)

const ruleOf = (name: string, schema: Json | undefined): readonly string[] =>
  hasRule(schema) ? new CddlType(name, schema).rules() : []

/** Of no value there is nothing to say. */
const hasRule = (schema: Json | undefined): boolean => JSON.stringify(schema) !== NO_VALUE_TEXT

const NO_VALUE_TEXT = '{"not":{}}'
