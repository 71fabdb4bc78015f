import type { Case } from './case.js'
import { CORE } from './livecore.js'
import { LIVE_CREDENTIALS } from './livecredentials.js'
import { LIVE_MESSAGING } from './livemessaging.js'
import { LIVE_PADDING } from './livepadding.js'
import { LIVE_POLICIES } from './livepolicies.js'
import { LIVE_REFRESHES } from './liverefresh.js'
import { LIVE_WORDS } from './livewords.js'

/** What a peer that does as it must does with a shim, and what is to come of it. */
export const LIVE: readonly Case[] = [
  ...CORE,
  ...LIVE_WORDS,
  ...LIVE_REFRESHES,
  ...LIVE_PADDING,
  ...LIVE_MESSAGING,
  ...LIVE_POLICIES,
  ...LIVE_CREDENTIALS,
]
