import type { Terminal } from '../command.js'
import type { Paint } from '../paint.js'
import type { Part } from './actor.js'

const COLOURS = { server: 'yellow', client: 'cyan', both: 'bold' } as const

/** What the demo says. */
export class Report {
  readonly #terminal: Terminal
  readonly #paint: Paint

  constructor(terminal: Terminal, paint: Paint) {
    this.#terminal = terminal
    this.#paint = paint
  }

  title(text: string): void {
    this.#out(`\n${this.#paint('bold', text)}`)
  }

  /** A line of one process, or of both. */
  line(who: Part | 'both', text: string): void {
    this.#out(`  ${this.#paint(COLOURS[who], who.padEnd(6))}  ${text}`)
  }

  /** Something that was checked just now. */
  holds(text: string): void {
    this.#out(`  ${this.#paint('green', '✓')} ${text}`)
  }

  fails(text: string): void {
    this.#out(`  ${this.#paint('red', '✗')} ${text}`)
  }

  progress(text: string): void {
    this.#terminal.progress(text === '' ? '' : `  ${text}`)
  }

  #out(text: string): void {
    this.#terminal.progress('')
    this.#terminal.out(text)
  }
}
