import { canonical, known, policyDocument, texts } from './decoders.js'
import { opening, session, traffic } from './sessions.js'
import type { Target } from './target.js'

/** Every door: what a peer can send before and after it is known, and what an operator can load. */
export const TARGETS: readonly Target[] = [...canonical, texts, known, policyDocument, opening, traffic, session]
