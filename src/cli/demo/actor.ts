import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { type Fact, type FactOf, isFact, type Setup } from './facts.js'

/** Silence after which a process is taken for stuck. */
const SILENCE_MS = 60_000

export type Part = 'server' | 'client'

/** One process of the demo, as the one that started it sees it. */
export class Actor {
  readonly #part: Part
  readonly #child: ChildProcess
  readonly #exited: Promise<void>
  #facts: Fact[] = []
  #wake: () => void = () => undefined
  #over: string | undefined

  constructor(part: Part) {
    this.#part = part
    this.#child = fork(new URL(`./${part}.js`, import.meta.url))
    this.#child.on('message', (fact) => {
      if (isFact(fact)) this.#facts.push(fact)
      this.#wake()
    })
    this.#exited = new Promise((resolve) => {
      // A child that was disconnected emits no 'close'.
      this.#child.once('exit', (code, signal) => {
        this.#over = `ended with ${signal ?? `exit code ${code}`}`
        this.#wake()
        resolve()
      })
    })
  }

  tell(setup: Setup): void {
    this.#child.send(setup)
  }

  /**
   * The next fact of these kinds; what came of other kinds is kept.
   * @throws AssertionError if the process or its session ends, or the process is silent, before
   */
  async hear<K extends Fact['is']>(...kinds: readonly K[]): Promise<FactOf<K>> {
    for (;;) {
      const fact = this.#facts.find((fact): fact is FactOf<K> => isOf(fact, kinds))
      if (fact !== undefined) {
        this.#facts.splice(this.#facts.indexOf(fact), 1)
        return fact
      }
      await this.#news(kinds.join(' or '))
    }
  }

  /** True if such a fact has come and was not heard yet. */
  has(is: Fact['is']): boolean {
    return this.#facts.some((fact) => fact.is === is)
  }

  /** Ends the process without a word to it. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** Lets the process go, which it does by itself. @throws AssertionError if it ended in any other way */
  async dismiss(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect()
    await this.#exited
    assert.equal(this.#over, 'ended with exit code 0', `the ${this.#part} ${this.#over}`)
  }

  get exited(): Promise<void> {
    return this.#exited
  }

  async #news(awaited: string): Promise<void> {
    assert.equal(this.#over, undefined, `the ${this.#part} ${this.#over}, and had not said "${awaited}" before`)
    for (const fact of this.#facts)
      if (fact.is === 'ended') assert.equal(fact.message, '', `the session of the ${this.#part} ended: ${fact.message}`)
    let timer: ReturnType<typeof setTimeout> | undefined
    const heard = await new Promise<boolean>((resolve) => {
      this.#wake = () => resolve(true)
      timer = setTimeout(resolve, SILENCE_MS, false)
    })
    clearTimeout(timer)
    assert.ok(heard, `the ${this.#part} said nothing for ${SILENCE_MS / 1_000} s; "${awaited}" was awaited`)
  }
}

const isOf = <K extends Fact['is']>(fact: Fact, kinds: readonly K[]): fact is FactOf<K> =>
  kinds.some((kind) => kind === fact.is)
