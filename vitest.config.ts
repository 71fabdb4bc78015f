import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: '#native', replacement: at('./src/crypto/native.ts') },
      { find: /^sotto$/, replacement: at('./src/index.ts') },
      { find: /^sotto\/node$/, replacement: at('./src/node.ts') },
      { find: /^sotto\/durable$/, replacement: at('./src/durable.ts') },
      { find: /^sotto\/nats$/, replacement: at('./src/nats.ts') },
      { find: /^sotto\/noise$/, replacement: at('./src/noise.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup/nonces.ts'],
    globalSetup: ['test/setup/ledger.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // By default one core of two would be left idle.
    maxWorkers: '100%',
  },
})
