export type {
  Broker,
  BrokerQueue,
  BrokerSubscription,
  BrokerTopic,
  DeadLetter as StoredDeadLetter,
  Enqueued,
  EnqueueSettings,
  Leased,
  Published,
  QueueMetrics,
  Settlement,
  Sink,
} from './broker/broker.js'
export type { Clock } from './broker/clock.js'
export { type MemoryBrokerOptions, memoryBroker } from './broker/memory.js'
export type { Wire } from './cbor.js'
export { contractCddl } from './contract/cddl.js'
export { type ContractChange, contractChanges } from './contract/changes.js'
export { type Contract, type ContractExport, type ContractName, contract } from './contract/define.js'
export { parseContract } from './contract/exported.js'
export type { Flow } from './contract/flow.js'
export type { Verb } from './contract/kinds.js'
export {
  type OneWay,
  type Operation,
  type Operations,
  oneWay,
  type Queue,
  queue,
  type RequestResponse,
  requestResponse,
  type Stream,
  stream,
  type Topic,
  topic,
} from './contract/operation.js'
export type { QueueSettings } from './contract/queuesettings.js'
export { bytes, nothing, type Shape } from './contract/shape.js'
export { type ErrorCode, type ErrorDetails, type Ran, SottoError } from './errors.js'
export { type Auditor, generateAuditor, parseAuditor } from './identity/auditor.js'
export { decodeCredential } from './identity/credential.js'
export type { Expected, KnownKeys } from './identity/expected.js'
export { type AuditorId, auditorId, type IssuerId, issuerId, type PeerId, peerId } from './identity/id.js'
export { generateIdentity, type Identity, parseIdentity } from './identity/identity.js'
export { type Grant, issueCredential } from './identity/issue.js'
export { generateIssuer, type Issuer, parseIssuer } from './identity/issuer.js'
export type { Claims, Peer } from './identity/peer.js'
export { checkProof, makeChallenge, type Possession, proveIdentity } from './identity/possession.js'
export type { Statement } from './identity/statement.js'
export { type Revoked, type Trust, type TrustEntry, type TrustStore, trustStore } from './identity/trust.js'
export { type AuditLines, type AuditOptions, auditLog } from './link/auditlog.js'
export type { AuditOverflow } from './link/auditqueue.js'
export type { AuditLog } from './link/auditwriter.js'
export type { Caps } from './link/caps.js'
export type { CallOptions, Served } from './link/face.js'
export { type Failure, type Host, host } from './link/host.js'
export { initiate } from './link/initiate.js'
export type { Link, Retry } from './link/link.js'
export { linkOver } from './link/linkover.js'
export type { LinkStatus } from './link/linkstate.js'
export type { DialOptions, HostOptions, Protocol } from './link/options.js'
export { possessionOf } from './link/possession.js'
export type { Connect } from './link/reach.js'
export type { Closed, Denial, Refusal, Session } from './link/session.js'
export { type Client, client } from './messaging/client.js'
export type { Context } from './messaging/context.js'
export { type At, converse } from './messaging/converse.js'
export { faultOf } from './messaging/fault.js'
export type { InstanceLimits } from './messaging/instances.js'
export type { ConsumeOptions, EnqueueOptions, QueueClient } from './messaging/queue.js'
export type { DeadLetter, QueueAdmin, Queues } from './messaging/queueadmin.js'
export type { Consumer, Delivery } from './messaging/queuedelivery.js'
export { type Handlers, type ServeOptions, type Service, serve } from './messaging/serve.js'
export type { Duplex } from './messaging/stream.js'
export type { Heard, SubscribeOptions, Subscription, TopicClient } from './messaging/topic.js'
export { toWeb, type WebStreams } from './messaging/webstream.js'
export type { Decision, Question, Verdict } from './policy/decide.js'
export type { ExplainedRule, Explanation, NearRule } from './policy/explain.js'
export type { Finding } from './policy/findings.js'
export type { Condition, Limit, Policy, Rule, Who } from './policy/rule.js'
export { type PolicyOptions, type PolicyStore, policyStore } from './policy/store.js'
export type { Admitted } from './session/gate.js'
export { memoryPair } from './transport/memory.js'
export { fromPort, type PortLike } from './transport/port.js'
export { fromStreams } from './transport/streams.js'
export type { Transport } from './transport/transport.js'
export { fromWebSocket, type WebSocketLike } from './transport/websocket.js'
