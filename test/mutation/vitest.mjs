/** Stands in for vitest where tests are called again and again in one process: it keeps them in a list. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { format } from 'node:util'
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  getState,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect'

chai.use(JestExtend)
chai.use(JestChaiExpect)
chai.use(JestAsymmetricMatchers)

const directory = mkdtempSync(join(tmpdir(), 'sotto-mutation-'))

export const expect = (value, message) => chai.expect(value, message)
Object.assign(expect, chai.expect, globalThis[ASYMMETRIC_MATCHERS_OBJECT], {
  getState: () => ({ ...getState(expect), testPath: 'mutation' }),
  setState: (state) => setState(state, expect),
  unreachable: (message) => expect.fail(message),
})
setState({ assertionCalls: 0, isExpectingAssertions: false, expectedAssertionsNumber: null }, expect)

export const inject = () => directory
export const afterAll = () => undefined

const finishing = []
export const onTestFinished = (finish) => void finishing.push(finish)

/** Calls a test of those collected, and what it left to do when it is finished. */
export const call = async ({ run }) => {
  try {
    await run()
  } finally {
    for (const finish of finishing.splice(0)) await finish()
  }
}

/** All tests, in the order of their files. */
export const collected = []
let path = []

export const within = async (name, load) => {
  path = [name]
  await load()
}

const body = (args) => args.find((arg) => typeof arg === 'function')

export const describe = (name, ...args) => {
  path.push(name)
  body(args)?.()
  path.pop()
}

export const test = (name, ...args) => {
  collected.push({ name: [...path, name].join(' > '), run: body(args) })
}

const titled = (title, value, index) => {
  const values = Array.isArray(value) ? value : [value]
  const named = String(title).replace(/\$(\w+)/g, (whole, key) =>
    typeof value === 'object' && value !== null && key in value ? String(value[key]) : whole,
  )
  return named.includes('%') ? format(named, ...values) : `${named} #${index}`
}

const each =
  (declare) =>
  (rows) =>
  (title, ...args) => {
    for (const [index, row] of rows.entries()) {
      const run = body(args)
      declare(titled(title, row, index), () => (Array.isArray(row) ? run(...row) : run(row)))
    }
  }

for (const declare of [describe, test])
  Object.assign(declare, {
    each: each(declare),
    skipIf: (skip) => (skip ? () => undefined : declare),
    runIf: (run) => (run ? declare : () => undefined),
    skip: () => undefined,
  })
test.skipIf = (skip) => (skip ? Object.assign(() => undefined, { each: () => () => undefined }) : test)
