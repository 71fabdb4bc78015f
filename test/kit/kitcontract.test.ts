import { describe, expect, test } from 'vitest'
import { kitContract, LEVELS, operationsOf } from '../../src/kit/kitcontract.js'

describe('kit.v1', () => {
  test('has the five operations of the level core, and all thirteen with messaging', () => {
    const names = (levels: readonly (typeof LEVELS)[number][]) =>
      Object.keys(kitContract(operationsOf(levels)).operations)
    expect(names(['core', 'policy'])).toEqual(['crash', 'echo', 'fail', 'never', 'note'])
    expect(names(LEVELS)).toHaveLength(13)
  })

  test('has a conversation of three steps', () => {
    const { flow } = kitContract(operationsOf(LEVELS))
    expect(flow).toEqual({ key: 'id', states: { start: { start: 'going' }, going: { finish: 'end', go: 'going' } } })
  })
})
