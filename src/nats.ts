export { type NatsBroker, type NatsBrokerOptions, natsBroker } from './broker/nats.js'
