/** The lines of spec/conformance.md against those that a shim takes and says. */
import { describe, expect, test } from 'vitest'
import { ACTS } from '../../src/kit/shimprogram.js'
import { read } from '../source.js'
import { type Line, Talk } from './talk.js'

const CHAPTER = read('spec/conformance.md')

/** The names in the first column of the table behind `title`. */
const namesOf = (title: string): readonly string[] => {
  const [table = ''] = CHAPTER.slice(CHAPTER.indexOf(title)).split('\n\n').slice(1)
  return [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name)
}

interface Shown {
  readonly by: 'kit' | 'shim'
  readonly line: Line
}

/** The example, a line each. */
const SHOWN: readonly Shown[] = (CHAPTER.split('\n## Example\n')[1]?.split('```')[1] ?? '')
  .split('\n')
  .filter((text) => text !== '')
  .map((text) => ({
    by: text.startsWith('> ') ? 'kit' : 'shim',
    // The cast: a line is an object.
    line: JSON.parse(text.slice(2)) as Line,
  }))

/** Whether `said` is as `shown`, with the same members in the same order, where `…` stands for any rest. */
const isLike = (shown: unknown, said: unknown): boolean => {
  if (typeof shown === 'string' && shown.endsWith('…'))
    return typeof said === 'string' && said.startsWith(shown.slice(0, -1))
  if (Array.isArray(shown) && Array.isArray(said)) {
    const whole = shown.at(-1) === '…' ? shown.slice(0, -1) : shown
    return (whole !== shown || whole.length === said.length) && whole.every((each, at) => isLike(each, said[at]))
  }
  if (typeof shown !== 'object' || typeof said !== 'object' || shown === null || said === null) return shown === said
  const [ones, others] = [Object.entries(shown), Object.entries(said)]
  return (
    ones.length === others.length &&
    ones.every(([name, value], at) => name === others[at]?.[0] && isLike(value, others[at]?.[1]))
  )
}

/** What the kit of the example does not write itself. */
const isCarried = ({ bytes, eof }: Line): boolean => bytes !== undefined || eof !== undefined

describe('the example', () => {
  test('CF-3 CF-5 is what a shim says, line by line', async () => {
    const talk = new Talk()
    talk.join()
    const left = new Set<Line>()
    for (const { by, line } of SHOWN) {
      if (by === 'shim') {
        const said = await talk.until((each) => !left.has(each) && isLike(line, each))
        left.add(said)
      } else if (!isCarried(line)) talk.tell(line)
    }
    expect(talk.over).toEqual({ error: undefined })
    const events = talk.said.filter((each) => each.event !== undefined && !left.has(each))
    expect(events, 'said, and not shown').toEqual([])
  })

  test('CF-5 shows every event and every act but consume, which is as subscribe, and those of credentials, which run out', () => {
    const shown = new Set(SHOWN.flatMap(({ line }) => (typeof line.event === 'string' ? [line.event] : [])))
    expect([...shown].sort()).toEqual(namesOf('Events, each with `session`:').toSorted())
    expect(namesOf('Acts, each with `session`:').toSorted()).toEqual(ACTS.toSorted())
    const acts = new Set(SHOWN.flatMap(({ line }) => (line.session !== undefined ? [line.do] : [])))
    expect(ACTS.filter((act) => !acts.has(act))).toEqual(['consume', 'renew', 'revoke'])
  })
})

describe('the notation of CBOR', () => {
  test('CF-2 is spelled as the chapter says', async () => {
    const talk = new Talk()
    await talk.hello()
    for (const [hex, diagnostic] of [
      ['f90400', '0.00006103515625'],
      ['f90001', '5.960464477539063e-8'],
      ['4200ff', "h'00ff'"],
      ['6b080c0a0d091f225c7fc3a9', `"\\b\\f\\n\\r\\t\\u001f\\"\\\\\u007fé"`],
      ['a2616101626262 80'.replace(' ', ''), '{"a": 1, "bb": []}'],
      ['a2616101623130f5', '{"a": 1, "10": true}'],
    ] as const)
      expect(await talk.ask('cbor', { as: 'body', hex })).toMatchObject({ answer: { diagnostic } })
  })
})
