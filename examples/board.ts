import { client, contract, fromWebSocket, type Identity, linkOver, type PeerId, topic } from 'sotto'
import { z } from 'zod'

export const House = contract('house.v1', {
  readings: topic(z.object({ celsius: z.number() }), { subject: '{room}.{sensor}', retain: true }),
})

/** In a page: shows each sensor of a room as it is now and as it changes, across lost connections, until `signal` aborts. */
export const watch = async (
  url: string,
  server: PeerId,
  identity: Identity,
  show: (sensor: string, celsius: number) => void,
  signal: AbortSignal,
): Promise<void> => {
  const connect = async () => fromWebSocket(new WebSocket(url))
  await using kept = linkOver(connect, { identity, peer: server, use: [House], signal })
  const readings = client(kept, House).readings.subscribe({ room: 'kitchen' }, { slow: 'latest', signal })
  for await (const { value, subject } of readings) show(subject.sensor, value.celsius)
}
