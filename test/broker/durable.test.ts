import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { durableBroker, openBroker } from '../../src/broker/durable.node.js'
import { conformsQueue } from './conforms.js'
import { conformsTopic } from './conformstopic.js'
import { ManualClock, type Store } from './store.js'

const folder = (): string => mkdtempSync(join(tmpdir(), 'sotto-durable-'))

const store = (): Store => {
  const path = folder()
  const clock = new ManualClock()
  return {
    clock,
    keeps: true,
    open: () => openBroker({ path }, clock),
    remove: () => rmSync(path, { recursive: true }),
  }
}

conformsQueue('durable', store, { keeps: true, operations: 2_000 })

conformsTopic('durable', async () => {
  const path = folder()
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return durableBroker({ path })
})
