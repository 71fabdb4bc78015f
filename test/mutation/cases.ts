/** The cases of the conformance kit with a peer, each a test: the shim of this implementation in this very process. */
import { test } from 'vitest'
import type { Shim } from '../../src/kit/case.js'
import { LIVE } from '../../src/kit/liveall.js'
import { MISBEHAVIOURS } from '../../src/kit/misbehaviours/all.js'
import { Shim as LineShim } from '../../src/kit/shim.js'
import { ShimDriver } from '../../src/kit/shimdriver.js'

const shimOf = async (): Promise<Shim> => {
  const shim = new LineShim({
    line: (line) => driver.take(line),
    over: (error) => driver.over(error instanceof Error ? error.message : 'it ended'),
  })
  const driver: ShimDriver = new ShimDriver((line) => shim.take(line))
  await driver.hello()
  return driver
}

for (const each of [...LIVE, ...MISBEHAVIOURS])
  test(`${each.rule} ${each.name}`, async () => {
    await each.run(await shimOf())
  })
