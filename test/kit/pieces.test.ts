import { describe, expect, test } from 'vitest'
import { describePieces, piecesOf } from '../../src/kit/pieces.js'
import { checksOf } from '../../src/policy/check.js'
import type { Attribute, Condition, Operator } from '../../src/policy/rule.js'

type Told = readonly [is: Operator, value?: Condition['value']]

const pieces = (attribute: Attribute, told: readonly Told[], more: { readonly tokens?: readonly string[] } = {}) => {
  const conditions = told.map(([is, value]): Condition => ({ attribute, is, ...(value !== undefined && { value }) }))
  const checks = conditions.flatMap((each) =>
    checksOf({ id: 'r', effect: 'deny', by: ['any'], verbs: ['call'], on: ['a.v1.o'], when: [each] }),
  )
  const asked = {
    attribute,
    verb: 'call',
    visible: ['b'],
    conditions,
    checks,
    tokens: [],
    word: 'other',
    ...more,
  } as const
  return piecesOf(asked).map((piece) => [piece.value, describePieces([piece]).join(' or ')])
}

describe('CL-36 the values of an attribute fall into the pieces that conditions tell apart', () => {
  const cases: readonly (readonly [string, ReturnType<typeof pieces>, ReturnType<typeof pieces>])[] = [
    [
      'a size is a whole number that is always there',
      pieces('bytes', [['gt', 5]]),
      [
        [1, 'at most 5'],
        [6, 'above 5'],
      ],
    ],
    [
      'no size is between two numbers that follow',
      pieces('bytes', [
        ['gt', 5],
        ['lt', 6],
      ]),
      [
        [1, 'at most 5'],
        [6, 'at least 6'],
      ],
    ],
    [
      'no size is below 0 or above the largest message',
      pieces('bytes', [
        ['lt', 0],
        ['gt', 2 ** 26],
      ]),
      [[0, 'at least 0 and at most 67108864']],
    ],
    [
      'a fraction is compared, not met',
      pieces('bytes', [
        ['ge', 5.5],
        ['eq', 7.5],
      ]),
      [
        [1, 'below 5.5'],
        [6, 'above 5.5'],
      ],
    ],
    [
      'an age may be a fraction',
      pieces('ageMs', [
        ['gt', 5],
        ['lt', 6],
      ]),
      [
        [1, 'at most 5'],
        [5.5, 'above 5 and below 6'],
        [6, 'at least 6'],
      ],
    ],
    [
      'a time to live may be absent',
      pieces('ttlMs', [['ge', 1]]),
      [
        [undefined, 'absent'],
        [1, 'at least 1'],
      ],
    ],
    [
      'a label is a text or absent',
      pieces('label.l', [['eq', 'x']]),
      [
        [undefined, 'absent'],
        ['x', '"x"'],
        ['other', 'another text'],
      ],
    ],
    [
      'no label is longer than 256 bytes',
      pieces('label.l', [['eq', 'é'.repeat(129)]]),
      [
        [undefined, 'absent'],
        ['other', 'a text'],
      ],
    ],
    [
      'a list is two pieces',
      pieces('label.l', [['present'], ['in', ['x', 'y']]]),
      [
        [undefined, 'absent'],
        ['x', '"x" or "y"'],
        ['other', 'another text'],
      ],
    ],
    [
      'no suite has another name',
      pieces('suite', [['eq', 'x']]).map(([value]) => [value]),
      [['Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256']],
    ],
    ['a field that is not visible is absent', pieces('body.c', [['eq', 1]]), [[undefined, 'absent']]],
    [
      'a field may be of any type, and no number',
      pieces('body.b', [['present'], ['eq', 1]]),
      [
        [undefined, 'absent'],
        ['other', 'no number'],
        [0, 'below 1 or above 1'],
        [1, '1'],
      ],
    ],
    [
      'nothing is between neighbours',
      pieces('body.b', [['present'], ['gt', 1], ['lt', 1 + Number.EPSILON]]).map(([, says]) => [says]),
      [['absent'], ['no number'], ['at most 1'], [`at least ${1 + Number.EPSILON}`]],
    ],
    [
      'a claim is no fraction',
      pieces('claim.c', [['present'], ['gt', 1], ['lt', 2]]).map(([, says]) => [says]),
      [['absent'], ['a text or a boolean'], ['at most 1'], ['at least 2']],
    ],
    [
      'a claim is the token it is compared with, another or none',
      pieces('claim.c', [], { tokens: ['x'] }),
      [
        [undefined, 'absent or another text that is no token or a number or a boolean'],
        ['x', '"x"'],
        ['other-claim', 'another token'],
      ],
    ],
  ]
  test.each(cases)('CL-36 %s', (_, found, expected) => expect(found).toEqual(expected))

  test('CL-36 beyond the largest number there is infinity', () => {
    const last = pieces('body.b', [['present'], ['gt', Number.MAX_VALUE]]).at(-1)
    expect(last).toEqual([Infinity, `above ${Number.MAX_VALUE}`])
  })
})
