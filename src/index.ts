export type { Wire } from './cbor.js'
export { type Contract, type ContractExport, type ContractName, contract } from './contract/define.js'
export type { Verb } from './contract/kinds.js'
export {
  type OneWay,
  type Operation,
  type Operations,
  oneWay,
  type RequestResponse,
  requestResponse,
} from './contract/operation.js'
export { bytes, nothing, type Shape } from './contract/shape.js'
export { type ErrorCode, type ErrorDetails, type Ran, SottoError } from './errors.js'
export { type PeerId, peerId } from './identity/id.js'
export { generateIdentity, type Identity, parseIdentity } from './identity/identity.js'
export type { Peer } from './identity/peer.js'
export { type TrustStore, trustStore } from './identity/trust.js'
export type { CallOptions, Served } from './link/face.js'
export { type Failure, type Host, host } from './link/host.js'
export { initiate } from './link/initiate.js'
export type { DialOptions, HostOptions, Protocol } from './link/options.js'
export type { Closed, Denial, Refusal, Session } from './link/session.js'
export { type Client, client } from './messaging/client.js'
export type { Context } from './messaging/context.js'
export { faultOf } from './messaging/fault.js'
export { type Handlers, type ServeOptions, type Service, serve } from './messaging/serve.js'
export type { Decision, Question, Verdict } from './policy/decide.js'
export type { Condition, Limit, Policy, Rule, Who } from './policy/rule.js'
export { type PolicyStore, policyStore } from './policy/store.js'
export type { Admitted } from './session/gate.js'
export { memoryPair } from './transport/memory.js'
export { fromStreams } from './transport/streams.js'
export type { Transport } from './transport/transport.js'
