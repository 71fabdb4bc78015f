import { native } from '#native'
import { noble } from './noble.js'
import type { Provider } from './provider.js'

/** CR-19: the fastest provider this runtime has, chosen once at load. */
export const defaultProvider: Provider = native ?? noble
