import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../src/errors.js'

/** What the schemas of several files are made of. */

const isCode = (text: string): text is ErrorCode => Object.hasOwn(ERRORS, text)

export const hex = z.string().regex(/^(?:[0-9a-f]{2})*$/)
export const key32 = z.string().regex(/^[0-9a-f]{64}$/)
export const code = z.enum(Object.keys(ERRORS).filter(isCode))
export const rule = z.string().regex(/^[A-Z]{2}-[0-9]+$/)
export const about = z.string()
export const name = z.string()
export const count = z.int().min(0)
export const role = z.enum(['initiator', 'responder'])

/** A level that a vector needs beside that of its ask. */
export const level = z.literal('policy').optional()

/** A list whose vectors are the question `ask` of a conformance kit: all lists of one ask have the same members to ask with. */
export const asked = <S extends z.ZodType>(ask: string, list: S): S => list.meta({ ask })
/** A member that is to be found out: left out of what is asked, and in every answer. */
export const answer = <S extends z.ZodType>(member: S): S => member.meta({ answer: 'required' })
/** A member that an answer may have or leave out, as a value on the way. */
export const hint = <S extends z.ZodType>(member: S): S => member.meta({ answer: 'optional' })

/** One fault: the code, whose first half is the layer that refuses, and the requirement that asks for it. */
export const fault = { name, code, rule }

export const repeat = z.strictObject({ hex, times: count })

export const row = z.strictObject({
  name,
  kind: z.enum(['requestResponse', 'oneWay', 'stream', 'topic', 'queue']),
  subject: z.string(),
  faults: z.array(z.string()),
  visible: z.array(z.string()),
  retain: z.boolean(),
  idempotent: z.boolean(),
  /** Of a stream alone. */
  up: z.enum(['nothing', 'items', 'bytes']).optional(),
  down: z.enum(['nothing', 'items', 'bytes']).optional(),
  /** Of a step of a flow alone. */
  flow: z.strictObject({ key: z.string(), steps: z.record(z.string(), z.string()) }).optional(),
})

export const contract = z.strictObject({ name, operations: z.array(row) })

/** The symmetric state after a token: `k` is null before the first key. */
export const step = z.strictObject({
  message: count,
  token: z.string(),
  h: key32,
  ck: key32,
  k: key32.nullable(),
  n: count,
})

export const keys = z.strictObject({ t: key32, k_ir: key32, k_ri: key32, x: key32, exp: key32 })

/** What an application learns of a session that is open. */
export const LEARNT = [
  'message',
  'reply',
  'item',
  'ended',
  'stopped',
  'fault',
  'cancelled',
  'denied',
  'refused',
  'pong',
  'draining',
  'closed',
] as const
