import { z } from 'zod'
import type { Provider } from '../src/crypto/provider.js'
import { auditVectors } from './make/audit.js'
import { cborVectors } from './make/cbor.js'
import { channelVectors, exporterVectors } from './make/channel.js'
import { credentialVectors } from './make/credentials.js'
import { frameVectors } from './make/frames.js'
import { idVectors } from './make/ids.js'
import { initiationVectors } from './make/initiation.js'
import { negotiationVectors } from './make/negotiation.js'
import { noiseVectors } from './make/noise.js'
import { decisionVectors, policyVectors } from './make/policy.js'
import { refreshVectors } from './make/refresh.js'
import { rowVectors } from './make/rows.js'
import { sessionVectors } from './make/session.js'
import { FILES, type FileName, type Vectors } from './schema.js'

const MAKERS: { readonly [F in FileName]: (provider: Provider) => Vectors<F> } = {
  cbor: cborVectors,
  ids: idVectors,
  credential: credentialVectors,
  rows: rowVectors,
  'noise-hfs': noiseVectors,
  exporter: exporterVectors,
  channel: channelVectors,
  refresh: refreshVectors,
  negotiation: negotiationVectors,
  initiation: initiationVectors,
  frames: frameVectors,
  session: sessionVectors,
  policy: policyVectors,
  decision: decisionVectors,
  audit: auditVectors,
}

export const FILE_NAMES = Object.keys(MAKERS).filter((name): name is FileName => Object.hasOwn(MAKERS, name))

/** The text of a file of vectors: the same on every provider. */
export const vectorsText = (name: FileName, provider: Provider): string =>
  textOf({ $schema: `./schema/${name}.json`, ...MAKERS[name](provider) })

/** The text of its JSON Schema. */
export const schemaText = (name: FileName): string => textOf(z.toJSONSchema(FILES[name]))

const textOf = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
