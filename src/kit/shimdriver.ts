import { concat, EMPTY, toHex } from '../bytes.js'
import { type Answer, type End, type Event, Finding, Late, type OpenOptions, type Shim, type Sink } from './case.js'
import { LEVELS, type Level } from './kitcontract.js'
import { Members } from './members.js'

/** CF-9: nobody waits for a shim longer. */
const WAIT_MS = 5_000
/** Of what no case has taken, in characters of events and bytes of sessions: a whole run of a sound shim stays below. */
const MOST_HELD = 67_108_864
/** CF-13 */
const EVENTS: readonly string[] = [
  'open',
  'heard',
  'over',
  'reply',
  'fault',
  'item',
  'ready',
  'ended',
  'refused',
  'exported',
  'closed',
  'eof',
]
/** The codes of spec/errors.md are shorter. */
const MOST_CODE = 64

type Line = Readonly<Record<string, unknown>>

/** A shim as cases see it, over lines that somebody carries to it and back. */
export class ShimDriver implements Shim {
  readonly #send: (line: string) => void
  readonly #wait: Wait
  readonly #ends = new Map<number, DrivenEnd>()
  readonly #answers = new Map<number, Answer>()
  readonly #settled = new Set<number>()
  /** Numbers of asks and of `settle` without an answer. */
  readonly #due: Readonly<Record<'ask' | 'settle', Set<number>>> = { ask: new Set(), settle: new Set() }
  #hello: Members | undefined
  #levels: readonly Level[] = []
  #suites: readonly number[] = []
  #asked = 0
  #held = 0
  #reason: string | undefined

  /** @param send takes a line without its line feed */
  constructor(send: (line: string) => void) {
    this.#send = send
    this.#wait = new Wait(() => this.#reason)
  }

  get levels(): readonly Level[] {
    return this.#levels
  }

  get suites(): readonly number[] {
    return this.#suites
  }

  /** What it calls itself; empty before `hello`. */
  get title(): string {
    return this.#hello === undefined ? '' : `${this.#hello.text('name')} ${this.#hello.text('version')}`
  }

  get isOver(): boolean {
    return this.#reason !== undefined
  }

  /** CF-13: takes one line of the shim, without its line feed. One that is none is the end of it. */
  take(text: string): void {
    if (this.isOver) return
    try {
      this.#take(new Members(JSON.parse(text), 'a line'))
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      this.over(`it said a line that is none: ${error.message}`)
    }
  }

  /** Nothing comes from the shim any more: all that waits finds so. */
  over(reason: string): void {
    this.#reason ??= reason
    this.#wait.changed()
    for (const end of this.#ends.values()) end.changed()
  }

  /** The first line. @throws Finding if it is not answered as CF-1 says */
  async hello(): Promise<void> {
    this.#say({ do: 'hello', sotto: 1 })
    await this.#wait.until(() => this.#hello !== undefined, 'hello')
  }

  /** @throws Finding if it does not answer any more */
  async settle(): Promise<void> {
    const id = this.#next('settle')
    this.#say({ do: 'settle', id })
    await this.#wait.until(() => this.#settled.delete(id), 'settled')
  }

  async ask(ask: string, vector: unknown): Promise<Answer> {
    const id = this.#next('ask')
    this.#say({ do: 'ask', id, ask, vector })
    await this.#wait.until(() => this.#answers.has(id), 'an answer')
    const answer = this.#answers.get(id)
    this.#answers.delete(id)
    if (answer === undefined) throw new Finding('expected an answer, got none')
    return answer
  }

  open(options: OpenOptions, sink?: Sink): Promise<End> {
    const session = this.#ends.size
    const end = new DrivenEnd(
      (line) => this.#say({ session, ...line }),
      () => this.settle(),
      () => this.#reason,
      (change) => {
        this.#held += change
      },
      sink,
    )
    this.#ends.set(session, end)
    this.#say({ do: 'open', session, ...options })
    return Promise.resolve(end)
  }

  /** The last line. */
  exit(): void {
    if (!this.isOver) this.#say({ do: 'exit' })
  }

  #say(line: Line): void {
    if (!this.isOver) this.#send(JSON.stringify(line))
  }

  #take(line: Members): void {
    if (line.has('hello')) this.#greeted(line.of('hello'))
    else if (line.has('session')) {
      const end = this.#ends.get(line.count('session'))
      if (end === undefined) throw new SyntaxError('expected a session that was opened')
      end.hear(line)
      if (this.#held > MOST_HELD) throw new SyntaxError(`expected no more than is asked for, got ${this.#held} bytes`)
    } else if (line.any('settled') === true) this.#settled.add(this.#answered('settle', line))
    else this.#answers.set(this.#answered('ask', line), answerOf(line))
    this.#wait.changed()
  }

  #next(what: 'ask' | 'settle'): number {
    const id = this.#asked++
    this.#due[what].add(id)
    return id
  }

  /** CF-13: an answer to nothing, or another to the same, is none. */
  #answered(what: 'ask' | 'settle', line: Members): number {
    const id = line.count('id')
    if (!this.#due[what].delete(id)) throw new SyntaxError(`expected the id of what is not answered, got ${id}`)
    return id
  }

  #greeted(hello: Members): void {
    if (this.#hello !== undefined) throw new SyntaxError('expected one hello, got two')
    if (hello.count('sotto') !== 1) throw new SyntaxError('expected version 1 of these lines')
    hello.text('name')
    hello.text('version')
    const levels = hello.texts('levels')
    this.#levels = LEVELS.filter((level) => levels.includes(level))
    if (this.#levels.length !== levels.length || !levels.includes('core'))
      throw new SyntaxError('expected levels of the table, core among them')
    this.#suites = hello.texts('suites').map((text) => {
      if (!/^0x[0-9a-f]{4}$/.test(text)) throw new SyntaxError('expected suites as 0x and four digits')
      return Number(text)
    })
    this.#hello = hello
  }
}

const answerOf = (line: Members): Answer => {
  if (line.any('unsupported') === true) return { unsupported: true }
  if (!line.has('code')) return { answer: line.of('answer').all }
  const code = line.text('code')
  if (code.length > MOST_CODE) throw new SyntaxError(`expected a code, got ${code.length} characters`)
  return { code }
}

/** What comes of one session. */
class DrivenEnd implements End {
  readonly #say: (line: Line) => void
  readonly #settle: () => Promise<void>
  readonly #sink: Sink | undefined
  readonly #wait: Wait
  readonly #holds: (change: number) => void
  readonly #events: Event[] = []
  #bytes = EMPTY
  #isOver = false

  constructor(
    say: (line: Line) => void,
    settle: () => Promise<void>,
    reason: () => string | undefined,
    holds: (change: number) => void,
    sink: Sink | undefined,
  ) {
    this.#say = say
    this.#settle = settle
    this.#sink = sink
    this.#holds = holds
    this.#wait = new Wait(reason)
  }

  /** @throws SyntaxError on a line that is none */
  hear(line: Members): void {
    if (line.has('bytes')) this.#written(line.bytes('bytes'))
    else {
      const { session: _, ...members } = line.all
      const event = line.one('event', EVENTS)
      if (Object.values(members).some((value) => typeof value === 'object' && value !== null))
        throw new SyntaxError(`expected texts in the event ${event}`)
      const told = { ...members, event }
      this.#events.push(told)
      this.#holds(weightOf(told))
      if (event === 'eof') {
        this.#isOver = true
        this.#sink?.eof()
      }
    }
    this.changed()
  }

  changed(): void {
    this.#wait.changed()
  }

  feed(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#say({ bytes: toHex(bytes) })
  }

  eof(): void {
    this.#say({ eof: true })
  }

  act(act: Line): void {
    this.#say(act)
  }

  async bytes(length = 0): Promise<Uint8Array> {
    await this.#wait.until(() => this.#bytes.length >= length || this.#isOver, `${length} bytes`)
    if (this.#bytes.length < length)
      throw new Finding(`expected ${length} bytes, got ${this.#bytes.length} and the end`)
    const taken = this.#bytes.slice(0, length || this.#bytes.length)
    this.#bytes = this.#bytes.subarray(taken.length)
    this.#holds(-taken.length)
    return taken
  }

  async event(name?: string): Promise<Event> {
    let found: Event | undefined
    // In one wait: others that keep coming do not make it longer (CF-9).
    const look = (): boolean => {
      const at = this.#events.findIndex((event) => name === undefined || event.event === name)
      const taken = this.#taken(at < 0 ? this.#events.length : at + 1)
      if (at >= 0) found = taken.at(-1)
      return at >= 0
    }
    await this.#wait.until(() => found !== undefined || look() || this.#isOver, `the event ${name ?? ''}`)
    if (found === undefined) throw new Finding(`expected the event ${name ?? ''}, got the end of the session`)
    return found
  }

  async settled(): Promise<{ readonly events: readonly Event[]; readonly bytes: Uint8Array }> {
    await this.#settle()
    return { events: this.#taken(this.#events.length), bytes: await this.bytes() }
  }

  #taken(count: number): readonly Event[] {
    const taken = this.#events.splice(0, count)
    for (const event of taken) this.#holds(-weightOf(event))
    return taken
  }

  #written(bytes: Uint8Array): void {
    if (this.#sink === undefined) {
      this.#bytes = concat(this.#bytes, bytes)
      this.#holds(bytes.length)
    } else this.#sink.bytes(bytes)
  }
}

/** Characters, and something for what is around them. */
const weightOf = (members: Line): number =>
  Object.values(members).reduce((sum: number, value) => sum + 64 + String(value).length, 0)

/** Waits for what lines bring, and not for ever. */
class Wait {
  readonly #reason: () => string | undefined
  readonly #waiting = new Set<() => void>()

  /** @param reason why nothing comes any more */
  constructor(reason: () => string | undefined) {
    this.#reason = reason
  }

  changed(): void {
    for (const look of this.#waiting) look()
  }

  /** CF-9 @throws Finding if it does not come in time, or cannot come any more */
  until(there: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const reason = this.#reason()
        if (there()) settle(resolve)
        else if (reason !== undefined)
          settle(() => reject(new Finding(`expected ${what}, but the shim ended: ${reason}`)))
      }
      const settle = (then: () => void): void => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        then()
      }
      const timer = setTimeout(() => {
        settle(() => reject(new Late(`expected ${what}, got nothing in ${WAIT_MS} ms`)))
      }, WAIT_MS)
      this.#waiting.add(look)
      look()
    })
  }
}
