import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { durableBroker } from '../../src/broker/durable.node.js'

const folder = mkdtempSync(join(tmpdir(), 'sotto-durablepackage-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a store says which package it needs where that is not installed, and opens once it is', async () => {
  vi.doMock('classic-level', () => {
    throw new TypeError('not installed')
  })
  for (let twice = 0; twice < 2; twice++)
    await expect(durableBroker({ path: join(folder, 'store') })).rejects.toMatchObject({
      code: 'broker/failed',
      message: 'broker/failed: expected the package classic-level: npm install classic-level',
    })
  vi.doUnmock('classic-level')
  await (await durableBroker({ path: join(folder, 'store') }))[Symbol.asyncDispose]()
})
