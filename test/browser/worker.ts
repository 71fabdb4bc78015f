import { fromPort, generateIdentity, type PeerId } from 'sotto'
import { desk } from './desk.js'

// A worker with a desk: it hears whom to trust and where, and tells who it is and then whom it met.
addEventListener('message', ({ data }: MessageEvent<{ readonly trust: PeerId; readonly port: MessagePort }>) => {
  const identity = generateIdentity()
  const answering = desk(identity, [data.trust], (met, closed) => {
    void closed.then((end) => postMessage({ met, closed: end }))
  })
  void answering.accept(fromPort(data.port))
  postMessage(identity.id)
})
