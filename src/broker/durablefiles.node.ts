import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readLog } from './durablelog.js'
import { Cursor, readTable } from './durabletable.js'

/** A key of a store and its value, as they were written once: no key is ever given a second value. */
export type Found = readonly [key: Uint8Array, value: Uint8Array]

/**
 * The files of LevelDB that are not as it wrote them; none if all is well or nothing is there. LevelDB itself would drop what a log lacks,
 * believe a broken block, and fall over a broken length; so it opens nothing that was not looked through (BR-50).
 */
export const damagedFiles = async (folder: string): Promise<readonly string[]> => {
  const names = await readdir(folder)
  const logs = names.filter((name) => name.endsWith('.log'))
  if (!names.includes('CURRENT')) return names.some((name) => SALVAGED.test(name)) ? ['CURRENT'] : []
  const manifest = new TextDecoder().decode(await readFile(join(folder, 'CURRENT'))).replace(/\n$/, '')
  if (!/^MANIFEST-\d+$/.test(manifest) || !names.includes(manifest)) return ['CURRENT']
  const { records, isDamaged } = readLog(await readFile(join(folder, manifest)))
  if (isDamaged) return [manifest]
  const damaged: string[] = []
  for (const [number, size] of tablesOf(records)) {
    const name = names.find((other) => Number.parseInt(other, 10) === number && TABLE.test(other))
    const bytes = name === undefined ? undefined : await readFile(join(folder, name))
    if (bytes?.length !== size || readTable(bytes).isDamaged) damaged.push(name ?? `table ${number}`)
  }
  for (const name of logs) if (readLog(await readFile(join(folder, name))).isDamaged) damaged.push(name)
  return damaged
}

/** All that is whole in the files of LevelDB, in no order. */
export async function* salvaged(folder: string): AsyncGenerator<Found> {
  for (const name of (await readdir(folder)).filter((other) => SALVAGED.test(other))) {
    const bytes = await readFile(join(folder, name))
    if (TABLE.test(name)) {
      // Behind a key stand its sequence and type.
      for (const [key, value] of readTable(bytes).entries) yield [key.subarray(0, -8), value]
    } else for (const record of readLog(bytes).records) yield* putsOf(record)
  }
}

const TABLE = /^\d+\.(?:ldb|sst)$/
const SALVAGED = /^\d+\.(?:ldb|sst|log)$/

/** A record of a log: sequence u64, count u32, then each deletion or value. */
function* putsOf(record: Uint8Array): Generator<Found> {
  const cursor = new Cursor(record)
  cursor.take(12)
  while (cursor.left > 0) {
    const [isValue] = cursor.take(1)
    const key = cursor.take(cursor.varint())
    if (isValue === 1) yield [key, cursor.take(cursor.varint())]
  }
}

/** The tables that the records of a manifest leave, with their sizes. */
const tablesOf = (records: readonly Uint8Array[]): ReadonlyMap<number, number> => {
  const tables = new Map<number, number>()
  for (const record of records) {
    const cursor = new Cursor(record)
    while (cursor.left > 0) edit(cursor, tables)
  }
  return tables
}

/** One field of a version edit (db/version_edit.cc of LevelDB). */
const edit = (cursor: Cursor, tables: Map<number, number>): void => {
  const tag = cursor.varint()
  if (tag === 1) cursor.take(cursor.varint())
  else if (tag === 5) {
    cursor.varint()
    cursor.take(cursor.varint())
  } else if (tag === 6) {
    cursor.varint()
    tables.delete(cursor.varint())
  } else if (tag === 7) {
    cursor.varint()
    tables.set(cursor.varint(), cursor.varint())
    cursor.take(cursor.varint())
    cursor.take(cursor.varint())
  } else cursor.varint()
}
