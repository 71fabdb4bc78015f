/** Which cases are for a shim that claims one level and not another. */
import { expect, test } from 'vitest'
import { Finding, type OpenOptions, type Shim, Skipped } from '../../src/kit/case.js'
import { operationsOf } from '../../src/kit/kitcontract.js'
import { LIVE } from '../../src/kit/liveall.js'
import { MISBEHAVIOURS } from '../../src/kit/misbehaviours/all.js'
import { SUITES } from '../../src/session/suites.js'

test('CF-12 who claims policy and not messaging is asked for nothing of messaging, and skips what needs it', async () => {
  const opened: OpenOptions[] = []
  const shim: Shim = {
    levels: ['core', 'policy'],
    suites: SUITES.map(({ id }) => id),
    ask: () => Promise.resolve({ unsupported: true }),
    open: (options) => {
      opened.push(options)
      return Promise.reject(new Finding('no session'))
    },
  }
  const skipped: string[] = []
  for (const each of [...LIVE, ...MISBEHAVIOURS])
    if (each.level === 'policy')
      try {
        await each.run(shim)
      } catch (error) {
        if (error instanceof Skipped) skipped.push(each.name)
        else expect(error).toBeInstanceOf(Finding)
      }
  const core = operationsOf(['core', 'policy'])
  expect(opened.filter(({ serves = [] }) => serves.some((name) => !core.includes(name)))).toEqual([])
  expect(opened.length).toBeGreaterThan(0)
  expect(skipped).toContain('sends an item of a byte too many')
})
