import { expect, test } from 'vitest'
import { SottoError } from '../../src/errors.js'
import { parseJson } from '../../src/policy/json.js'
import { type PolicyStore, policyStore } from '../../src/policy/store.js'
import { Random } from '../random.js'
import { randomPolicy, randomQuestion } from './arbitrary.js'

const seed = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
/** Documents that are changed at random places. */
const DOCUMENTS = Number(process.env.SOTTO_DOCUMENTS ?? 100_000)
console.info(`test/policy/forms: SOTTO_SEED=${seed} SOTTO_DOCUMENTS=${DOCUMENTS}`)

const AN_HOUR = 3_600_000

/** The store, or undefined if the document is refused as malformed; anything else that is thrown fails the test. */
const load = (make: () => unknown): PolicyStore | undefined => {
  try {
    return policyStore(make() ?? null)
  } catch (error) {
    if (!SottoError.is(error, 'policy/malformed')) throw error
    return undefined
  }
}

/** What may stand where something else should: what JSON can hold, and what only a program can hand over. */
const junk = (random: Random): unknown =>
  random.pick<() => unknown>([
    () => null,
    () => ({}),
    () => [],
    () => '',
    () => true,
    () => -1,
    () => 1e308,
    () => Number.NaN,
    () => 'any',
    () => '>',
    () => 'a.v1.>',
    () => '{claim.t}.{peer.id}',
    () => '{'.repeat(1_025),
    () => '.'.repeat(1_024),
    () => 'group:__proto__',
    () => '\ud800',
    () => 'é'.repeat(70_000),
    () => Array.from({ length: 1_001 }, () => 'any'),
    () => Array.from({ length: 3 }),
    () => [[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]],
    () => Object.fromEntries([['__proto__', 1]]),
    () => JSON.parse('{"__proto__":{"id":"x"},"constructor":[]}'),
    () => new Map([['rules', []]]),
    () => new Date(0),
    () => Symbol('rules'),
    () => 10n,
    () => () => 'any',
  ])()

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value with something at a random place of it taken out, put in, doubled, misnamed or made junk. */
const changed = (value: unknown, random: Random): unknown => {
  if (random.chance(15)) return junk(random)
  if (Array.isArray(value)) {
    const list: unknown[] = [...value]
    const at = random.below(list.length + 1)
    if (list.length > 0 && random.chance(70)) list[at % list.length] = changed(list[at % list.length], random)
    else if (random.chance(50)) list.splice(at, 1)
    else list.splice(at, 0, random.chance(50) ? list[random.below(list.length)] : junk(random))
    return list
  }
  if (!isObject(value)) return random.chance(50) ? junk(random) : value
  const fields = Object.entries(value)
  const at = random.below(fields.length)
  const [name, held] = fields[at] ?? ['rules', []]
  if (random.chance(70)) fields[at] = [name, changed(held, random)]
  else if (random.chance(30)) fields.splice(at, 1)
  else
    fields.push([
      random.pick(['to', 'by', 'limit', 'when', 'id', 'Id', 'rules ', '__proto__']),
      random.chance(50) ? held : junk(random),
    ])
  return Object.fromEntries(fields)
}

/** The text with a character of it put in, taken out or replaced. */
const garbled = (text: string, random: Random): string => {
  const at = random.below(text.length)
  const put = random.chance(30)
    ? ''
    : random.pick(['"', '{', '}', '[', ']', ',', ':', '\\', '\0', '0', 'e', ' ', 'é', '\ud800', '>', '*', '.'])
  return text.slice(0, at) + put + text.slice(at + (random.chance(70) ? 1 : 0))
}

/** Each document is changed from a policy that loads, and each that loads is asked of. */
const loadChanged = (stream: number, count: number, make: (random: Random) => unknown): number => {
  const random = new Random(seed, stream)
  let loaded = 0
  for (let i = 0; i < count; i++) {
    const document = random.chance(1) ? undefined : () => make(random)
    const store = document === undefined ? load(() => junk(random)) : load(document)
    if (store === undefined) continue
    loaded++
    expect(['allow', 'deny']).toContain(store.decide(randomQuestion(random), 0).effect)
  }
  return loaded
}

test('PO-54 a document changed at any place loads or is malformed, and what loads answers', {
  timeout: AN_HOUR,
}, () => {
  let base: unknown
  const loaded = loadChanged(1, DOCUMENTS / 2, (random) => {
    if (base === undefined || random.chance(10)) base = { ...randomPolicy(random) }
    let document = base
    for (let change = 0; change <= random.below(3); change++) document = changed(document, random)
    return document
  })
  console.info(`test/policy/forms: ${loaded} of ${DOCUMENTS / 2} documents loaded`)
  expect(loaded).toBeGreaterThan(DOCUMENTS / 50)
})

test('PO-54 a text changed at any place is JSON and loads, or is malformed', { timeout: AN_HOUR }, () => {
  let base = ''
  const loaded = loadChanged(2, DOCUMENTS / 2, (random) => {
    if (base === '' || random.chance(10)) base = JSON.stringify(randomPolicy(random))
    let text = base
    for (let change = 0; change <= random.below(3); change++) text = garbled(text, random)
    return parseJson(text)
  })
  console.info(`test/policy/forms: ${loaded} of ${DOCUMENTS / 2} texts loaded`)
  expect(loaded).toBeGreaterThan(DOCUMENTS / 50)
})
