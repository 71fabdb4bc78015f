/** Every vector that is a question, asked of the shim without its answer. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ASKS } from '../../src/kit/asks.js'
import { declareFixedKeys } from '../setup/nonces.js'
import { read, TOP } from '../source.js'
import { type Line, Talk } from './talk.js'

declareFixedKeys('vectors fix every key')

interface Member {
  readonly answer?: 'required' | 'optional'
}

interface List {
  readonly ask?: string
  readonly items?: { readonly properties: Readonly<Record<string, Member>> }
}

interface Question {
  readonly ask: string
  readonly name: string
  readonly vector: Line
  /** What must be in the answer. */
  readonly answer: Line
  readonly code: unknown
}

const NEVER_ASKED: readonly string[] = ['name', 'rule', 'code', 'level']

const questionsOf = (file: string): readonly Question[] => {
  // The casts: the schemas and vectors of this repository, which tests of theirs hold to their form.
  const schema = JSON.parse(read(`test-vectors/schema/${file}`)) as { properties: Record<string, List> }
  const vectors = JSON.parse(read(`test-vectors/${file}`)) as Record<string, readonly Line[]>
  return Object.entries(schema.properties).flatMap(([list, { ask, items }]) =>
    ask === undefined || items === undefined
      ? []
      : (vectors[list] ?? []).map((vector, index) =>
          questionOf(`${file} ${list} ${index}`, ask, items.properties, vector),
        ),
  )
}

const questionOf = (place: string, ask: string, members: Readonly<Record<string, Member>>, vector: Line): Question => {
  const pick = (wanted: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(vector).filter(([name]) => wanted(name)))
  return {
    ask,
    name: `${place} ${JSON.stringify(vector.name)}`,
    vector: pick((name) => members[name]?.answer === undefined && !NEVER_ASKED.includes(name)),
    answer: pick((name) => members[name]?.answer === 'required'),
    code: vector.code,
  }
}

const FILES = readdirSync(`${TOP}test-vectors/schema`)

describe.each(FILES)('the questions of %s', (file) => {
  const questions = questionsOf(file)

  test.runIf(questions.length > 0)(
    'CF-2 are answered, and the answer is as the vector has it',
    async () => {
      const talk = new Talk()
      await talk.hello()
      const wrong: string[] = []
      for (const { ask, name, vector, answer, code } of questions) {
        if (ASKS[ask] === undefined) continue
        const said = await talk.ask(ask, vector)
        try {
          if (code === undefined) expect(said.answer).toMatchObject(answer)
          else expect(said).toEqual({ id: said.id, code })
        } catch (error) {
          wrong.push(`${name}: ${error instanceof Error ? error.message.slice(0, 300) : ''}`)
        }
      }
      expect(wrong).toEqual([])
    },
    60_000,
  )
})

test('CF-2 every question of the vectors is known', () => {
  const asked = new Set(FILES.flatMap(questionsOf).map(({ ask }) => ask))
  expect([...asked].filter((ask) => ASKS[ask] === undefined)).toEqual([])
})
