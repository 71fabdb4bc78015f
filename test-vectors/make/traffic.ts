import type { Provider } from '../../src/crypto/provider.js'
import type { Vectors } from '../schema.js'
import { closingCases } from './trafficclosing.js'
import { exchangeCases } from './trafficexchanges.js'
import { limitCases } from './trafficlimits.js'
import { rateCases } from './trafficrates.js'
import { stateCases } from './trafficstates.js'

export const trafficVectors = (provider: Provider): Vectors<'traffic'> => {
  const cases = [stateCases(), exchangeCases(), limitCases(), rateCases(), closingCases()]
  return {
    about:
      'One end of an open session (spec/session.md), whose peer is written out. `role`: of the end that is tried; with `waits` it is an initiator that has sent message 3. ' +
      'Both ends use and serve `operations` of kit.v1 (spec/conformance.md), which have these numbers. own, peer: the limits that each declared, where they are not the defaults. ' +
      '`policy`: of the end that is tried; all is allowed if it is absent. script: in order, a `record` is the plaintext of the next record of the peer, in `ms` so much time passes, at `eof` the transport ends, and an `act` is one of the application. ' +
      'A message is with its handler as soon as it is heard, and taken with the first act about its exchange; items are read as they come. Time begins at 0, when the session opens, and credit is given back as this end likes. ' +
      'accepted: `events` are what the application learns, and `says` the FAULTs, RESETs and STOPs that it writes, both in order. refused: the session ends with `code` at the last item of the script, and not before, given up by this end or by its peer.',
    accepted: cases.flatMap(({ accepted }) => accepted.map((play) => play(provider))),
    refused: cases.flatMap(({ refused }) => refused.map((refuse) => refuse(provider))),
  }
}
