import { equal } from '../bytes.js'
import type { Hash } from '../crypto/provider.js'
import type { Contract, ContractExport, ExportedRow } from './define.js'
import type { Json } from './documented.js'
import { parseContract } from './exported.js'
import { END, type RowFlow } from './flow.js'
import { has, KINDS, type Kind } from './kinds.js'
import { CARRIES } from './operation.js'
import { type Row, rowDigest } from './row.js'

/** One thing in which two contracts differ. */
export interface ContractChange {
  /** Undefined for the name of the contract. */
  readonly operation: string | undefined
  /** A field of the row; `row` if one of them has no such operation; `schemas.request` and the like of documentation. */
  readonly field: string
  /** What each has there; undefined where it has nothing. */
  readonly mine: Json | undefined
  readonly theirs: Json | undefined
  /** Whether who uses `mine` is refused by who serves `theirs`; `maybe` where they agree, and only then find values they refuse. */
  readonly breaking: 'no' | 'maybe' | 'yes'
}

/**
 * CO-41: all in which two contracts differ, rising by operation: each field of a row with both values.
 *
 * @param mine what is used: a contract, or what one exported
 * @param theirs what is served
 * @throws SottoError contract/malformed on an export that is none
 */
export const contractChanges = (
  mine: Contract | ContractExport,
  theirs: Contract | ContractExport,
): readonly ContractChange[] => {
  const [own, other] = [exportOf(mine), exportOf(theirs)]
  const named = [own, other].flatMap(({ operations }) => operations.map(({ name }) => name))
  const rowIn = ({ operations }: ContractExport, name: string): ExportedRow | undefined =>
    operations.find((row) => row.name === name)
  return [
    ...changeOf(undefined, 'name', own.name, other.name, 'yes'),
    ...[...new Set(named)].sort().flatMap((name) => rowChanges(name, rowIn(own, name), rowIn(other, name))),
  ]
}

/** Variants that are tried before the search is given up. */
const MAX_GUESSES = 512

/**
 * CO-42: in which one field, and how, the row differs that has this digest; undefined if it differs in more, or in names that nobody
 * can guess.
 *
 * @param hash SHA-256 of a crypto provider
 */
export const guessChange = (
  hash: Hash,
  row: Row,
  digest: Uint8Array,
): { readonly field: keyof Row; readonly theirs: Json | undefined } | undefined => {
  let left = MAX_GUESSES
  for (const { field, row: other } of variants(row)) {
    if (left-- === 0) return undefined
    if (equal(rowDigest(hash, other), digest)) return { field, theirs: other[field] }
  }
  return undefined
}

/** What a row has, beside its name. */
const FIELDS = ['kind', 'subject', 'faults', 'visible', 'retain', 'idempotent', 'up', 'down', 'flow'] as const

const exportOf = (of: Contract | ContractExport): ContractExport => ('toJSON' in of ? of : parseContract(of)).toJSON()

const rowChanges = (
  name: string,
  mine: ExportedRow | undefined,
  theirs: ExportedRow | undefined,
): readonly ContractChange[] => {
  // Who serves more serves all the same.
  if (mine === undefined) return changeOf(name, 'row', undefined, rowJson(theirs), 'no')
  if (theirs === undefined) return changeOf(name, 'row', rowJson(mine), undefined, 'yes')
  return [
    ...FIELDS.flatMap((field) => changeOf(name, field, mine[field], theirs[field], 'yes')),
    ...schemaChanges(name, mine, theirs),
  ]
}

/** Where only one of them has a schema there is nothing to compare. */
const schemaChanges = (name: string, mine: ExportedRow, theirs: ExportedRow): readonly ContractChange[] => {
  const [own, other] = [schemasIn(mine), schemasIn(theirs)]
  return Object.entries(own).flatMap(([field, schema]) => {
    const their = Object.hasOwn(other, field) ? other[field] : undefined
    return their === undefined ? [] : changeOf(name, field, schema, their, 'maybe')
  })
}

/** By the names of their fields. */
const schemasIn = ({ schemas: { faults, ...schemas } = {} }: ExportedRow): Readonly<Record<string, Json>> =>
  Object.fromEntries([
    ...Object.entries(schemas).map(([name, schema]) => [`schemas.${name}`, schema] as const),
    ...Object.entries(faults ?? {}).map(([name, schema]) => [`schemas.faults.${name}`, schema] as const),
  ])

const changeOf = (
  operation: string | undefined,
  field: string,
  mine: Json | undefined,
  theirs: Json | undefined,
  breaking: ContractChange['breaking'],
): readonly ContractChange[] =>
  canonical(mine) === canonical(theirs) ? [] : [{ operation, field, mine, theirs, breaking }]

const rowJson = (row: ExportedRow | undefined): Json | undefined =>
  row && Object.fromEntries(FIELDS.flatMap((field) => (row[field] === undefined ? [] : [[field, row[field]]])))

/** JSON in which the order of members means nothing. */
const canonical = (value: Json | undefined): string =>
  value === undefined
    ? ''
    : JSON.stringify(value, (_, inner: unknown) =>
        typeof inner === 'object' && inner !== null && !Array.isArray(inner)
          ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
          : inner,
      )

interface Variant {
  readonly field: keyof Row
  readonly row: Row
}

/** The row with one thing changed, the likeliest first. */
function* variants(row: Row): Generator<Variant> {
  if (has(row.kind, 'idempotent')) yield { field: 'idempotent', row: { ...row, idempotent: !row.idempotent } }
  if (has(row.kind, 'retain')) yield { field: 'retain', row: { ...row, retain: !row.retain } }
  yield* ways(row)
  for (const faults of less(row.faults)) yield { field: 'faults', row: { ...row, faults } }
  for (const visible of less(row.visible)) yield { field: 'visible', row: { ...row, visible } }
  if (row.subject !== '')
    for (const elements of less(row.subject.split('.')))
      yield { field: 'subject', row: { ...row, subject: elements.join('.') } }
  for (const kind of Object.keys(KINDS).filter(isOther(row.kind))) yield* ofKind(row, kind)
  if (row.flow !== undefined) yield* flows(row, row.flow)
}

const isOther =
  (kind: Kind) =>
  (each: string): each is Kind =>
    each !== kind

/** Without any, and without one of them. */
const less = (names: readonly string[]): readonly (readonly string[])[] =>
  names.length === 0 ? [] : [[], ...names.map((_, index) => names.toSpliced(index, 1))]

function* ways(row: Row): Generator<Variant> {
  if (!has(row.kind, 'up')) return
  for (const up of CARRIES) if (up !== row.up) yield { field: 'up', row: { ...row, up } }
  for (const down of CARRIES) if (down !== row.down) yield { field: 'down', row: { ...row, down } }
}

/** Of another kind, with what goes with it. */
function* ofKind({ name, visible, ...row }: Row, kind: Kind): Generator<Variant> {
  const kept = {
    name,
    kind,
    visible,
    subject: has(kind, 'subject') ? row.subject : '',
    faults: has(kind, 'faults') ? row.faults : [],
    retain: has(kind, 'retain') && row.retain,
    idempotent: has(kind, 'idempotent') && row.idempotent,
  }
  if (!has(kind, 'up')) yield { field: 'kind', row: { ...kept, ...(row.flow !== undefined && { flow: row.flow }) } }
  else for (const up of CARRIES) for (const down of CARRIES) yield { field: 'kind', row: { ...kept, up, down } }
}

function* flows(whole: Row, { key, steps }: RowFlow): Generator<Variant> {
  const { flow: _, ...row } = whole
  yield { field: 'flow', row }
  const entries = Object.entries(steps)
  const states = [...new Set([...entries.flat(), END])]
  const changed = (others: readonly (readonly [string, string])[]): Variant => ({
    field: 'flow',
    row: { ...row, flow: { key, steps: Object.fromEntries(others) } },
  })
  for (const [index] of entries.entries()) yield changed(entries.toSpliced(index, 1))
  for (const [index, [state, next]] of entries.entries())
    for (const other of states) if (other !== next) yield changed(entries.with(index, [state, other]))
  for (const state of states)
    if (state !== END && !Object.hasOwn(steps, state))
      for (const next of states) yield changed([...entries, [state, next]])
}
