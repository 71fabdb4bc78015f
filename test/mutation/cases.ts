/** The cases of the conformance kit with a peer, each a test: the shim of this implementation in this very process. */
import { test } from 'vitest'
import { LIVE } from '../../src/kit/liveall.js'
import { MISBEHAVIOURS } from '../../src/kit/misbehaviours/all.js'
import { shimOf } from '../kit/shimof.js'

for (const each of [...LIVE, ...MISBEHAVIOURS])
  test(`${each.rule} ${each.name}`, async () => {
    await each.run(await shimOf())
  })
