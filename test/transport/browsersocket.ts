import type WebSocket from 'ws'
import type { WebSocketLike } from '../../src/transport/websocket.js'

/** What a browser's WebSocket shows: nothing pauses or cuts it. */
export const browserSocket = (socket: WebSocket): WebSocketLike => ({
  get readyState() {
    return socket.readyState
  },
  get bufferedAmount() {
    return socket.bufferedAmount
  },
  set binaryType(type: 'arraybuffer') {
    socket.binaryType = type
  },
  addEventListener: socket.addEventListener.bind(socket),
  send: (bytes) => {
    if (bytes instanceof Uint8Array) socket.send(bytes)
  },
  close: (code) => socket.close(code),
})
