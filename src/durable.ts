export { type DurableBrokerOptions, durableBroker } from './broker/durable.node.js'
export type { Damage } from './broker/durabledamage.js'
