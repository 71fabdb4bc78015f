import { crc32 } from 'node:zlib'

/** Of a commit: a checksum u32, then three numbers of 8 bytes. */
export const COMMIT_HEADER = 28

export interface CommitHeader {
  /** Counted from 1, without a gap. */
  readonly sequence: number
  /** The first commit that still says something. */
  readonly floor: number
  /** What the first message of this commit is numbered. */
  readonly made: number
}

/** Writes the header of a commit into the room in front of its entries (BR-49). */
export const sealCommit = (bytes: Uint8Array, { sequence, floor, made }: CommitHeader): void => {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  view.setFloat64(4, sequence)
  view.setFloat64(12, floor)
  view.setFloat64(20, made)
  view.setUint32(0, crc32(bytes.subarray(4)))
}

/** The header of a commit that is as it was written, under the key it was written under; else undefined. */
export const openCommit = (key: Uint8Array, bytes: Uint8Array): CommitHeader | undefined => {
  if (key.length !== 8 || bytes.length < COMMIT_HEADER) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const sequence = view.getFloat64(4)
  if (view.getUint32(0) !== crc32(bytes.subarray(4)) || sequence !== sequenceOf(key)) return undefined
  return { sequence, floor: view.getFloat64(12), made: view.getFloat64(20) }
}

/** Keys rise with the commits. */
export const keyOf = (sequence: number): Uint8Array => {
  const key = new Uint8Array(8)
  new DataView(key.buffer).setBigUint64(0, BigInt(sequence))
  return key
}

const sequenceOf = (key: Uint8Array): number => Number(new DataView(key.buffer, key.byteOffset).getBigUint64(0))
