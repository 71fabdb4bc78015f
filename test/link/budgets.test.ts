import { describe, expect, test } from 'vitest'
import { BUDGETS } from '../../src/link/budgets.js'
import { filesUnder, read, titlesOf } from '../source.js'

const titles = filesUnder('test', '.ts').flatMap((path) => titlesOf(read(path)))
const requirements = filesUnder('spec', '.md').map(read).join('\n')

/** The bound as prose and tables write it, and as code does. */
const spellings = (most: number): string[] => [most.toLocaleString('en'), String(most)]

describe('LI-56 every table that a peer can make grow has a bound, and a test that shows it', () => {
  test.each(Object.entries(BUDGETS))('LI-56 %s', (_, { most, rule, why }) => {
    expect(Number.isSafeInteger(most) && most > 0).toBe(true)
    expect(requirements).toContain(`- **${rule}** `)
    expect(titles.filter((title) => new RegExp(`\\b${rule}\\b`).test(title))).not.toEqual([])
    expect(why).not.toBe('')
  })

  test('LI-56 what the chapters say of a budget is what it is', () => {
    const said = [BUDGETS.halfOpen, BUDGETS.halfOpenSource, BUDGETS.sessions, BUDGETS.failures, BUDGETS.news]
    for (const { most, rule } of said) {
      const [line = ''] = requirements.split('\n').filter((text) => text.startsWith(`- **${rule}** `))
      expect(
        spellings(most).some((text) => line.includes(text)),
        `${rule} names ${most}`,
      ).toBe(true)
    }
  })
})
