/**
 * One error class, one table of codes (spec/errors.md).
 *
 * `wire` is the number the peer learns; 0 = the peer learns nothing. Numbers are never reused (ER-1).
 * `scope` says what ends: the session, one exchange, or nothing but the message or the local call.
 */
type Scope = 'session' | 'exchange' | 'message'

interface ErrorRow {
  readonly scope: Scope
  readonly wire: number
  readonly means: string
}

export const ERRORS = {
  'cbor/malformed': { scope: 'message', wire: 0, means: 'bytes that are not one well-formed CBOR item' },
  'cbor/forbidden': { scope: 'message', wire: 0, means: 'well-formed CBOR outside the profile' },
  'cbor/limit': { scope: 'message', wire: 0, means: 'too deep, too many items, too many keys or too long' },
  'cbor/unencodable': { scope: 'message', wire: 0, means: 'a value that has no form in the profile' },
  'crypto/unavailable': { scope: 'session', wire: 0, means: 'no provider here offers the algorithm' },
  'crypto/bad-key': { scope: 'session', wire: 0, means: 'a key of the wrong length or form' },
  'crypto/zero-shared': { scope: 'session', wire: 0, means: 'a Diffie-Hellman result of all zeros' },
  'noise/protocol': { scope: 'session', wire: 0, means: 'a protocol name or option the framework does not allow' },
  'noise/failed': { scope: 'session', wire: 0, means: 'a handshake message failed; the handshake is dead' },
  'noise/misuse': { scope: 'session', wire: 0, means: 'out of turn, already finished or already failed' },
  'noise/decrypt': { scope: 'session', wire: 0, means: 'a transport message failed authentication' },
  'noise/exhausted': { scope: 'session', wire: 0, means: 'the nonce limit of a key is reached' },
  'channel/forged': { scope: 'session', wire: 0, means: 'a record failed to open' },
  'channel/malformed': { scope: 'session', wire: 0, means: 'a record with an impossible length or layout' },
  'channel/exhausted': { scope: 'session', wire: 0, means: 'the record ceiling of a key or session is reached' },
  'channel/truncated': { scope: 'session', wire: 0, means: "the transport ended without the peer's END" },
  'contract/unserved': { scope: 'session', wire: 17, means: 'a contract or operation the other end does not serve' },
  'contract/changed': { scope: 'session', wire: 18, means: 'an operation whose row differs at the other end' },
  'contract/invalid': { scope: 'exchange', wire: 19, means: 'a value its shape or the wire profile refuses' },
  'contract/malformed': { scope: 'message', wire: 0, means: 'an exported contract that does not load' },
  'identity/malformed': { scope: 'message', wire: 0, means: 'an identity or secret text that does not parse' },
  'identity/mismatch': { scope: 'session', wire: 0, means: 'the peer proved another key than the one expected' },
  'identity/changed': { scope: 'session', wire: 0, means: 'the endpoint proved another key than the one remembered' },
  'identity/self': { scope: 'session', wire: 0, means: 'the peer proved our own key' },
  'identity/not-trusted': { scope: 'session', wire: 16, means: 'nothing here trusts the key that was proved' },
  'identity/credential': { scope: 'message', wire: 0, means: 'a credential that does not parse, verify or hold' },
  'identity/file': { scope: 'message', wire: 0, means: 'a file of keys or trust that cannot be used safely' },
  'policy/malformed': { scope: 'message', wire: 0, means: 'a policy document that does not load' },
  'policy/denied': { scope: 'exchange', wire: 32, means: 'no rule allows it, or one denies it' },
  'policy/limited': { scope: 'exchange', wire: 33, means: 'a limit of a matching rule has no room' },
  'audit/broken': { scope: 'message', wire: 0, means: 'a line of an audit log that does not fit' },
  'audit/file': { scope: 'message', wire: 0, means: 'a file of an audit log that cannot be read' },
  'audit/sink': { scope: 'message', wire: 0, means: 'the sink of an audit log failed, or cannot be used' },
  'audit/limit': { scope: 'message', wire: 0, means: 'audit logs that differ in more than is compared at once' },
  'session/malformed': { scope: 'session', wire: 1, means: 'bytes that are no packet, payload or frame' },
  'session/unexpected': { scope: 'session', wire: 2, means: 'a packet or frame the state table does not allow here' },
  'session/suite': { scope: 'session', wire: 0, means: 'no common suite, or one that was not offered' },
  'session/limit': { scope: 'session', wire: 3, means: 'a declared limit was exceeded' },
  'session/timeout': { scope: 'session', wire: 4, means: 'a handshake, keepalive or close took too long' },
  'session/lost': { scope: 'session', wire: 0, means: 'the session ended with work open' },
  'session/closed': { scope: 'session', wire: 5, means: 'the session is closing or closed' },
  'session/service': { scope: 'session', wire: 6, means: 'the requested service is not here' },
  'session/extension': { scope: 'session', wire: 7, means: 'a critical extension is unknown' },
  'session/busy': { scope: 'session', wire: 8, means: 'an admission budget of this end is used up' },
  'call/cancelled': { scope: 'exchange', wire: 48, means: 'the caller or this end cancelled the exchange' },
  'call/deadline': { scope: 'exchange', wire: 49, means: 'the deadline passed' },
  'call/fault': { scope: 'exchange', wire: 50, means: 'a fault the contract declares' },
  'call/internal': { scope: 'exchange', wire: 51, means: 'the handler failed in an undeclared way' },
  'call/too-large': { scope: 'exchange', wire: 52, means: 'a message over the limit the other end declared' },
  'flow/refused': { scope: 'exchange', wire: 64, means: 'a step its conversation does not allow now' },
  'topic/slow': { scope: 'exchange', wire: 80, means: 'a subscription whose reader was too slow for it' },
  'broker/full': { scope: 'exchange', wire: 81, means: 'a store of messages with no room for another' },
  'queue/lapsed': { scope: 'message', wire: 0, means: 'a delivery whose lease is over or that was settled' },
  'broker/failed': { scope: 'exchange', wire: 82, means: 'the store of messages failed' },
  'broker/corrupt': { scope: 'message', wire: 0, means: 'a stored message that is not as it was written' },
  'transport/failed': { scope: 'session', wire: 0, means: 'the byte transport failed' },
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof ERRORS

const CODES = Object.keys(ERRORS).filter((code): code is ErrorCode => Object.hasOwn(ERRORS, code))

/** The code of a wire number other than 0, which is none (ER-2), or undefined. */
export const codeOfWire = (wire: number): ErrorCode | undefined =>
  wire === 0 ? undefined : CODES.find((code) => ERRORS[code].wire === wire)

/** Details by code; a code not listed has none. */
export interface ErrorDetails {
  'policy/denied': { readonly decision: string; readonly address: string }
  'policy/limited': { readonly decision: string; readonly address: string }
  'policy/malformed': { readonly path: string }
  'audit/broken': { readonly line: number }
  'call/fault': { readonly name: string; readonly data: unknown }
  'call/internal': { readonly incident: string }
  'channel/truncated': { readonly records: number }
  'contract/unserved': { readonly contract: string; readonly operation?: string }
  /** `field` of the row, at the end that refused, where one alone differs. */
  'contract/changed': { readonly contract: string; readonly operation: string; readonly field?: string }
  'contract/invalid': { readonly path: string }
  'contract/malformed': { readonly path: string }
  /** `expected`: the operations that may come now. */
  'flow/refused': { readonly state: string; readonly expected: readonly string[] }
  'identity/mismatch': { readonly expected: string; readonly seen: string }
  'identity/changed': { readonly known: string; readonly seen: string }
}

export type DetailsOf<K extends ErrorCode> = K extends keyof ErrorDetails
  ? ErrorDetails[K]
  : Readonly<Record<never, never>>

/** Whether the other side did what was asked: surely not, possibly, surely. */
export type Ran = 'no' | 'maybe' | 'yes'

type Options<K extends ErrorCode> = (K extends keyof ErrorDetails
  ? { readonly details: ErrorDetails[K] }
  : { readonly details?: never }) & { readonly cause?: unknown; readonly ran?: Ran }

type Rest<K extends ErrorCode> = K extends keyof ErrorDetails ? [options: Options<K>] : [options?: Options<K>]

/**
 * The one error of Sotto. Switch on `code`; the text of `message` is for people and may change.
 * Never carries keys, plaintext or the peer's bytes.
 */
export class SottoError<K extends ErrorCode = ErrorCode> extends Error {
  readonly code: K
  readonly details: DetailsOf<K>
  readonly ran: Ran

  private constructor(code: K, message: string, details: DetailsOf<K>, ran: Ran, cause: unknown) {
    // ER-3
    super(`${code}: ${message}`, cause === undefined ? undefined : { cause })
    this.name = 'SottoError'
    this.code = code
    this.details = details
    this.ran = ran
  }

  /** @internal The one place an error is made. */
  static of<K extends ErrorCode>(code: K, message: string, ...rest: Rest<K>): SottoError<K> {
    const options: Options<ErrorCode> | undefined = rest[0]
    const details = (options?.details ?? {}) as DetailsOf<K>
    return new SottoError(code, message, details, options?.ran ?? 'no', options?.cause)
  }

  /** True if `error` is a SottoError of `code`; narrows `details`. */
  static is<K extends ErrorCode>(error: unknown, code: K): error is SottoError<K> {
    return error instanceof SottoError && error.code === code
  }
}
