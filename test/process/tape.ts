import type { Policy, Shape } from '../../src/index.js'

/** What a process measured of a stream of bytes. */
export interface Measured {
  readonly [key: string]: string | number
  readonly sha256: string
  readonly bytes: number
  /** Resident bytes: the most, and what came on top after a quarter of the stream. */
  readonly most: number
  readonly growth: number
}

const shapeOf = <T>(is: (value: unknown) => value is T): Shape<T> => ({
  '~standard': { version: 1, vendor: 'test', validate: (value) => (is(value) ? { value } : { issues: [] }) },
})

export const number = shapeOf((value): value is number => typeof value === 'number')

export const measured = shapeOf(
  (value): value is Measured => typeof value === 'object' && value !== null && 'sha256' in value && 'growth' in value,
)

export const open: Policy = {
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['stream'], on: ['>'] }],
}
