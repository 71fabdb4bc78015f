import { fromWebSocket, type Host } from 'sotto'
import { WebSocketServer } from 'ws'

/** In the process: hands every WebSocket that is opened at `port` to `host`. No message is larger than a record. */
export const listenWeb = (host: Host, port: number): WebSocketServer => {
  const sockets = new WebSocketServer({ host: '127.0.0.1', port, maxPayload: 65_537 })
  sockets.on('connection', (socket, { socket: { remoteAddress = '' } }) => {
    host.accept(fromWebSocket(socket), { source: remoteAddress }).catch(({ message }) => console.error(message))
  })
  return sockets
}
