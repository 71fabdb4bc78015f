import type { Case } from '../case.js'
import { casesOf, type Row, type Table } from './row.js'

/** What a rule says beside its id, that it allows, and whose acts. */
export type RuleOf = Readonly<Record<string, unknown>>

/** A policy of these rules. */
export const document = (...rules: readonly RuleOf[]) => ({
  version: 1,
  rules: rules.map((rule, index) => ({
    id: `r${index}`,
    effect: 'allow',
    ...('to' in rule ? {} : { by: ['any'] }),
    ...rule,
  })),
})

/** Under a policy of these rules. */
export const under = (rules: readonly RuleOf[], rows: readonly Row[], table: Table = {}): readonly Case[] =>
  casesOf({ ...table, level: 'policy', setup: { ...table.setup, open: { policy: document(...rules) } } }, rows)
