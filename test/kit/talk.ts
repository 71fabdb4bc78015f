import { defaultProvider } from '../../src/crypto/default.js'
import { Identity } from '../../src/identity/identity.js'
import type { Broken } from '../../src/kit/broken.js'
import { Shim } from '../../src/kit/shim.js'

export type Line = Readonly<Record<string, unknown>>

export const INITIATOR = 1
export const RESPONDER = 2

const idOf = (secret: string): string => Identity.of(Uint8Array.from(Buffer.from(secret, 'hex')), defaultProvider).id

/** A kit that talks with a shim inside this process, by lines. */
export class Talk {
  readonly shim: Shim
  readonly said: Line[] = []
  over: { readonly error: unknown } | undefined
  readonly #waiting: (() => void)[] = []
  /** The session that reads what another writes. */
  readonly #joined = new Map<unknown, number>()
  #id = 0

  constructor(broken?: Broken) {
    this.shim = new Shim(
      {
        line: (text) => {
          // The cast: a line is an object.
          this.#hear(JSON.parse(text) as Line)
        },
        over: (error) => {
          this.over = { error }
          this.#wake()
        },
      },
      broken,
    )
  }

  tell(line: Line): void {
    this.shim.take(JSON.stringify(line))
  }

  hello(): Promise<Line> {
    this.tell({ do: 'hello', sotto: 1 })
    return this.until((line) => line.hello !== undefined)
  }

  ask(ask: string, vector: Line): Promise<Line> {
    const id = ++this.#id
    this.tell({ do: 'ask', id, ask, vector })
    return this.until((line) => line.id === id)
  }

  settle(): Promise<Line> {
    const id = ++this.#id
    this.tell({ do: 'settle', id })
    return this.until((line) => line.id === id)
  }

  /** Opens two sessions, whose pipes are one. */
  pair(initiator: Line = {}, responder: Line = {}): void {
    const [secret, other] = ['11'.repeat(32), '22'.repeat(32)]
    this.join()
    this.tell({ do: 'open', session: RESPONDER, role: 'responder', secret: other, peer: idOf(secret), ...responder })
    this.tell({ do: 'open', session: INITIATOR, role: 'initiator', secret, peer: idOf(other), ...initiator })
  }

  /** Whatever one of two sessions writes the other reads. */
  join(): void {
    this.#joined.set(INITIATOR, RESPONDER).set(RESPONDER, INITIATOR)
  }

  act(session: number, act: string, members: Line = {}): void {
    this.tell({ session, do: act, ...members })
  }

  event(session: number, event: string): Promise<Line> {
    return this.until((line) => line.session === session && line.event === event)
  }

  /** Events of a session so far, all or those of a name. */
  events(session: number, event?: string): readonly Line[] {
    return this.said.filter(
      (line) => line.session === session && line.event !== undefined && (event === undefined || line.event === event),
    )
  }

  /** The first line that is so, said before or to come. */
  async until(wanted: (line: Line) => boolean): Promise<Line> {
    for (;;) {
      const found = this.said.find(wanted)
      if (found !== undefined) return found
      if (this.over !== undefined) throw new TypeError('the shim ended', { cause: this.over.error })
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #hear(line: Line): void {
    this.said.push(line)
    const session = this.#joined.get(line.session)
    if (session !== undefined && typeof line.bytes === 'string') this.tell({ session, bytes: line.bytes })
    if (session !== undefined && line.event === 'eof') this.tell({ session, eof: true })
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}
