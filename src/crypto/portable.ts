import type { Provider } from './provider.js'

/** Stands in for native.ts where the runtime has no node:crypto (package.json `imports`). */
export const native: Provider | undefined = undefined
