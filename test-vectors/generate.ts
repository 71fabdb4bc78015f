import { z } from 'zod'
import type { Provider } from '../src/crypto/provider.js'
import { auditVectors } from './make/audit.js'
import { cborVectors } from './make/cbor.js'
import { channelVectors } from './make/channel.js'
import { contractVectors } from './make/contracts.js'
import { credentialVectors } from './make/credentials.js'
import { exporterVectors } from './make/exporter.js'
import { frameVectors } from './make/frames.js'
import { idVectors } from './make/ids.js'
import { initiationVectors } from './make/initiation.js'
import { messagingVectors } from './make/messaging.js'
import { negotiationVectors } from './make/negotiation.js'
import { noiseSuitesVectors, noiseVectors } from './make/noise.js'
import { noiseRefusedVectors, noiseSuitesRefusedVectors } from './make/noiserefused.js'
import { decisionVectors, policyVectors } from './make/policy.js'
import { refreshVectors } from './make/refresh.js'
import { rowVectors } from './make/rows.js'
import { sessionVectors } from './make/session.js'
import { trafficVectors } from './make/traffic.js'
import { FILES, type FileName, type Vectors } from './schema.js'

const MAKERS: { readonly [F in FileName]: (provider: Provider) => Vectors<F> } = {
  cbor: cborVectors,
  ids: idVectors,
  credential: credentialVectors,
  rows: rowVectors,
  noise: noiseVectors,
  'noise-suites': noiseSuitesVectors,
  'noise-refused': noiseRefusedVectors,
  'noise-suites-refused': noiseSuitesRefusedVectors,
  exporter: exporterVectors,
  channel: channelVectors,
  refresh: refreshVectors,
  negotiation: negotiationVectors,
  initiation: initiationVectors,
  frames: frameVectors,
  session: sessionVectors,
  traffic: trafficVectors,
  messaging: messagingVectors,
  contracts: contractVectors,
  policy: policyVectors,
  decision: decisionVectors,
  audit: auditVectors,
}

export const FILE_NAMES = Object.keys(MAKERS).filter((name): name is FileName => Object.hasOwn(MAKERS, name))

/** The text of a file of vectors: the same on every provider. */
export const vectorsText = (name: FileName, provider: Provider): string =>
  vectorLines({ $schema: `./schema/${name}.json`, ...MAKERS[name](provider) })

/** The text of its JSON Schema. */
export const schemaText = (name: FileName): string => `${JSON.stringify(z.toJSONSchema(FILES[name]), null, 2)}\n`

/** As JSON: a vector on a line. */
const vectorLines = (file: object): string => {
  const members = Object.entries(file).map(([name, value]) => `  ${JSON.stringify(name)}: ${listed(value)}`)
  return `{\n${members.join(',\n')}\n}\n`
}

const listed = (value: unknown): string =>
  Array.isArray(value) && value.length > 0
    ? `[\n${value.map((item) => `    ${JSON.stringify(item)}`).join(',\n')}\n  ]`
    : JSON.stringify(value)
