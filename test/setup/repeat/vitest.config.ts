import { mergeConfig } from 'vitest/config'
import config from '../../../vitest.config.js'

/** The project's own run, over one file that repeats a nonce: it must fail (test/setup/nonces.test.ts). */
export default mergeConfig(
  { ...config, test: { ...config.test, include: [] } },
  { test: { include: ['test/setup/repeat/sealed.twice.ts'] } },
)
