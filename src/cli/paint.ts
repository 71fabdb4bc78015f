/** A colour of the sixteen that every terminal has, or a weight. */
const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39] } as const

export type Paint = (how: keyof typeof CODES, text: string) => string

/** Where colours may go. `hasColors` of a terminal heeds NO_COLOR, FORCE_COLOR and TERM. */
interface Screen {
  readonly isTTY?: boolean
  readonly hasColors?: () => boolean
}

/** CL-9: colours for `screen`; plain text where it is no terminal, or one without colours. */
export const painter = (screen: Screen): Paint =>
  screen.isTTY === true && screen.hasColors?.() === true
    ? (how, text) => `\x1b[${CODES[how][0]}m${text}\x1b[${CODES[how][1]}m`
    : (_, text) => text
