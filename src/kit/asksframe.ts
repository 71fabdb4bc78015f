import { decode } from '../cbor.js'
import { topic } from '../contract/operation.js'
import { rowOf } from '../contract/row.js'
import { bytes } from '../contract/shape.js'
import { parseTemplate } from '../contract/subject.js'
import type { Route } from '../session/agreement.js'
import { decodeFault } from '../session/faults.js'
import { decodeFrames } from '../session/frames.js'
import { diagnosticOf, repeatedOf } from './asksencoding.js'
import { formOf } from './frameform.js'
import type { Members } from './members.js'

/** Asks of frames, of the plaintexts that they make up, and of what is in a FAULT. */
export const FRAME_ASKS = {
  frame: (vector: Members) => {
    const as = vector.one('as', ['frame', 'plaintext', 'fault'])
    if (as === 'fault') return faultOf(vector.count('wire'), vector.bytes('hex'))
    const frames = decodeFrames(repeatedOf(vector)).map(formOf)
    return as === 'frame' ? { frame: frames[0] } : { frames }
  },
}

/** What every code can come of: a subscription that is a step of a flow. */
const ROUTE: Route = {
  contract: 'a.v1',
  row: { ...rowOf('news', topic(bytes)), flow: { key: 'id', steps: { start: 'end' } } },
  template: parseTemplate(''),
  verb: 'subscribe',
  known: new Map(),
  subject: '',
  standing: true,
  address: 'a.v1.news',
}

const faultOf = (wire: number, details: Uint8Array) => {
  const { code } = decodeFault(wire, details, { decision: () => '', route: ROUTE, items: 3 })
  return { error: code, diagnostic: details.length === 0 ? '' : diagnosticOf(decode(details)) }
}
