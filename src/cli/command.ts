import type { ParseArgsConfig } from 'node:util'

/** What the process exits with. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const

export type Exit = (typeof EXIT)[keyof typeof EXIT]

/** Where a command's words go. */
export interface Terminal {
  out(text: string): void
  error(text: string): void
  /** Shows `text` in place of the last progress; shows nothing where no person looks on. Empty text ends it. */
  progress(text: string): void
}

/** What was on the command line behind the command's name; options as `Command.options` declares them. */
export interface Arguments {
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
  readonly positionals: readonly string[]
}

export interface Command {
  /** Behind `sotto`: `vectors noise FILE... [--json]`. */
  readonly usage: string
  /** One line for `sotto --help`. */
  readonly summary: string
  readonly options: NonNullable<ParseArgsConfig['options']>
  /** `EXIT.usage` makes the usage line appear. */
  run(args: Arguments, terminal: Terminal): Exit | Promise<Exit>
}
