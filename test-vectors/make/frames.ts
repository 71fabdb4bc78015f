import { toHex, utf8 } from '../../src/bytes.js'
import { encodeFault, type Fault, wireOf } from '../../src/session/faults.js'
import { FLAG } from '../../src/session/frames.js'
import { encodeFrame, encodeLabels, encodeSubject, writeBegin, writeData } from '../../src/session/framewriter.js'
import { LIMITS } from '../../src/session/limits.js'
import { fromHex, hexOf } from '../hex.js'
import type { FrameForm, Vectors } from '../schema.js'
import { refusedDetails } from './framedetails.js'
import { refusedLayouts, refusedOrders } from './framefields.js'

type Frames = Vectors<'frames'>
type Refused = Frames['refused'][number]

export const frameVectors = (): Frames => ({
  about:
    'Frames, and the plaintexts of records that they make up (spec/session.md, spec/channel.md). `as`: what `hex` must be read as: the one frame of a plaintext, a plaintext, or the details of a FAULT. ' +
    '`repeat`: the bytes `repeat.hex`, `repeat.times` times, stand behind `hex`. plaintexts with `repeat` list only the frames of `hex`; those of `repeat` are padding. ' +
    'A fault has the code `wire`, and comes to an own subscription that is a step of a flow, in which three items were sent; `error` is what it stands for, and `diagnostic` the details as CBOR, empty where there are none.',
  frames: FORMS.map(([name, frame]) => ({ name, as: 'frame', hex: toHex(bytesOf(frame)), frame })),
  plaintexts: plaintexts(),
  faults: faults(),
  refused: [
    ...refusedPlaintexts(),
    ...refusedFields(),
    ...refusedLayouts(),
    ...refusedOrders(),
    ...refusedFaults(),
    ...refusedDetails(),
  ],
})

const begin = (over: Partial<Extract<FrameForm, { is: 'BEGIN' }>>): FrameForm => ({
  is: 'BEGIN',
  exchange: 1,
  operation: 0,
  subject: '',
  standing: false,
  ttlMs: 0,
  labels: {},
  end: true,
  more: false,
  body: '',
  ...over,
})

const FORMS: readonly (readonly [string, FrameForm])[] = [
  ['ACCEPT', { is: 'ACCEPT', body: 'a0' }],
  ['REFUSE without a detail', { is: 'REFUSE', code: 16, detail: '' }],
  ['REFUSE that names an address', { is: 'REFUSE', code: 17, detail: 'thermostat.v1.read' }],
  ['BEGIN of a whole message', begin({ body: '6161' })],
  ['BEGIN without a body', begin({ exchange: 2, operation: 3 })],
  ['BEGIN of a message that goes on', begin({ end: false, more: true, body: '01' })],
  ['BEGIN with a time to live and labels', begin({ ttlMs: 30_000, labels: { a: '', trace: 'é-1' }, body: 'f6' })],
  ['BEGIN of what is published', begin({ operation: 4, subject: 'kitchen.a', body: '6161' })],
  ['BEGIN of a subscription', begin({ operation: 4, subject: 'kitchen.*', standing: true, end: false, body: 'a0' })],
  ['BEGIN of a consumer without a subject', begin({ operation: 5, standing: true, end: false, body: 'a0' })],
  [
    'BEGIN with all there is',
    begin({ operation: 4, subject: '*', standing: true, end: false, ttlMs: 500, labels: { group: 'g' }, body: 'a0' }),
  ],
  ['BEGIN with varints of every length', begin({ exchange: 63, operation: 64, ttlMs: 16_384 })],
  ['BEGIN with the longest varint', begin({ exchange: 2 ** 30, ttlMs: Number.MAX_SAFE_INTEGER })],
  ['DATA that ends', { is: 'DATA', exchange: 1, end: true, more: false, body: '6161' }],
  ['DATA that goes on', { is: 'DATA', exchange: 1, end: false, more: true, body: '00' }],
  ['DATA that is an item and no end', { is: 'DATA', exchange: 1, end: false, more: false, body: '05' }],
  ['DATA that ends with nothing', { is: 'DATA', exchange: 5, end: true, more: false, body: '' }],
  ['FAULT without details', { is: 'FAULT', exchange: 1, code: 32, body: '' }],
  ['FAULT of an item', { is: 'FAULT', exchange: 1, code: 32, body: 'a1646974656d02' }],
  ['FAULT with details', { is: 'FAULT', exchange: 1, code: 51, body: 'a168696e636964656e7463616263' }],
  ['RESET', { is: 'RESET', exchange: 1, code: 48, size: 300 }],
  ['STOP', { is: 'STOP', exchange: 1, code: 49 }],
  ['CREDIT of the session', { is: 'CREDIT', exchange: 0, limit: 2_097_152 }],
  ['CREDIT of an exchange', { is: 'CREDIT', exchange: 7, limit: 393_216 }],
  ['PING', { is: 'PING', count: 1 }],
  ['PONG', { is: 'PONG', count: 1 }],
  ['REKEY', { is: 'REKEY', generation: 0 }],
  ['REKEY of a refresh', { is: 'REKEY', generation: 1 }],
  ['REFRESH that asks', { is: 'REFRESH', body: '' }],
  ['REFRESH', { is: 'REFRESH', body: '00'.repeat(64) }],
  ['CREDENTIAL', { is: 'CREDENTIAL', body: 'd28443a10126' }],
  ['DRAIN before any exchange', { is: 'DRAIN', last: 0 }],
  ['DRAIN', { is: 'DRAIN', last: 9 }],
  ['END', { is: 'END', code: 0 }],
  ['END with a reason', { is: 'END', code: 4 }],
]

/** The bytes of a form. */
export const bytesOf = (form: FrameForm): Uint8Array => {
  if (form.is === 'BEGIN' || form.is === 'DATA') return messageBytes(form)
  return encodeFrame('body' in form ? { ...form, body: fromHex(form.body) } : form)
}

const messageBytes = (form: Extract<FrameForm, { is: 'BEGIN' | 'DATA' }>): Uint8Array => {
  const body = fromHex(form.body)
  const out = new Uint8Array(body.length + 1_024)
  const flags = (form.end ? FLAG.end : 0) | (form.more ? FLAG.more : 0)
  if (form.is === 'DATA') return out.slice(0, writeData(out, 0, form.exchange, flags, body))
  const { operation, standing, ttlMs } = form
  const subject = encodeSubject(form.subject)
  const head = { operation, subject, standing, ttlMs, labels: encodeLabels(form.labels) }
  return out.slice(0, writeBegin(out, 0, form.exchange, head, flags, body))
}

const plaintexts = (): Frames['plaintexts'] => {
  const ping: FrameForm = { is: 'PING', count: 1 }
  const rekey: FrameForm = { is: 'REKEY', generation: 0 }
  const first = begin({ body: '6161' })
  const second = begin({ exchange: 3, body: '6162' })
  const of = (name: string, frames: FrameForm[], padding?: number): Frames['plaintexts'][number] => ({
    name,
    as: 'plaintext',
    hex: hexOf(...frames.map(bytesOf)),
    ...(padding !== undefined && { repeat: { hex: '00', times: padding } }),
    frames,
  })
  return [
    of('three frames', [ping, first, second]),
    of('a frame and padding', [ping], 5),
    of('padding behind the last frame', [ping, rekey], 3),
    of('the longest plaintext', [ping], 65_517),
  ]
}

const faults = (): Frames['faults'] => {
  const of = (name: string, fault: Fault, diagnostic: string): Frames['faults'][number] => ({
    name,
    as: 'fault',
    hex: toHex(encodeFault(fault, LIMITS.plaintext.default)),
    wire: wireOf(fault),
    error: fault.code,
    diagnostic,
  })
  return [
    of('denied', { code: 'policy/denied' }, ''),
    of('limited', { code: 'policy/limited' }, ''),
    of('cancelled', { code: 'call/cancelled' }, ''),
    of('too late', { code: 'call/deadline' }, ''),
    of('closing', { code: 'session/closed' }, ''),
    of(
      'a declared fault',
      { code: 'call/fault', name: 'NoSuchRoom', data: { room: 'attic' } },
      '{"data": {"room": "attic"}, "name": "NoSuchRoom"}',
    ),
    of('a declared fault without data', { code: 'call/fault', name: 'Busy', data: undefined }, '{"name": "Busy"}'),
    of('a handler that failed', { code: 'call/internal', incident: 'abc' }, '{"incident": "abc"}'),
    of('a value its shape refuses', { code: 'contract/invalid', path: 'room' }, '{"path": "room"}'),
    of('what was taken and is denied by now', { code: 'policy/denied', item: 0 }, '{"item": 0}'),
    of('an item that is denied', { code: 'policy/denied', item: 2 }, '{"item": 2}'),
    of('an item over a limit', { code: 'policy/limited', item: 3 }, '{"item": 3}'),
    of(
      'a step that may not come now',
      { code: 'flow/refused', state: 'begun', expected: ['drop', 'pay'] },
      '{"state": "begun", "expected": ["drop", "pay"]}',
    ),
    of('a reader that was too slow', { code: 'topic/slow' }, ''),
    of('a store without room', { code: 'broker/full' }, ''),
    of('a store that failed', { code: 'broker/failed' }, ''),
    of('an item its shape refuses', { code: 'contract/invalid', path: 'a', item: 1 }, '{"item": 1, "path": "a"}'),
  ]
}

const no = (rule: string, name: string, hex: string): Refused => ({
  name,
  code: 'session/malformed',
  rule,
  as: 'plaintext',
  hex,
})

const refusedPlaintexts = (): Refused[] => [
  no('CH-9', 'nothing', ''),
  no('CH-9', 'padding alone', '0000'),
  no('CH-9', 'padding that is not zero', '0901000001'),
  no('CH-9', 'a frame behind padding', '0901000902'),
  { ...no('CH-9', '4,097 frames', '0901'), repeat: { hex: '0a01', times: 4_096 } },
  no('CH-10', 'a frame behind ACCEPT', '0101a00901'),
  no('CH-10', 'a frame behind REFUSE', '0210000901'),
  no('CH-10', 'a frame behind REKEY', '0b000901'),
  no('CH-10', 'a frame behind END', '0f000901'),
  no('SE-100', 'CREDENTIAL of no byte', '0d00'),
  no('SE-31', 'the type 16', '1000'),
  no('SE-31', 'the type 255', 'ff00'),
]

const refusedFields = (): Refused[] => {
  const label = (name: string, value: string): string => {
    const parts = [utf8(name), utf8(value)]
    return hexOf(...parts.flatMap((part) => [Uint8Array.of(part.length), part]))
  }
  const labelled = (count: number, ...labels: string[]): string =>
    `0305010000${hexOf(Uint8Array.of(count), ...labels)}00`
  return [
    no('SE-31', 'a body longer than the record', '0401010261'),
    no('SE-32', 'an empty subject', '03090100000000'),
    no('SE-32', 'a subject that is not UTF-8', '0309010001ff0000'),
    no('SE-32', 'a subject of 256 bytes', `030901004100${'61'.repeat(256)}0000`),
    no('SE-32', 'BEGIN that ends inside its message', '030301000000'),
    no('SE-32', 'DATA that ends inside its message', '04030100'),
    no('SE-33', 'the flag of labels, and no label', labelled(0)),
    no('SE-33', '17 labels', labelled(17, ...Array.from({ length: 17 }, (_, i) => label(`l${10 + i}`, '')))),
    no('SE-33', 'labels that do not rise', labelled(2, label('b', ''), label('a', ''))),
    no('SE-33', 'a label twice', labelled(2, label('a', ''), label('a', ''))),
    no('SE-33', 'a label that is no token', labelled(1, label('a.b', ''))),
    no('SE-33', 'a label without a name', labelled(1, label('', ''))),
    no('SE-33', 'a label that is not UTF-8', labelled(1, '0161', '01ff')),
    no('SE-33', 'a value of 257 bytes', labelled(1, '0161', '4101', '61'.repeat(257))),
  ]
}

const refusedFaults = (): Refused[] => {
  const bad = (name: string, wire: number, hex: string): Refused => ({ ...no('SE-49', name, hex), as: 'fault', wire })
  return [
    bad('a code nobody knows', 999, ''),
    bad('a code that no FAULT carries', 16, ''),
    bad('details where there are none', 48, 'a0'),
    bad('details of a refusal without an item', 32, 'a0'),
    bad('an item below 0', 32, 'a1646974656d20'),
    bad('the item 0 of an invalid body', 19, 'a2646974656d00647061746860'),
    bad('an item that was not sent, of three', 33, 'a1646974656d04'),
    bad('an item that is no number', 19, 'a2646974656d6131647061746860'),
    bad('no details where there are some', 50, ''),
    bad('details that are no map', 50, '80'),
    bad('details that are not strict CBOR', 51, 'bfff'),
    bad('a member too many', 51, 'a261610068696e636964656e746161'),
    bad('a fault without a name', 50, 'a0'),
    bad('a step without a state', 64, 'a168657870656374656480'),
    bad('steps that are no list', 64, 'a2657374617465616168657870656374656460'),
    bad('details of a store without room', 81, 'a0'),
    bad('a name that is no text', 50, 'a1646e616d6500'),
  ]
}
