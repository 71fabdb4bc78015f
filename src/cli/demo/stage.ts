import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { Actor } from './actor.js'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Two processes that have just started, and the path of the socket they shall meet at. */
export interface Stage {
  readonly path: string
  readonly server: Actor
  readonly client: Actor
}

/** CL-8: runs `act` with two new processes and a folder that only this user may enter, and leaves none of them behind. */
export const onStage = async (act: (stage: Stage) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-demo-'))
  const actors: Actor[] = []
  const leave = (): void => {
    for (const actor of actors) actor.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  // Synchronous: after a signal nothing is waited for.
  const interrupted = (signal: NodeJS.Signals): void => {
    leave()
    // It was listened for once, so now it has its usual effect.
    process.kill(process.pid, signal)
  }
  for (const signal of SIGNALS) process.once(signal, interrupted)
  try {
    const server = new Actor('server')
    actors.push(server)
    const client = new Actor('client')
    actors.push(client)
    await act({ path: join(folder, 'socket'), server, client })
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupted)
    leave()
    await Promise.all(actors.map(({ exited }) => exited))
  }
}
