import { MAX_DEPTH, MAX_ITEMS, MAX_KEYS } from '../../src/cborscan.js'
import { RECORD_CEILING } from '../../src/channel/opener.js'
import { HEADER_LENGTH, MAX_PLAINTEXT, TAG_LENGTH } from '../../src/channel/record.js'
import { MAX_RECORDS, REKEY_BYTES, REKEY_RECORDS } from '../../src/channel/sealer.js'
import { MAX_FAULT } from '../../src/session/faults.js'
import { MAX_DETAIL, MAX_FRAMES, MAX_LABELS } from '../../src/session/frames.js'
import { encodeHello, MAX_PSK_ID } from '../../src/session/hello.js'
import { UNREAD_WINDOWS } from '../../src/session/intake.js'
import { CONTROL_BUDGET } from '../../src/session/outbox.js'
import { MAX_NEG, MAX_NOISE } from '../../src/session/packets.js'
import { FIELDS } from '../../src/session/payload.js'
import { OWN_BURST, PING_BURST, PINGS_PER_SECOND } from '../../src/session/pulse.js'
import { REFRESH_GAP_MS, REFRESH_LIMIT_MS, REFRESH_MS } from '../../src/session/refresh.js'
import { CREDENTIAL_BURST, CREDENTIALS_PER_SECOND, OWN_CREDENTIALS } from '../../src/session/standing.js'

type Rows = readonly (readonly string[])[]

const many = (count: number): string => count.toLocaleString('en')
const bytes = (count: number): string => `${many(count)} bytes`
const power = (count: number): string =>
  Number.isInteger(Math.log2(count)) ? `2^${Math.log2(count)}` : `${power(count + 1)}-1`
const seconds = (ms: number): string => many(ms / 1_000)

/** With the most suites and the longest psk id there may be. */
const longestHello = (): number =>
  encodeHello({ suites: Array.from({ length: 16 }, (_, i) => i), tried: 0, pskId: new Uint8Array(MAX_PSK_ID) }).length

/** The bounds of a chapter, by what the code is bound by; the arithmetic beside them is for people. */
export const BOUND_TABLES: Readonly<Record<string, () => Rows>> = {
  CBOR_LIMITS: () => [
    ['limit', 'value'],
    ['containers inside each other', many(MAX_DEPTH)],
    ['items', many(MAX_ITEMS)],
    ['keys of a map', many(MAX_KEYS)],
  ],
  CHANNEL_LIMITS: () => [
    ['limit', 'value'],
    ['record', bytes(HEADER_LENGTH + MAX_PLAINTEXT + TAG_LENGTH)],
    ['plaintext', `1..${bytes(MAX_PLAINTEXT)}`],
    ['frames of a record', many(MAX_FRAMES)],
    ['records a sender seals with a key', power(REKEY_RECORDS)],
    ['bytes a sender seals with a key', power(REKEY_BYTES)],
    ['records a receiver opens with a key, AESGCM', power(RECORD_CEILING.AESGCM)],
    ['records a receiver opens with a key, ChaChaPoly', power(RECORD_CEILING.ChaChaPoly)],
    ['refreshes', `one each ${seconds(REFRESH_GAP_MS)} to ${seconds(REFRESH_MS)} s`],
    ['a refresh', `${seconds(REFRESH_LIMIT_MS)} s`],
    ['records of a direction', power(MAX_RECORDS)],
  ],
  SESSION_BYTES: () => [
    ['limit', 'value'],
    ['packet', bytes(2 + MAX_NEG + 2 + MAX_NOISE)],
    ['Hello', bytes(longestHello())],
    ['Initiation', bytes(FIELDS.initiation.limit)],
    ['credential', bytes(FIELDS.credential.limit)],
    ['REFUSE, FAULT', `${many(MAX_DETAIL)}, ${bytes(MAX_FAULT)}`],
    ['labels of a BEGIN', many(MAX_LABELS)],
    ['control frames that wait', bytes(CONTROL_BUDGET)],
    ['items not yet read', `${UNREAD_WINDOWS + 1} session windows`],
    ['PINGs', `${OWN_BURST} sent, ${PING_BURST} taken at once; ${PINGS_PER_SECOND} a second`],
    [
      'CREDENTIALs',
      `${OWN_CREDENTIALS} sent, ${CREDENTIAL_BURST} taken at once; ${60 * CREDENTIALS_PER_SECOND} a minute`,
    ],
  ],
}
