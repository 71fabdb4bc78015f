import { SUITES } from '../session/suites.js'
import { type Answer, type Case, Finding, type Shim, Skipped } from './case.js'
import { LEVELS, type Level } from './kitcontract.js'
import { Members } from './members.js'

/** A file of `test-vectors/` and its JSON Schema, parsed. */
export interface VectorFile {
  /** Without `.json`. */
  readonly name: string
  readonly vectors: unknown
  readonly schema: unknown
}

/** Asks of other levels than core (test-vectors/README.md); `framework` belongs to none. */
const LEVEL_OF: Readonly<Record<string, Level>> = {
  text: 'policy',
  credential: 'policy',
  name: 'policy',
  possession: 'policy',
  proof: 'policy',
  policy: 'policy',
  json: 'policy',
  pattern: 'policy',
  decision: 'policy',
  audit: 'policy',
  files: 'policy',
  checkpoint: 'policy',
  reconcile: 'policy',
  exchange: 'messaging',
  walk: 'messaging',
  item: 'messaging',
  filter: 'messaging',
  contract: 'messaging',
  difference: 'messaging',
}

/** Members that are never asked (CF-10). */
const NEVER: readonly string[] = ['name', 'comment', 'rule', 'code', 'level']

/** One case for each vector that is a question. @throws SyntaxError if a file is not as its schema says */
export const vectorCases = (files: readonly VectorFile[]): readonly Case[] =>
  files.flatMap(({ name, vectors, schema }) => {
    const lists = new Members(schema, `the schema of ${name}`).of('properties')
    return lists.names.flatMap((list) => {
      const shape = lists.of(list)
      if (!shape.has('ask')) return []
      const [ask, item] = [shape.text('ask'), shape.of('items')]
      return new Members(vectors, name).list(list).map((vector, index) => {
        const members = new Members(vector, `${list} ${index} of ${name}`)
        return caseOf({ ask, item, members, title: `${name} ${list} ${index + 1}` })
      })
    })
  })

interface Vector {
  readonly ask: string
  /** The schema of the vector. */
  readonly item: Members
  readonly members: Members
  readonly title: string
}

const caseOf = ({ ask, item, members, title }: Vector): Case => {
  const about = ['name', 'comment'].find((name) => typeof members.any(name) === 'string')
  return {
    name: about === undefined ? title : `${title}: ${members.text(about)}`,
    level: members.has('level') ? members.one('level', LEVELS) : levelOf(ask),
    ask,
    rule: members.has('rule') ? members.text('rule') : 'CF-2',
    run: async (shim) => {
      // A vector may need another level beside that of its ask.
      if (!shim.levels.includes(levelOf(ask))) throw new Skipped(`level ${levelOf(ask)} is not claimed`)
      const { asked, answers } = parted(item, members)
      compare(shim, { ask, members, answers }, await shim.ask(ask, asked))
    },
  }
}

const levelOf = (ask: string): Level => (Object.hasOwn(LEVEL_OF, ask) ? (LEVEL_OF[ask] ?? 'core') : 'core')

interface Parted {
  /** What is asked. */
  readonly asked: Readonly<Record<string, unknown>>
  /** What is to be found out. */
  readonly answers: readonly { readonly name: string; readonly isRequired: boolean }[]
}

/** CF-10 */
const parted = (item: Members, members: Members): Parted => {
  const shapes = item.of('properties')
  const answers = members.names.flatMap((name) => {
    const kind = shapes.has(name) ? shapes.of(name).any('answer') : undefined
    return kind === undefined ? [] : [{ name, isRequired: kind === 'required' }]
  })
  const left = new Set([...NEVER, ...answers.map(({ name }) => name)])
  return { asked: Object.fromEntries(Object.entries(members.all).filter(([name]) => !left.has(name))), answers }
}

interface Expected {
  readonly ask: string
  readonly members: Members
  readonly answers: Parted['answers']
}

/** CF-11 */
const compare = (shim: Shim, { ask, members, answers }: Expected, answer: Answer): void => {
  if ('unsupported' in answer) throw unsupported(shim, ask, members)
  const code = members.has('code') ? members.text('code') : undefined
  if ('code' in answer) {
    if (answer.code !== code) throw new Finding(`expected ${code ?? 'an answer'}, got ${answer.code}`)
    return
  }
  if (code !== undefined) throw new Finding(`expected ${code}, got an answer`)
  for (const { name, isRequired } of answers) {
    const [expected, got] = [members.any(name), answer.answer[name]]
    if (got === undefined && !isRequired) continue
    if (!isSame(expected, got)) throw new Finding(`expected ${name} to be ${shown(expected)}, got ${shown(got)}`)
  }
}

/** CF-12 */
const unsupported = (shim: Shim, ask: string, members: Members): Finding | Skipped => {
  if (ask === 'framework') return new Skipped('all of Noise is claimed by no level')
  const protocol = members.any('protocol_name') ?? members.any('suite')
  const suite = SUITES.find(({ name }) => name === protocol)
  if (suite !== undefined && !shim.suites.includes(suite.id)) return new Skipped(`${suite.name} is not claimed`)
  const aes = SUITES.flatMap(({ id, cipher }) => (cipher === 'AESGCM' ? [id] : []))
  if (members.any('cipher') === 'AESGCM' && !aes.some((id) => shim.suites.includes(id)))
    return new Skipped('no suite with AESGCM is claimed')
  return new Finding(`expected an answer to ${ask}, got unsupported`)
}

/** Whether two JSON values are the same, whatever the order of members. */
const isSame = (one: unknown, other: unknown): boolean => {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const [left, right] = [new Map(Object.entries(one)), new Map(Object.entries(other))]
  return (
    left.size === right.size && [...left].every(([name, value]) => right.has(name) && isSame(value, right.get(name)))
  )
}

/** Lists and objects in each other: a shim may say more of them than there is room for on the stack. */
const MOST_SHOWN = 16

const shallow = (value: unknown, levels: number): unknown => {
  if (typeof value !== 'object' || value === null) return value
  if (levels === 0) return '...'
  if (Array.isArray(value)) return value.map((each) => shallow(each, levels - 1))
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, shallow(each, levels - 1)]))
}

const shown = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : JSON.stringify(shallow(value, MOST_SHOWN))
  return text.length > 200 ? `${text.slice(0, 200)}...` : text
}
