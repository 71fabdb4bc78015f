/** A defect to be put into the engine. */
export interface Edit {
  /** Under `src/`. */
  readonly file: string
  /** It must be there exactly once. */
  readonly from: string
  readonly to: string
}

/**
 * Writes `entry` of this directory, and the engine that it runs, as one module that needs no other. The private fields of
 * the engine are open in it, so that what it holds can be counted: `#name` is called `$name`. Nothing else is different
 * but the `edits`.
 */
export declare const bundle: (entry: string, outfile: string, edits?: readonly Edit[]) => Promise<void>
