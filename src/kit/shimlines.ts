import { concat, EMPTY } from '../bytes.js'

/** A line is no longer (spec/conformance.md), its line feed not counted. */
export const MAX_LINE = 4_194_304

/** The object of a line. */
export type Said = Readonly<Record<string, unknown>>

/** What comes of an ask: its answer, or the code of what refused it. */
export type Answered = { readonly answer: Said } | { readonly code: string }

const LINE_FEED = 0x0a

/** Cuts what arrives into lines. */
export class Lines {
  #rest: Uint8Array[] = []
  #held = 0

  /** The lines that are whole by now; `bytes` is borrowed. @throws SyntaxError on a line over 4 MiB or outside UTF-8 */
  take(bytes: Uint8Array): readonly string[] {
    const lines: string[] = []
    let from = 0
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, from)) {
      this.#hold(bytes.subarray(from, end))
      lines.push(this.#whole())
      from = end + 1
    }
    this.#hold(bytes.subarray(from))
    return lines
  }

  /** The input is over. @throws SyntaxError if it ended within a line */
  end(): void {
    if (this.#held > 0) throw new SyntaxError('expected a line feed, got the end')
  }

  #hold(part: Uint8Array): void {
    this.#held += part.length
    if (this.#held > MAX_LINE) throw new SyntaxError(`expected a line of ${MAX_LINE} bytes at most, got more`)
    if (part.length > 0) this.#rest.push(concat(part))
  }

  #whole(): string {
    const line = this.#rest.length === 0 ? EMPTY : concat(...this.#rest)
    this.#rest = []
    this.#held = 0
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line)
    } catch (cause) {
      throw new SyntaxError('expected a line in UTF-8', { cause })
    }
  }
}
