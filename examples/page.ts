import { client, fromWebSocket, type Identity, initiate, type PeerId } from 'sotto'
import { Thermostat } from './thermostat.js'

/** In a page: asks the process behind `url`, and nobody who sits between, how warm the kitchen is. */
export const kitchen = async (url: string, server: PeerId, identity: Identity): Promise<number> => {
  const transport = fromWebSocket(new WebSocket(url))
  await using session = await initiate(transport, { identity, peer: server, use: [Thermostat] })
  const { celsius } = await client(session, Thermostat).read({ room: 'kitchen' })
  return celsius
}
