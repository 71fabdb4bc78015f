import { SottoError } from '../errors.js'

/** Bytes of the length field in front of a record (CH-1). */
export const HEADER_LENGTH = 2
/** Bytes of the authentication tag. */
export const TAG_LENGTH = 16
/** The largest plaintext of a record: 65,535 - 16 bytes. */
export const MAX_PLAINTEXT = 0xffff - TAG_LENGTH

/** Whole length of the record that starts at `bytes[0]`. @throws channel/malformed at the header, before the body is read (CH-1) */
export const recordLength = (bytes: Uint8Array): number | undefined => {
  const high = bytes[0]
  const low = bytes[1]
  if (high === undefined || low === undefined) return undefined
  const length = high * 0x100 + low
  // A record holds at least one frame byte behind its tag.
  if (length <= TAG_LENGTH)
    throw SottoError.of('channel/malformed', `expected a record of 17..65535 bytes, got ${length}`)
  return HEADER_LENGTH + length
}
