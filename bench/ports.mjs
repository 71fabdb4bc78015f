// Where programs beside ours listen.
import { connect, createServer } from 'node:net'

const HOST = '127.0.0.1'

/** A port nobody listens at. */
export const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, HOST, () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

/** Settles once somebody listens there. */
export const listening = async (port) => {
  for (;;) {
    const open = await new Promise((resolve) => {
      const socket = connect({ port, host: HOST })
      socket.once('connect', () => resolve(true) || socket.destroy()).once('error', () => resolve(false))
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
