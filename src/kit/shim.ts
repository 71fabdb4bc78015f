import { defaultProvider } from '../crypto/default.js'
import { SottoError } from '../errors.js'
import { later } from '../link/later.js'
import { SUITES } from '../session/suites.js'
import { ASKS } from './asks.js'
import type { Broken } from './broken.js'
import { LEVELS } from './kitcontract.js'
import { Members } from './members.js'
import { ShimEnd } from './shimend.js'
import { type Answered, MAX_LINE, type Said } from './shimlines.js'

/** Sessions of one shim, those that are over included. */
const SESSIONS = 65_536
/** All is worked through when as many tasks in a row have told nothing. */
const QUIET = 4
const QUIET_MS = 2
/** No session works for longer at what it was given, so while others go on saying things this is enough. */
const TASKS = 32

/** What a shim says, a line each, without its line feed. */
export interface ShimOutlets {
  readonly line: (line: string) => void
  /** It has ended: nothing comes any more. With the reason if a line was wrong, or the shim itself. */
  readonly over: (error?: Error) => void
}

/** The shim of spec/conformance.md: lines in, lines out; its sessions are those that programs have. */
export class Shim {
  readonly #outlets: ShimOutlets
  readonly #broken: Broken
  readonly #ends = new Map<number, ShimEnd>()
  /** What is not answered yet. */
  readonly #asking = new Set<Promise<void>>()
  #said = 0
  #lines = 0
  #isGreeted = false
  #isOver = false

  /** @param broken what it does otherwise than it must, for tests of a kit */
  constructor(outlets: ShimOutlets, broken: Broken = {}) {
    this.#outlets = outlets
    this.#broken = broken
  }

  /** Takes one line, without its line feed. One that is none ends the shim. */
  take(text: string): void {
    if (this.#isOver) return
    this.#lines++
    try {
      const line = new Members(JSON.parse(text), 'a line')
      const { asked } = this.#broken
      this.#take(asked === undefined ? line : new Members(asked(line.all), 'a line'))
    } catch (error) {
      this.fail(error)
    }
  }

  /** Ends all sessions without a byte, and the shim. */
  end(error?: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const end of this.#ends.values()) end.abort()
    this.#outlets.over(error)
  }

  /** Ends it because of what is in the line that was taken last, or is no line at all behind that. */
  fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : 'no reason given'
    this.end(new SyntaxError(`line ${this.#lines}: ${reason}`, { cause: error }))
  }

  #take(line: Members): void {
    const act = line.has('do') ? line.text('do') : undefined
    // CF-1
    if (!this.#isGreeted && act !== 'hello') throw new SyntaxError('expected hello first')
    if (act === 'hello') this.#hello(line)
    else if (act === 'ask') this.#ask(line)
    else if (act === 'settle') void this.#settle(line.count('id'))
    else if (act === 'exit') this.end()
    else if (act === 'open') this.#open(line)
    else this.#toSession(line, act)
  }

  #hello(line: Members): void {
    if (line.count('sotto') !== 1) throw new SyntaxError('expected version 1 of these lines')
    this.#isGreeted = true
    const suites = SUITES.filter(({ cipher }) => cipher !== 'AESGCM' || defaultProvider.nativeAes)
    const ids = suites.map(({ id }) => `0x${id.toString(16).padStart(4, '0')}`)
    this.#say({ hello: { sotto: 1, name: 'sotto', version: '1', levels: LEVELS, suites: ids } })
  }

  /** CF-2 */
  #ask(line: Members): void {
    const [id, ask, vector] = [line.count('id'), line.text('ask'), line.of('vector')]
    const found = Object.hasOwn(ASKS, ask) ? ASKS[ask] : undefined
    if (found === undefined) {
      this.#say({ id, unsupported: true })
      return
    }
    const say = (answered: Answered): void => this.#say({ id, ...(this.#broken.answers?.(ask, answered) ?? answered) })
    try {
      const answer = found(vector)
      if (answer instanceof Promise) this.#await(answer, say)
      else say({ answer })
    } catch (error) {
      say(refusal(error))
    }
  }

  #await(answer: Promise<Said>, say: (answered: Answered) => void): void {
    const asking = answer
      .then(
        (value) => say({ answer: value }),
        (error: unknown) => say(refusal(error)),
      )
      .catch((error: unknown) => this.fail(error))
      .finally(() => this.#asking.delete(asking))
    this.#asking.add(asking)
  }

  /** CF-4 */
  async #settle(id: number): Promise<void> {
    await Promise.all(this.#asking)
    for (let tasks = 0, quiet = 0, said = this.#said; quiet < QUIET && tasks < TASKS; tasks++, said = this.#said) {
      await new Promise<void>((resolve) => {
        setTimeout(() => later(resolve), QUIET_MS)
      })
      quiet = said === this.#said ? quiet + 1 : 0
    }
    this.#say({ id, settled: true })
  }

  #open(line: Members): void {
    const session = line.count('session')
    if (this.#ends.has(session) || this.#ends.size >= SESSIONS)
      throw new SyntaxError('expected a session of a new number')
    const { trusts, denied } = this.#broken
    const end = new ShimEnd(line, {
      tell: (event, members) => this.#say({ session, event, ...members }),
      write: (bytes) => this.#say({ session, bytes }),
      failed: (error) => this.fail(error),
      ...(trusts && { trusts }),
      ...(denied && { denied }),
    })
    this.#ends.set(session, end)
  }

  #toSession(line: Members, act: string | undefined): void {
    const end = this.#ends.get(line.count('session'))
    if (end === undefined) throw new SyntaxError('expected a session that was opened')
    if (act !== undefined) end.act(line)
    else if (line.has('bytes')) end.feed(line.bytes('bytes'))
    else if (line.any('eof') === true) end.eof()
    else throw new SyntaxError('expected an act, bytes or eof')
  }

  /** CF-5 */
  #say(said: Said): void {
    if (this.#isOver) return
    this.#said++
    for (const each of this.#broken.says?.(said) ?? [said]) {
      const text = JSON.stringify(each)
      if (text.length > MAX_LINE) throw new RangeError(`expected to say a line of ${MAX_LINE} bytes at most`)
      this.#outlets.line(text)
    }
  }
}

/** What is refused is an answer too; anything else is a vector that is none, or a defect, and thrown on. */
const refusal = (error: unknown): Answered => {
  if (error instanceof SottoError) return { code: error.code }
  throw error
}
