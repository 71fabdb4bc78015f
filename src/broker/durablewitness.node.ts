import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

/** What was acknowledged last, as the witness saw it. */
export interface Witnessed {
  readonly sequence: number
  /** What the next message would have been numbered. */
  readonly made: number
}

/** Checksum u32, then two numbers of 8 bytes. */
const SLOT = 20
/** Slots are in blocks of their own, and are written in turn: one is whole always. */
const APART = 4_096

/**
 * BR-51: remembers beside the store how far it had come, so that the loss of its end is seen. Written behind each commit and before it is
 * acknowledged; synced only at the end, as it may be behind the store, but never before it.
 */
export class Witness {
  readonly #file: FileHandle
  readonly #slot = new Uint8Array(SLOT)
  readonly #view = new DataView(this.#slot.buffer)

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** @returns what it says; undefined if there was none, or it was not as it was written */
  static async at(path: string): Promise<{ readonly witness: Witness; readonly said: Witnessed | undefined }> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
    try {
      const bytes = new Uint8Array(APART + SLOT)
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
      const said = [slotAt(bytes, 0), slotAt(bytes, APART)].flatMap((slot) => slot ?? [])
      if (bytesRead < bytes.length) {
        await file.truncate(APART + SLOT)
        await file.sync()
      }
      said.sort((a, b) => b.sequence - a.sequence)
      return { witness: new Witness(file), said: said[0] }
    } catch (cause) {
      await file.close()
      throw cause
    }
  }

  async write({ sequence, made }: Witnessed): Promise<void> {
    this.#view.setFloat64(4, sequence)
    this.#view.setFloat64(12, made)
    this.#view.setUint32(0, crc32(this.#slot.subarray(4)))
    const { bytesWritten } = await this.#file.write(this.#slot, 0, SLOT, (sequence % 2) * APART)
    if (bytesWritten < SLOT) throw new RangeError(`expected to write ${SLOT} bytes, wrote ${bytesWritten}`)
  }

  async close(): Promise<void> {
    try {
      await this.#file.datasync()
    } finally {
      await this.#file.close()
    }
  }
}

const slotAt = (bytes: Uint8Array, start: number): Witnessed | undefined => {
  const view = new DataView(bytes.buffer, start, SLOT)
  if (view.getUint32(0) !== crc32(bytes.subarray(start + 4, start + SLOT))) return undefined
  const sequence = view.getFloat64(4)
  return sequence > 0 ? { sequence, made: view.getFloat64(12) } : undefined
}
