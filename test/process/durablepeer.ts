import { writeSync } from 'node:fs'
import type { BrokerQueue } from '../../src/broker/broker.js'
import { durableBroker } from '../../src/broker/durable.node.js'
import { SottoError } from '../../src/errors.js'
import { ADDRESS, bodyOf, SETTINGS, textOf } from './durablework.js'

/** Works on the store at PATH until it has had so many outcomes, and tells on standard output what was asked and what was acknowledged. */
const [path = '', life = '', operations = '0', sync = 'fsync'] = process.argv.slice(2)

const most = Number(operations) || Number.POSITIVE_INFINITY
const done = { outcomes: 0, enqueued: 0 }

const say = (line: string): void => {
  writeSync(1, `${line}\n`)
}

const over = (): boolean => done.outcomes >= most

/** What a write that fails does is told; the work goes on. */
const tried = async (act: () => Promise<void>): Promise<void> => {
  try {
    await act()
  } catch (error) {
    if (!(error instanceof SottoError)) throw error
    say(`! ${error.code}`)
    // The next is asked when the broker may have opened its store again.
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  done.outcomes++
}

const produce = async (queue: BrokerQueue): Promise<void> => {
  while (!over()) {
    const text = `${life}-${done.enqueued++}`
    await tried(async () => {
      await queue.enqueue('', bodyOf(text), {})
      say(`+ ${text}`)
    })
  }
}

const consume = async (queue: BrokerQueue, number: number): Promise<void> => {
  for (let turn = number; !over(); turn++)
    await tried(async () => {
      for (const leased of await queue.lease('', 3, AbortSignal.timeout(200))) {
        const text = textOf(leased.body)
        say(`= ${text}`)
        if (turn % 5 === 0) await queue.settle(leased.receipt, { is: 'retry', afterMs: 0 })
        else if (turn % 7 > 0) {
          say(`? ${text}`)
          if (await queue.settle(leased.receipt, { is: 'ack' })) say(`- ${text}`)
        }
      }
    })
}

const damaged = ({ error }: { readonly error: Error }): void => say(`damaged ${error.message}`)
try {
  const broker = await durableBroker({ path, damaged, sync: sync === 'relaxed' ? 'relaxed' : 'fsync' })
  const queue = broker.queue(ADDRESS, SETTINGS)
  say('begun')
  await Promise.all([0, 1, 2].flatMap((number) => [produce(queue), consume(queue, number)]))
  await broker[Symbol.asyncDispose]()
  say('ended')
} catch (error) {
  if (!(error instanceof SottoError)) throw error
  say(`refused ${error.code}`)
}
