import { constants } from 'node:fs'
import { access, mkdir, open, readdir, realpath, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClassicLevel } from 'classic-level'
import { SottoError } from '../errors.js'
import { type CommitHeader, keyOf, openCommit } from './durablecommit.node.js'
import type { Wreck } from './durabledamage.js'
import { damagedFiles, salvaged } from './durablefiles.node.js'

const ENCODING = { keyEncoding: 'view', valueEncoding: 'view', compression: false } as const

type Database = ClassicLevel<Uint8Array, Uint8Array>

/** A commit as it is stored. */
export interface Stored {
  readonly header: CommitHeader
  readonly bytes: Uint8Array
}

/** The commits in LevelDB: each put once, under its sequence, and deleted once. */
export class Level {
  readonly #database: Database

  private constructor(database: Database) {
    this.#database = database
  }

  /**
   * BR-50, BR-53: opens the store in `path`. What is damaged is put aside, and all that is whole in it written anew.
   *
   * @throws SottoError broker/failed if the system refuses what is asked of it
   */
  static async open(path: string): Promise<{ readonly level: Level; readonly wreck: Wreck | undefined }> {
    const folder = join(path, 'level')
    await finishRescue(path)
    const files = (await isThere(folder)) ? await damagedFiles(folder) : []
    let wreck = files.length > 0 ? await rescued(path, files) : undefined
    const database = await opened(folder).catch(async (cause: unknown) => {
      if (wreck !== undefined || !isDamage(cause)) throw cause
      wreck = await rescued(path, ['MANIFEST'])
      return opened(folder)
    })
    try {
      await syncFolder(folder)
      await syncFolder(path)
    } catch (cause) {
      await database.close()
      throw cause
    }
    return { level: new Level(database), wreck }
  }

  /** The last commit that is as it was written. */
  async head(): Promise<CommitHeader | undefined> {
    for await (const [key, bytes] of this.#database.iterator({ reverse: true })) {
      const header = openCommit(key, bytes)
      if (header !== undefined) return header
    }
    return undefined
  }

  /** From `floor` on those that are as they were written, in their order. */
  async *commits(floor: number): AsyncGenerator<Stored> {
    for await (const [key, bytes] of this.#database.iterator({ gte: keyOf(floor) })) {
      const header = openCommit(key, bytes)
      if (header !== undefined) yield { header, bytes }
    }
  }

  /** Undefined if it is not there, or not as it was written (BR-49). */
  async commit(sequence: number): Promise<Uint8Array | undefined> {
    const key = keyOf(sequence)
    const bytes = await this.#database.get(key)
    return bytes !== undefined && openCommit(key, bytes) !== undefined ? bytes : undefined
  }

  /** Puts one and deletes those from `from` up to, but not with, `to`: all of it or nothing. */
  async write(sequence: number, bytes: Uint8Array, from: number, to: number, sync: boolean): Promise<void> {
    const batch = this.#database.batch().put(keyOf(sequence), bytes)
    for (let old = from; old < to; old++) batch.del(keyOf(old))
    await batch.write({ sync })
  }

  /** Gives back the room of what was deleted before `floor`: LevelDB by itself may wait for ten times as much. */
  async compact(floor: number): Promise<void> {
    await this.#database.compactRange(keyOf(0), keyOf(floor))
  }

  async close(): Promise<void> {
    await this.#database.close()
  }
}

/** Lets go of what was claimed. */
export type Release = () => Promise<void>

/**
 * BR-46: makes this process the one that has the store at `path`, a folder that is made if need be. The claim is the lock of a second store
 * of LevelDB, which has no records: the system lets go of it however the process ends. It is held before a file of the store is looked at.
 *
 * @throws SottoError broker/failed if another has it
 */
export const claim = async (path: string): Promise<{ readonly path: string; readonly release: Release }> => {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const real = await realpath(path)
  if (CLAIMED.has(real)) throw taken(path)
  CLAIMED.add(real)
  try {
    const database = await locked(path, join(real, 'claim'))
    const release = async (): Promise<void> => {
      await database.close()
      CLAIMED.delete(real)
    }
    return { path: real, release }
  } catch (cause) {
    CLAIMED.delete(real)
    throw cause
  }
}

/**
 * Folders that this process has claimed. They are asked for first: the system's lock is the whole process's, and lost when whoever has it
 * opens and closes its file once more, as LevelDB does on its way to refusing.
 */
const CLAIMED = new Set<string>()

const locked = async (path: string, folder: string): Promise<Database> => {
  try {
    return await opened(folder)
  } catch (cause) {
    if (SottoError.is(cause, 'broker/failed')) throw cause
    if (codeOf(cause) === 'LEVEL_LOCKED') throw taken(path, cause)
    // Damaged, it may be: there is nothing in it to lose but the lock, whose file stays.
    for (const name of await readdir(folder)) if (name !== 'LOCK') await rm(join(folder, name))
    return await opened(folder)
  }
}

const taken = (path: string, cause?: unknown): SottoError =>
  SottoError.of('broker/failed', `expected no other broker at ${path}`, { cause })

const opened = async (folder: string): Promise<Database> => {
  const { ClassicLevel } = await library()
  const database: Database = new ClassicLevel<Uint8Array, Uint8Array>(folder, ENCODING)
  await database.open()
  return database
}

/** Loaded when it is asked for, so that whoever has not installed it is told what to do. */
const library = async (): Promise<typeof import('classic-level')> => {
  try {
    return await import('classic-level')
  } catch (cause) {
    throw SottoError.of('broker/failed', 'expected the package classic-level: npm install classic-level', { cause })
  }
}

/** What LevelDB says of files that are not as it wrote them. What else fails may go well the next time. */
const isDamage = (cause: unknown): boolean =>
  ['LEVEL_CORRUPTION', 'LEVEL_NOT_FOUND', 'LEVEL_INVALID_ARGUMENT'].includes(codeOf(cause) ?? '')

/** LevelDB's own code stands behind that of its opening. */
const codeOf = (cause: unknown): string | undefined => {
  if (!(cause instanceof Error)) return undefined
  return codeOf(cause.cause) ?? ('code' in cause && typeof cause.code === 'string' ? cause.code : undefined)
}

/** Writes what is whole into a new store, and then puts it in the place of the old one, which stays as `damaged-N`. */
const rescued = async (path: string, files: readonly string[]): Promise<Wreck> => {
  const [folder, fresh] = [join(path, 'level'), join(path, 'level.new')]
  const commits = new Map<number, Stored>()
  for await (const [key, bytes] of salvaged(folder)) {
    const header = openCommit(key, bytes)
    if (header !== undefined) commits.set(header.sequence, { header, bytes })
  }
  const head = Math.max(0, ...commits.keys())
  const floor = commits.get(head)?.header.floor ?? 0
  const database = await opened(fresh)
  try {
    for (const [sequence, { bytes }] of commits)
      if (sequence >= floor) await database.put(keyOf(sequence), bytes, { sync: sequence === head })
    await syncFolder(fresh)
  } finally {
    await database.close()
  }
  let number = 1
  while (await isThere(join(path, `damaged-${number}`))) number++
  const kept = join(path, `damaged-${number}`)
  await rename(folder, kept)
  await finishRescue(path)
  return { files, kept }
}

/** A store in place of an old one is whole once that has gone. */
const finishRescue = async (path: string): Promise<void> => {
  const [folder, fresh] = [join(path, 'level'), join(path, 'level.new')]
  if (!(await isThere(fresh))) return
  if (await isThere(folder)) await rm(fresh, { recursive: true })
  else await rename(fresh, folder)
  await syncFolder(path)
}

const isThere = async (path: string): Promise<boolean> => {
  try {
    await access(path)
    return true
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return false
    throw cause
  }
}

/** Windows has no way to do this, and keeps names by itself. */
const syncFolder = async (path: string): Promise<void> => {
  if (process.platform === 'win32') return
  const folder = await open(path, constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
