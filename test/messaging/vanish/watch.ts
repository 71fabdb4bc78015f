import { type ErrorCode, SottoError } from '../../../src/errors.js'

/** What was said of a request, and whether it ran. */
interface Said {
  readonly what: string
  readonly id: number
  readonly ran: string
}

/** Everything that has to settle in one run, what it settled with, and what of it is wrong. */
export class Watch {
  readonly #open = new Map<number, string>()
  readonly #said: Said[] = []
  readonly #ran = new Set<number>()
  readonly #wrong: string[] = []
  #count = 0

  /**
   * `promise` has to settle, with a value or with one of `codes`. What is said of the request `id`, if it is one, has to be true.
   */
  settles<T>(what: string, promise: Promise<T>, codes: readonly ErrorCode[] = [], id?: number): Promise<T> {
    const number = this.#count++
    this.#open.set(number, what)
    promise.then(
      () => this.#settled(number, what, id, id === undefined ? 'maybe' : 'yes'),
      (error: unknown) => {
        const known = error instanceof SottoError
        this.#settled(number, what, id, known ? error.ran : 'maybe')
        if (!known || !codes.includes(error.code)) this.#wrong.push(`${what} failed with ${String(error)}`)
      },
    )
    return promise
  }

  /** A handler has seen the request `id`. */
  ran(id: number): void {
    this.#ran.add(id)
  }

  /** Something that may not be happened. */
  blame(what: string): void {
    this.#wrong.push(what)
  }

  get open(): readonly string[] {
    return [...this.#open.values()]
  }

  /** What did not settle, settled with what it may not, or said of the other end what is not so. */
  get wrong(): readonly string[] {
    const untrue = this.#said
      .filter(({ id, ran }) => (ran === 'no' && this.#ran.has(id)) || (ran === 'yes' && !this.#ran.has(id)))
      .map(({ what, ran }) => `${what} was told that it ran: ${ran}`)
    return [...this.#wrong, ...untrue, ...this.open.map((what) => `${what} did not settle`)]
  }

  #settled(number: number, what: string, id: number | undefined, ran: string): void {
    this.#open.delete(number)
    if (id !== undefined) this.#said.push({ what, id, ran })
  }
}
