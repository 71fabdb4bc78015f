import { memoryBroker } from '../../src/broker/memory.js'
import { conformsTopic } from './conformstopic.js'

conformsTopic('memory', () => memoryBroker())
