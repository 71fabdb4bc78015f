import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect } from 'vitest'
import { durableBroker } from '../../src/broker/durable.node.js'
import { ADDRESS, SETTINGS, textOf } from './durablework.js'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The peer as one file, which finds LevelDB where this one does. */
export const bundle = async (outfile: string): Promise<void> => {
  const level = createRequire(import.meta.url).resolve('classic-level')
  await build({
    entryPoints: [at('durablepeer.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    alias: { '#native': at('../../src/crypto/native.ts'), 'classic-level': level },
    external: [level],
  })
}

/** A life of the peer, and what it said once it is over. */
export const live = (command: readonly string[]): { readonly child: ChildProcess; readonly said: Promise<string> } => {
  const [program = '', ...rest] = command
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' }
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], env })
  const { stdout, stderr } = child
  if (stdout === null || stderr === null) throw new RangeError('expected pipes')
  const said = Promise.all([text(stdout), text(stderr), once(child, 'close')]).then(([told, errors]) => {
    expect(errors.replace(/^\+\+\+.*\n|^strace:.*\n/gm, '')).toBe('')
    return told
  })
  return { child, said }
}

/** What a store must and must not hold, by what its lives said. */
export class Account {
  /** Acknowledged to who enqueued them; not settled, as far as is known. */
  readonly held = new Set<string>()
  readonly settled = new Set<string>()
  readonly damages: string[] = []
  codes = new Map<string, number>()
  enqueued = 0
  again = 0

  heard(said: string): void {
    // A life that ended in a line said nothing by it.
    for (const line of said.slice(0, said.lastIndexOf('\n')).split('\n')) {
      const [mark = '', what = ''] = line.split(' ')
      if (mark === '+') {
        this.enqueued++
        // Who took it may have been told before who gave it.
        if (!this.settled.has(what)) this.held.add(what)
      } else if (mark === '=' && this.settled.has(what) && this.#sure.has(what)) this.again++
      else if (mark === '?') {
        this.held.delete(what)
        this.settled.add(what)
      } else if (mark === '-') this.#sure.add(what)
      else if (mark === 'damaged') this.damages.push(line)
      else if (mark === '!' || mark === 'refused') this.codes.set(what, (this.codes.get(what) ?? 0) + 1)
    }
  }

  /** Opens the store and looks at all in it: how many acknowledged messages are lost, and how many came after their acknowledged ack. */
  async compared(
    path: string,
  ): Promise<{ readonly lost: string[]; readonly after: string[]; readonly damages: string[] }> {
    const broker = await durableBroker({ path, damaged: ({ error }) => this.damages.push(error.message) })
    const queue = broker.queue(ADDRESS, { ...SETTINGS, leaseMs: 60_000 })
    const found = new Set<string>()
    for (;;) {
      const { ready } = await queue.metrics()
      if (ready === 0) break
      for (const { body } of await queue.lease('', 1_000, new AbortController().signal)) {
        const one = textOf(body)
        expect(found.has(one)).toBe(false)
        found.add(one)
      }
    }
    await broker[Symbol.asyncDispose]()
    // Asked to be settled when it ended: it was, or is there.
    for (const one of found) if (!this.#sure.has(one)) this.settled.delete(one)
    for (const one of found) if (!this.#sure.has(one)) this.held.add(one)
    return {
      lost: [...this.held].filter((one) => !found.has(one)),
      after: [...this.#sure].filter((one) => found.has(one)),
      damages: this.damages,
    }
  }

  readonly #sure = new Set<string>()
}
