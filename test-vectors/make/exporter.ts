import { EMPTY, toHex } from '../../src/bytes.js'
import type { Provider } from '../../src/crypto/provider.js'
import { counting, fromHex } from '../hex.js'
import type { Vectors } from '../schema.js'
import { exportOf, scheduleOf } from '../trace.js'

type Exporter = Vectors<'exporter'>

export const exporterVectors = (provider: Provider): Exporter => ({
  about:
    'What a finished handshake leaves (spec/noise.md). schedules: the keys from ck and h; sessionId is the export of 16 bytes for the reserved label ' +
    '"sotto session id" and an empty context. exports: what an application gets. labels: whether an application may export with this label and length.',
  schedules: STATES.map(([name, ck, h]) => schedule(name, ck, h, provider)),
  exports: STATES.flatMap(([name, ck, h]) => exported(name, ck, h, provider)),
  labels: LABELS.map(([rule, name, label, length, valid]) => ({ name, rule, label, length, valid })),
})

const STATES: readonly (readonly [name: string, ck: Uint8Array, h: Uint8Array])[] = [
  ['ck and h that count', counting(0x00, 32), counting(0x80, 32)],
  ['ck and h of ones', new Uint8Array(32).fill(1), new Uint8Array(32).fill(1)],
]

const schedule = (name: string, ck: Uint8Array, h: Uint8Array, provider: Provider): Exporter['schedules'][number] => {
  const { t, k_ir, k_ri, x, exp, root } = scheduleOf(provider, ck, h)
  return {
    name,
    ck: toHex(ck),
    h: toHex(h),
    keys: { t: toHex(t), k_ir: toHex(k_ir), k_ri: toHex(k_ri), x: toHex(x), exp: toHex(exp), root: toHex(root) },
    sessionId: toHex(exportOf(provider, exp, 'sotto session id', EMPTY, 16)),
  }
}

const exported = (name: string, ck: Uint8Array, h: Uint8Array, provider: Provider): Exporter['exports'] => {
  const { exp } = scheduleOf(provider, ck, h)
  return [
    ['a byte', 'a', '', 1] as const,
    ['a hash', 'EXPORTER test', '0102', 32] as const,
    ['a byte more than a hash', 'EXPORTER test', '0102', 33] as const,
    ['the longest label', 'x'.repeat(255), '', 100] as const,
  ].map(([what, label, context, length]) => ({
    name: `${name}: ${what}`,
    ck: toHex(ck),
    h: toHex(h),
    label,
    context,
    length,
    bytes: toHex(exportOf(provider, exp, label, fromHex(context), length)),
  }))
}

const LABELS: readonly (readonly [rule: string, name: string, label: string, length: number, valid: boolean])[] = [
  ['NO-28', 'a letter and a byte', 'a', 1, true],
  ['NO-28', 'an empty label', '', 32, false],
  ['NO-28', 'a label of 255 characters', 'x'.repeat(255), 32, true],
  ['NO-28', 'a label of 256 characters', 'x'.repeat(256), 32, false],
  ['NO-28', 'a label with a line feed', 'a\n', 32, false],
  ['NO-28', 'a label that is not ASCII', 'é', 32, false],
  ['NO-28', 'no bytes', 'a', 0, false],
  ['NO-28', '1,024 bytes', 'a', 1_024, true],
  ['NO-28', '1,025 bytes', 'a', 1_025, false],
  ['NO-29', 'a reserved label', 'sotto session id', 16, false],
]
