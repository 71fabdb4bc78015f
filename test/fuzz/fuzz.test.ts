import { spawnSync } from 'node:child_process'
import { test } from 'vitest'
import { TOP } from '../source.js'

/** Seconds a door; `npm run fuzz -- --executions N` looks longer. */
const SECONDS = process.env.SOTTO_FUZZ_SECONDS ?? (process.env.CI === 'true' ? '4' : '1')

test('whatever comes in at any door, nothing but an error of ours is thrown, nothing hangs and nothing grows', {
  timeout: 600_000,
}, ({ expect }) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['test/fuzz/run.mjs', '--seconds', SECONDS], {
    cwd: TOP,
    encoding: 'utf8',
  })
  console.log(stdout)
  expect(stderr).toBe('')
  expect(stdout.match(/^ok /gm)?.length).toBeGreaterThanOrEqual(13)
  expect(status).toBe(0)
})
