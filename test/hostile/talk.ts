import { fork } from 'node:child_process'

/** A question to another process of the test, and its answer. */
interface Question {
  readonly id: number
  readonly what: string
  readonly with: unknown
}

interface Answer {
  readonly id: number
  readonly answer?: unknown
  readonly error?: string
}

/** In the other process: answers what it is asked by the functions of `acts`. It ends with the process that asks. */
export const answering = (acts: Readonly<Record<string, (asked: never) => unknown>>): void => {
  const answer = async ({ id, what, with: asked }: Question): Promise<void> => {
    try {
      // The cast: who asks and who answers are files of one test.
      process.send?.({ id, answer: await acts[what]?.(asked as never) })
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? error.stack : String(error) })
    }
  }
  process.on('disconnect', () => process.exit())
  process.on('message', (question: Question) => void answer(question))
  process.send?.('ready')
}

/** Another process of the test. */
export interface Talk {
  ask<T>(what: string, asked?: unknown): Promise<T>
  end(): void
}

/** Starts `program`. Node lets it have as many files open as the system does: the full size needs 10,000. */
export const talkTo = async (program: string): Promise<Talk> => {
  const child = fork(program, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] })
  const open = new Map<
    number,
    { readonly resolve: (answer: never) => void; readonly reject: (reason: Error) => void }
  >()
  let asked = 0
  await new Promise<unknown>((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)))
  })
  child.on('exit', (code, signal) => {
    for (const { reject } of open.values()) reject(new Error(`${program} ended with ${signal ?? code}`))
  })
  child.on('message', ({ id, answer, error }: Answer) => {
    const waiting = open.get(id)
    open.delete(id)
    if (error === undefined) waiting?.resolve(answer as never)
    else waiting?.reject(new Error(error))
  })
  return {
    ask: (what, question) =>
      new Promise((resolve, reject) => {
        const id = ++asked
        open.set(id, { resolve, reject })
        child.send({ id, what, with: question })
      }),
    end: () => {
      if (child.connected) child.disconnect()
    },
  }
}
