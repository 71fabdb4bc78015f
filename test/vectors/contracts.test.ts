import { describe, expect, test } from 'vitest'
import { contractChanges } from '../../src/contract/changes.js'
import { parseContract } from '../../src/contract/exported.js'
import { rowsOf } from '../../src/contract/row.js'
import { SottoError } from '../../src/errors.js'
import { contracts as schema } from '../../test-vectors/messagingschema.js'
import { readVectors } from './file.js'

const { accepted, refused, diffs } = readVectors(schema, 'contracts')

describe('contracts.json', () => {
  test.each(accepted)('CO-16, CV-6 $name is read, and exported as it was', ({ contract: given, numbered, flow }) => {
    const contract = parseContract(given)
    expect(rowsOf(contract).map(({ name }) => name)).toEqual(numbered)
    expect(contract.flow ?? null).toEqual(flow)
    // The shapes that rows tell of have schemas, whether they were given or not.
    expect(JSON.parse(JSON.stringify(contract))).toMatchObject({ ...objectOf(given) })
  })

  test.each(refused)('$rule $name is $code at "$path"', ({ contract, path }) => {
    let error: unknown
    try {
      parseContract(contract)
    } catch (thrown) {
      error = thrown
    }
    expect(SottoError.is(error, 'contract/malformed') && error.details.path).toBe(path)
  })

  test.each(diffs)('$rule $name', ({ mine, theirs, changes, schemas }) => {
    const found = contractChanges(parseContract(mine), parseContract(theirs))
    const told = found.map(({ operation = null, mine: own = null, theirs: other = null, ...change }) => ({
      ...change,
      operation,
      mine: own,
      theirs: other,
    }))
    const all: unknown[] = JSON.parse(JSON.stringify(told))
    expect(all).toHaveLength(changes.length + schemas.length)
    expect(all).toEqual(expect.arrayContaining([...changes, ...schemas]))
  })
})

const objectOf = (given: unknown): object => {
  if (typeof given !== 'object' || given === null) throw new TypeError('expected an object')
  return given
}
