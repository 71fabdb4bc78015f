import { begin, bytesOf } from '../../src/kit/hostileframes.js'
import type { TrafficItem } from '../schema.js'
import { fine, type Over, type Play, type Refuse, WHOLE, wrong } from './trafficform.js'

export const ONE = bytesOf(1)
export const TWO = bytesOf(0x62, 0x61)
export const MESSAGING: Over = { operations: [...WHOLE] }
export const number = (operation: string): number => WHOLE.indexOf(operation)
export const begun = (operation: string, over: object = {}): Uint8Array =>
  begin({ exchange: 1, operation: number(operation), body: ONE, ...over })
export const stands = (operation: string, subject = 'a', over: object = {}): Uint8Array =>
  begun(operation, { subject, standing: true, flags: 0, ...over })
export const own = (operation: string, over: object = {}): TrafficItem => ({
  act: 'begin',
  operation,
  body: '01',
  ...over,
})
export const yes = (rule: string, name: string, script: readonly TrafficItem[], over: Over = {}): Play =>
  fine(rule, name, script, { ...MESSAGING, ...over })
export const no = (rule: string, name: string, script: readonly TrafficItem[], over: Over = {}): Refuse =>
  wrong(rule, name, 'session/malformed', script, { ...MESSAGING, ...over })
