import type { Case } from '../case.js'
import { CLOSING } from './closing.js'
import { CREDENTIALS } from './credentials.js'
import { EXCHANGES } from './exchanges.js'
import { FAULTS } from './faults.js'
import { FLOWS } from './flows.js'
import { FORESEEN } from './foreseen.js'
import { FRAMES } from './frames.js'
import { HANDSHAKE } from './handshake.js'
import { HEARING } from './hearing.js'
import { INITIATION } from './initiation.js'
import { LATE_ONES } from './late.js'
import { LEASES } from './leases.js'
import { NARROWED } from './narrowed.js'
import { NEGOTIATION } from './negotiation.js'
import { PACKETS } from './packets.js'
import { PAYLOADS } from './payloads.js'
import { POLICIES } from './policies.js'
import { QUEUES } from './queues.js'
import { RECORDS } from './records.js'
import { REFRESHES } from './refreshes.js'
import { REPAID } from './repaid.js'
import { RESTORED } from './restored.js'
import { STINGY } from './stingy.js'
import { STREAMS } from './streams.js'
import { SUBSCRIPTIONS } from './subscriptions.js'
import { TOPICS } from './topics.js'
import { TRUTHS } from './truths.js'
import { UNASKED } from './unasked.js'
import { UNPAID } from './unpaid.js'
import { VERDICTS } from './verdicts.js'
import { WINDOWS } from './windows.js'

/** What a hostile peer does to a shim, and what is to come of it. */
export const MISBEHAVIOURS: readonly Case[] = [
  ...PACKETS,
  ...NEGOTIATION,
  ...HANDSHAKE,
  ...PAYLOADS,
  ...INITIATION,
  ...VERDICTS,
  ...RECORDS,
  ...FRAMES,
  ...EXCHANGES,
  ...FAULTS,
  ...WINDOWS,
  ...CLOSING,
  ...LATE_ONES,
  ...REFRESHES,
  ...STREAMS,
  ...TOPICS,
  ...QUEUES,
  ...FLOWS,
  ...POLICIES,
  ...CREDENTIALS,
  ...HEARING,
  ...FORESEEN,
  ...STINGY,
  ...REPAID,
  ...UNPAID,
  ...RESTORED,
  ...TRUTHS,
  ...UNASKED,
  ...SUBSCRIPTIONS,
  ...NARROWED,
  ...LEASES,
]
