import type { Vectors } from '../schema.js'

export type Policy = Vectors<'policy'>
type Posed = Policy['policies'][number]
/** A question, and what is answered. */
export type Question = Posed['questions'][number] & Posed['verdicts'][number]
export type Case = Pick<Posed, 'name' | 'policy' | 'contracts'> & { readonly questions: readonly Question[] }
/** A pattern, asked by one of the peers. */
export type PatternCase = Omit<Policy['patterns'][number], 'peer'> & { readonly peer: string }
/** A document that does not load, and where its fault is. */
export type RefusedCase = Pick<Policy['refused'][number], 'name' | 'rule' | 'path' | 'policy' | 'contracts'>
export type Json = Posed['policy']
export type Fields = { readonly [name: string]: Json }

/** A rule that lets everybody call `a.v1.read`, but for what `over` says. */
export const rule = (id: string, over: Fields = {}): Json => ({
  id,
  effect: 'allow',
  by: ['any'],
  verbs: ['call'],
  on: ['a.v1.read'],
  ...over,
})

/** The same for what we do to others. */
export const ownRule = (id: string, over: Fields = {}): Json => ({
  id,
  effect: 'allow',
  to: ['any'],
  verbs: ['call'],
  on: ['a.v1.read'],
  ...over,
})

export const document = (rules: Json[], over: Fields = {}): Json => ({ version: 1, rules, ...over })

/** A question of alice's call at `a.v1.read`, but for what `over` says; a deny if that has a reason. */
export const ask = (requirement: string, name: string, over: Partial<Question>, ...rules: string[]): Question => ({
  name,
  rule: requirement,
  peer: 'alice',
  direction: 'in',
  verb: 'call',
  address: 'a.v1.read',
  attributes: {},
  nowMs: 0,
  charge: false,
  effect: over.why === undefined || over.why === null ? 'allow' : 'deny',
  why: null,
  ...over,
  rules,
})
