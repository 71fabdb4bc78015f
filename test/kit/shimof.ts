import type { Broken } from '../../src/kit/broken.js'
import type { Shim } from '../../src/kit/case.js'
import { Shim as LineShim } from '../../src/kit/shim.js'
import { ShimDriver } from '../../src/kit/shimdriver.js'

/** The shim of this implementation, in this very process. */
export const shimOf = async (broken?: Broken): Promise<Shim> => {
  const shim = new LineShim(
    {
      line: (line) => driver.take(line),
      over: (error) => driver.over(error instanceof Error ? error.message : 'it ended'),
    },
    broken,
  )
  const driver: ShimDriver = new ShimDriver((line) => shim.take(line))
  await driver.hello()
  return driver
}
