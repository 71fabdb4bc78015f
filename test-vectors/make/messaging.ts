import { takes } from '../../src/contract/subject.js'
import type { Provider } from '../../src/crypto/provider.js'
import type { Vectors } from '../schema.js'
import { stepFrames, walks } from './flowwalks.js'
import { messagingFaultCases } from './messagingfaults.js'
import { messagingFrameCases } from './messagingframes.js'
import { items } from './messagingitems.js'
import { itemsRefused } from './messagingitemsrefused.js'
import { messagingLimitCases } from './messaginglimits.js'
import { streamStateCases } from './streamstates.js'

type Messaging = Vectors<'messaging'>

export const messagingVectors = (provider: Provider): Messaging => {
  const cases = [streamStateCases(), messagingFrameCases(), messagingFaultCases(), messagingLimitCases()]
  const plays = [...cases.flatMap(({ accepted }) => accepted), ...stepFrames()]
  return {
    about:
      'Streams, conversations, topics and queues. accepted, refused: open sessions, in the form of traffic.json. ' +
      'walks: steps of conversations with one peer, each after the one before has ended; one that ends with a `failure` leaves its conversation where it was; `states` is what rules read as `state` before each. ' +
      'walksRefused: the last step may not come; `state` and `expected` are what its sender is told. ' +
      'items: what stands in bodies and items of topics and queues, read `as` what it is to be, where the template is `{room}` and `filter` what was asked for; `value` is what is read. ' +
      'Before a `total`, a `settlement` or what is `handed` came, `sent` deliveries were sent, of which a reader had told `taken`; `settled` is the number of the one delivery that waits for its answer. ' +
      'Of a message, `value` is the CBOR in hex, empty for none, and `from` a peer or null. filters: whether a filter takes a subject.',
    accepted: plays.map((play) => play(provider)),
    refused: cases.flatMap(({ refused }) => refused.map((refuse) => refuse(provider))),
    ...walks(),
    items: items(),
    itemsRefused: itemsRefused(),
    filters: filters(),
  }
}

const FILTERS = ['a', '*', 'a.b', 'a.*', '*.b', '*.*', 'A'] as const
const SUBJECTS = ['a', 'b', 'a.b', 'a.c', 'b.b', 'a.b.c'] as const

const filters = (): Messaging['filters'] =>
  FILTERS.flatMap((filter) =>
    SUBJECTS.map((subject) => ({
      name: `${filter} and ${subject}`,
      rule: 'CO-35',
      filter,
      subject,
      takes: takes(filter, subject),
    })),
  )
