import { client, type HostOptions, host, type Identity, type PeerId, type Served, type Session, serve } from 'sotto'
import { Desk, Window } from './contracts.js'

/** What the desk of a process or a worker does: it may be greeted and echoed, not wiped, and asks who is there. */
export const desk = (
  identity: Identity,
  trust: HostOptions['trust'],
  met: (met: Met, closed: Promise<string>) => void,
) =>
  host({
    identity,
    trust,
    use: [Window],
    policy: {
      version: 1,
      rules: [
        { id: 'use', effect: 'allow', by: ['any'], verbs: ['call'], on: ['desk.v1.*'] },
        { id: 'no-wipe', effect: 'deny', by: ['any'], verbs: ['call'], on: ['desk.v1.wipe'] },
      ],
    },
    serve: [serveDesk((session) => meet(session, met))],
  })

/** What was learned of the page in a session. */
export interface Met {
  readonly peer: PeerId
  readonly suite: string
  readonly title: string
}

const serveDesk = (opened: (session: Session) => Promise<void>): Served =>
  serve(Desk, { opened }, { greet: ({ name }) => `good day, ${name}`, echo: (value) => value, wipe: () => undefined })

const meet = async (session: Session, met: (met: Met, closed: Promise<string>) => void): Promise<void> => {
  const title = await client(session, Window).title()
  const closed = session.closed.then((end) => (end.clean ? 'clean' : end.error.code))
  met({ peer: session.peer.id, suite: session.suite, title }, closed)
}
