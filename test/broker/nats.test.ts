import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe } from 'vitest'
import { type NatsBroker, natsBroker } from '../../src/broker/nats.js'
import { conformsQueue } from './conforms.js'
import { conformsTopic } from './conformstopic.js'
import { hasNats, NatsServer } from './natsserver.js'

describe.runIf(hasNats())('the NATS broker', () => {
  let server: NatsServer
  let connection: NatsConnection
  let made = 0

  beforeAll(async () => {
    server = await NatsServer.start()
    connection = await server.connect()
  })

  afterAll(async () => {
    await connection.close()
    await server.remove()
  })

  const broker = (prefix: string): NatsBroker => natsBroker({ connection, keys: [new Uint8Array(32).fill(7)], prefix })

  const store = () => {
    const prefix = `t${made++}`
    return { open: () => broker(prefix) }
  }

  conformsQueue('NATS', store, {
    keeps: true,
    differs: {
      'BR-31': 'a lease with a wildcard keeps the order within each subject alone',
      'BR-32': 'what is delayed counts as ready once the service that delayed it is gone',
    },
  })

  conformsTopic('NATS', () => broker(`t${made++}`))
})
