import { SottoError } from '../errors.js'
import { isFieldName } from './address.js'
import { type Contract, type ContractName, contract } from './define.js'
import { described, type Json, plainJson, type Schemas, SHAPES } from './documented.js'
import type { Flow, RowFlow } from './flow.js'
import { has, isKind, type Kind } from './kinds.js'
import { CARRIES, type Carries, type Operation, type Terms } from './operation.js'
import { queueSettings } from './queuesettings.js'
import { bytes, nothing, type Sent } from './shape.js'
import { parseTemplate } from './subject.js'

/**
 * CO-32: the contract of what `toJSON()` of another gave: the same name and rows, and shapes that take whatever the rows
 * let be sent. It is for what reads rows alone, as policies do, and for calls whose values nobody here checks. The JSON Schemas
 * are kept as documentation. Its queues have the usual settings.
 *
 * @param exported plain data, as JSON gives it
 * @throws SottoError contract/malformed if it is not what a contract exports; `details.path` says where
 */
export const parseContract = (exported: unknown): Contract => {
  const { name, operations } = record(exported, '', ['name', 'operations'])
  const rows = list(operations, 'operations').map((row, index) => rowAt(row, `operations[${index}]`))
  // CO-16: a file in another order, or with a name twice, was not exported.
  const wrong = rows.findIndex((row, index) => row.name <= (rows[index - 1]?.name ?? ''))
  if (wrong >= 0) throw malformed(`operations[${wrong}].name`, 'expected names that rise, once each')
  const flow = flowIn(rows)
  try {
    return contract(nameOf(name), Object.fromEntries(rows.map((row) => [row.name, operationOf(row)])), flow)
  } catch (cause) {
    // A mistake of a program there is one of a file here; its text says what was expected of which operation.
    if (cause instanceof RangeError) throw malformed('', cause.message, cause)
    throw cause
  }
}

interface Read {
  readonly name: string
  readonly kind: Kind
  readonly terms: Terms
  readonly flow: RowFlow | undefined
  readonly schemas: Schemas
}

const ROW = ['name', 'kind', 'subject', 'faults', 'visible', 'retain', 'idempotent'] as const
const STREAM = [...ROW, 'up', 'down'] as const
const MORE = ['flow', 'schemas'] as const

const rowAt = (value: unknown, path: string): Read => {
  const { kind } = record(value, path)
  if (typeof kind !== 'string' || !isKind(kind)) throw malformed(`${path}.kind`, 'expected a kind of operation')
  const row = record(value, path, kind === 'stream' ? STREAM : ROW, MORE)
  const faults = texts(row.faults, `${path}.faults`)
  const subject = text(row.subject, `${path}.subject`)
  // CO-18, CO-19: what a kind does not have is empty or false.
  if (subject !== '' && !has(kind, 'subject')) throw malformed(`${path}.subject`, 'expected an empty text')
  if (faults.length > 0 && !has(kind, 'faults')) throw malformed(`${path}.faults`, 'expected an empty list')
  const terms = Object.freeze({
    subject,
    faults,
    visible: texts(row.visible, `${path}.visible`),
    retain: flag(row.retain, `${path}.retain`, has(kind, 'retain')),
    idempotent: flag(row.idempotent, `${path}.idempotent`, has(kind, 'idempotent')),
    ...(kind === 'stream' && { up: carries(row.up, `${path}.up`), down: carries(row.down, `${path}.down`) }),
  })
  return {
    name: text(row.name, `${path}.name`),
    kind,
    terms,
    flow: row.flow === undefined ? undefined : rowFlowAt(row.flow, `${path}.flow`),
    schemas: row.schemas === undefined ? {} : schemasAt(row.schemas, kind, faults, `${path}.schemas`),
  }
}

const operationOf = ({ kind, terms, schemas }: Read): Operation => {
  const { subject } = terms
  switch (kind) {
    case 'requestResponse': {
      const faults = Object.fromEntries(terms.faults.map((name) => [name, described(schemas.faults?.[name])]))
      const [request, response] = [described(schemas.request), described(schemas.response)]
      return Object.freeze({ kind, request, response, faults: Object.freeze(faults), terms })
    }
    case 'oneWay':
      return Object.freeze({ kind, message: described(schemas.message), terms })
    case 'stream': {
      const [up, down] = [wayOf(terms.up, schemas.up), wayOf(terms.down, schemas.down)]
      return Object.freeze({ kind, request: described(schemas.request), up, down, terms })
    }
    case 'topic':
    case 'queue': {
      const template = parseTemplate(subject)
      const settings = kind === 'queue' && { settings: queueSettings() }
      return Object.freeze({ kind, message: described(schemas.message), subject, template, terms, ...settings })
    }
  }
}

const wayOf = (way: Carries | undefined, schema: Json | undefined): Sent =>
  way === 'items' ? described(schema) : way === 'bytes' ? bytes : nothing

const rowFlowAt = (value: unknown, path: string): RowFlow => {
  const { key, steps } = record(value, path, ['key', 'steps'])
  const entries = Object.entries(record(steps, `${path}.steps`))
  if (entries.length === 0) throw malformed(`${path}.steps`, 'expected a step')
  const read = entries.map(([state, next]) => [state, text(next, `${path}.steps.${safe(state)}`)] as const)
  return { key: text(key, `${path}.key`), steps: Object.fromEntries(read) }
}

/** CV-6: the flow of which the rows tell, a part each. */
const flowIn = (rows: readonly Read[]): Flow | undefined => {
  const steps = rows.flatMap(({ name, flow }) =>
    Object.entries(flow?.steps ?? {}).map(([state, next]) => ({ state, name, next })),
  )
  const first = rows.find(({ flow }) => flow !== undefined)?.flow
  if (first === undefined) return undefined
  const other = rows.findIndex(({ flow }) => flow !== undefined && flow.key !== first.key)
  if (other >= 0) throw malformed(`operations[${other}].flow.key`, 'expected one key in all rows')
  const states = [...new Set(steps.map(({ state }) => state))].map((state) => {
    const own = steps.filter((step) => step.state === state)
    return [state, Object.fromEntries(own.map(({ name, next }) => [name, next]))] as const
  })
  return { key: first.key, states: Object.fromEntries(states) }
}

/** CO-40 */
const schemasAt = (value: unknown, kind: Kind, faults: readonly string[], path: string): Schemas => {
  const { faults: ofFaults, ...schemas } = record(value, path, [], [...SHAPES[kind], 'faults'])
  const named = ofFaults === undefined ? undefined : record(ofFaults, `${path}.faults`, [], faults)
  return { ...schemasIn(schemas, path), ...(named !== undefined && { faults: schemasIn(named, `${path}.faults`) }) }
}

const schemasIn = (of: Readonly<Record<string, unknown>>, path: string): Readonly<Record<string, Json>> =>
  Object.fromEntries(
    Object.entries(of).map(([name, value]) => {
      const schema = plainJson(value)
      if (schema === undefined)
        throw malformed(`${path}.${safe(name)}`, 'expected plain JSON, of bounded depth and size')
      return [name, schema]
    }),
  )

const carries = (value: unknown, path: string): Carries => {
  const found = CARRIES.find((each) => each === value)
  if (found === undefined) throw malformed(path, `expected one of ${CARRIES.join(', ')}`)
  return found
}

/** The members of an object: those of `names`, where given, and of `more` any. */
const record = (
  value: unknown,
  path: string,
  names?: readonly string[],
  more: readonly string[] = [],
): Readonly<Record<string, unknown>> => {
  if (!isRecord(value)) throw malformed(path, 'expected an object')
  const inside = path === '' ? '' : `${path}.`
  const missing = names?.find((name) => !Object.hasOwn(value, name))
  if (missing !== undefined) throw malformed(`${inside}${missing}`, 'expected this member, got none')
  const known = [...(names ?? []), ...more]
  if (names !== undefined && !Reflect.ownKeys(value).every((key) => known.some((name) => name === key)))
    throw malformed(path, `expected no members but ${known.join(', ')}`)
  return value
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const flag = (value: unknown, path: string, may: boolean): boolean => {
  if (typeof value !== 'boolean' || (value && !may)) throw malformed(path, `expected ${may ? 'true or ' : ''}false`)
  return value
}

const list = (value: unknown, path: string): readonly unknown[] => {
  if (!Array.isArray(value)) throw malformed(path, 'expected a list')
  return value
}

const texts = (value: unknown, path: string): readonly string[] =>
  Object.freeze(list(value, path).map((item, index) => text(item, `${path}[${index}]`)))

const text = (value: unknown, path: string): string => {
  if (typeof value !== 'string') throw malformed(path, 'expected a text')
  return value
}

/** A name for a path: what is no name of ours is not repeated. */
const safe = (name: string): string => (isFieldName(name) ? name : '?')

/** `contract` checks the grammar of it. */
const nameOf = (value: unknown): ContractName => text(value, 'name') as ContractName

const malformed = (path: string, what: string, cause?: unknown): SottoError<'contract/malformed'> =>
  SottoError.of('contract/malformed', path === '' ? what : `${what}, at ${path}`, { details: { path }, cause })
