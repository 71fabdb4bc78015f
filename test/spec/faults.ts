import { EMPTY } from '../../src/bytes.js'
import { encode } from '../../src/cbor.js'
import { topic } from '../../src/contract/operation.js'
import { rowOf } from '../../src/contract/row.js'
import { bytes } from '../../src/contract/shape.js'
import { parseTemplate } from '../../src/contract/subject.js'
import { ERRORS, type ErrorCode, type Ran, SottoError } from '../../src/errors.js'
import type { Route } from '../../src/session/agreement.js'
import { decodeFault } from '../../src/session/faults.js'

/** A place where every FAULT can come that there is: a subscription that is a step of a flow. No contract has one. */
const route: Route = {
  contract: 'a.v1',
  row: { ...rowOf('b', topic(bytes)), flow: { key: 'k', steps: { start: 'end' } } },
  template: parseTemplate(''),
  verb: 'subscribe',
  subject: '',
  standing: true,
  address: 'a.v1.b',
  known: new Map(),
}

/** The forms of details: by the rules of spec/wire.cddl. */
const FORMS = [
  ['none', EMPTY, false],
  ['`DeclaredFault`', encode({ name: 'a' }), false],
  ['`Incident`', encode({ incident: 'a' }), false],
  ['`Invalid`', encode({ path: 'a' }), false],
  ['`Invalid`', encode({ path: 'a', item: 1 }), true],
  ['`Refused`', encode({ item: 1 }), true],
  ['`Misstep`', encode({ state: 'a', expected: [] }), false],
] as const

interface FaultRow {
  readonly code: ErrorCode
  readonly details: string
  readonly ran: string
}

const codes = Object.keys(ERRORS).filter((code): code is ErrorCode => Object.hasOwn(ERRORS, code))

/** What a FAULT may carry: found out by asking the decoder. */
export const FAULTS: readonly FaultRow[] = codes.flatMap((code) => {
  const taken = FORMS.flatMap(([is, body, item]) => {
    const ran = ranOf(code, body)
    return ran === undefined ? [] : [{ is, item, ran }]
  })
  if (taken.length === 0) return []
  const details = [...new Set(taken.map(({ is }) => is))].join(', ')
  const plain = taken.find(({ item }) => !item)?.ran ?? ''
  const ofItem = taken.find(({ item }) => item)?.ran
  return [{ code, details, ran: ofItem === undefined ? plain : `${plain}; ${ofItem} with \`item\`` }]
})

function ranOf(code: ErrorCode, body: Uint8Array): Ran | undefined {
  try {
    const error = decodeFault(ERRORS[code].wire, body, { route, items: 1, decision: () => '' })
    return error.code === code ? error.ran : undefined
  } catch (error) {
    if (SottoError.is(error, 'session/malformed')) return undefined
    throw error
  }
}
