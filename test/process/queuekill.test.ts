import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { generateIdentity, serve } from '../../src/index.js'
import { type Endpoint, listen, writeIdentity } from '../../src/node.js'
import { buildProgram } from './program.js'
import { open, Work } from './queuework.js'

const folder = mkdtempSync(join(tmpdir(), 'sotto-queuekill-'))
const program = join(folder, 'queuepeer.mjs')
const keyFile = join(folder, 'theirs.key')
const mine = generateIdentity()
const theirs = generateIdentity()
afterAll(() => rmSync(folder, { recursive: true }))

beforeAll(async () => {
  await writeIdentity(keyFile, theirs)
  await buildProgram('queuepeer.ts', program)
})

type Said = readonly [what: 'begun' | 'done', number: number, attempt: number]

const JOBS = Number(process.env.SOTTO_QUEUE_JOBS ?? 400)

test.each<Endpoint>([`unix:${join(folder, 'work.sock')}`, 'tcp:127.0.0.1:0'])(
  'QU-16 QU-26 two workers over %s share the work, and when one is killed in the middle the other does what it had',
  async (endpoint) => {
    const service = serve(Work, {})
    const host = await listen(endpoint, { identity: mine, trust: [theirs.id], policy: open, serve: [service] })
    onTestFinished(() => host.close())
    const begun = new Map<number, Set<string>>()
    const done = new Map<number, string>()
    const twice: number[] = []
    let finish: () => void = () => undefined
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    let killed = false
    const start = (who: string) => {
      const child = fork(program, [keyFile, mine.id, host.endpoint], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
      onTestFinished(() => void child.kill('SIGKILL'))
      child.on('message', (message) => {
        // The cast: it is what queuepeer sends.
        const [what, number] = message as Said
        if (what === 'begun') begun.set(number, (begun.get(number) ?? new Set()).add(who))
        else if (done.has(number)) twice.push(number)
        else done.set(number, who)
        // The other comes when this one has done something, which it might not live to do beside it.
        if (what === 'done' && done.size === 1) start('second')
        if (who === 'first' && what === 'begun' && done.size > JOBS / 4 && !killed) {
          killed = true
          child.kill('SIGKILL')
        }
        // One may have been acknowledged by the worker that did not live to tell.
        const isTold = [...begun].every(([n, by]) => done.has(n) || (by.size === 1 && by.has('first')))
        if (begun.size === JOBS && isTold) void service.queues.jobs.metrics().then((of) => isOver(of) && finish())
      })
      return child
    }
    const first = start('first')
    const gone = once(first, 'exit')
    for (let n = 0; n < JOBS; n++) await service.local.jobs.enqueue(n)
    await gone
    await finished
    expect(twice).toEqual([])
    expect(begun.size).toBe(JOBS)
    expect(new Set(done.values())).toEqual(new Set(['first', 'second']))
    // What the killed worker had begun and not acknowledged was done by the other.
    expect(JOBS - done.size).toBeLessThanOrEqual(1)
    expect(await service.queues.jobs.metrics()).toEqual({ ready: 0, delayed: 0, leased: 0, dead: 0, oldestMs: 0 })
  },
)

const isOver = ({
  ready,
  delayed,
  leased,
}: {
  readonly ready: number
  readonly delayed: number
  readonly leased: number
}) => ready + delayed + leased === 0
