import { expect, test } from 'vitest'
import { ERRORS, type ErrorCode, SottoError } from '../../src/errors.js'
import { decodeFrames } from '../../src/session/frames.js'
import type { Initiation } from '../../src/session/initiation.js'
import { limitsOf } from '../../src/session/limits.js'
import { errorOfRefusal, REFUSALS, refusalOf } from '../../src/session/refusal.js'

const SESSION = '0123456789abcdef'.repeat(2)

const offer = (contract: string) => ({
  contract,
  operations: [{ name: 'get', digest: new Uint8Array(32) }],
})

const asked: Initiation = {
  service: '',
  context: null,
  limits: limitsOf(),
  serves: [],
  uses: [offer('a.v1'), offer('b.v1')],
}

/** The error that a REFUSE of `code` and `detail` stands for. */
const heard = (code: ErrorCode | number, detail: string): SottoError =>
  errorOfRefusal({ is: 'REFUSE', code: typeof code === 'number' ? code : ERRORS[code].wire, detail }, SESSION, asked)

/** The same, of what the other end makes of `error`. */
const told = (error: SottoError): SottoError | undefined => {
  const [frame] = decodeFrames(refusalOf(error) ?? Uint8Array.of(0))
  return frame?.is === 'REFUSE' ? heard(frame.code, frame.detail) : undefined
}

const decision = `${SESSION.slice(0, 16)}.ir.0.1`

test.each([
  SottoError.of('contract/unserved', 'no', { details: { contract: 'b.v1' } }),
  SottoError.of('contract/unserved', 'no', { details: { contract: 'b.v1', operation: 'get' } }),
  SottoError.of('contract/changed', 'no', { details: { contract: 'a.v1', operation: 'get' } }),
  SottoError.of('policy/denied', 'no', { details: { decision, address: 'b.v1' } }),
  SottoError.of('policy/limited', 'no', { details: { decision, address: 'b.v1' } }),
  SottoError.of('identity/not-trusted', 'no'),
  SottoError.of('session/busy', 'no'),
  SottoError.of('session/malformed', 'no'),
  SottoError.of('session/service', 'no'),
  SottoError.of('session/extension', 'no'),
])('SE-29 $code is told with what it is about, and nothing more', (error) => {
  const { code, details } = told(error) ?? {}
  expect({ code, details }).toStrictEqual({ code: error.code, details: error.details })
})

test('SE-29 no other code is told of', () => {
  const others = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => !REFUSALS.some((each) => each === code))
  expect(others.length).toBeGreaterThan(20)
  // None of these needs details here.
  const said = others.filter((code) => refusalOf(SottoError.of(code as 'session/busy', 'no')) !== undefined)
  expect(said).toEqual([])
})

test.each([
  ['a contract that was not asked for', 'contract/unserved', 'c.v1'],
  ['an operation that was not asked for', 'contract/unserved', 'a.v1.put'],
  ['a changed row without an operation', 'contract/changed', 'a.v1'],
  ['a denial of an operation', 'policy/denied', 'a.v1.get'],
  ['a denial of nothing', 'policy/limited', ''],
  ['a detail where there is none', 'session/busy', 'a.v1'],
  ['a code that no REFUSE has', 'session/suite', ''],
  ['a code that is none', 65_000, ''],
] as const)('SE-29 %s is malformed', (_, code, detail) => {
  expect(heard(code, detail).code).toBe('session/malformed')
  expect(heard(code, detail).message).toContain('does not fit')
})
