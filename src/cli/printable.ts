/** CL-21, CL-25, CL-29, CL-34, CL-43: JSON that holds what a terminal obeys, or what turns the order of letters round, as printable ASCII. */
export const printable = (json: string): string =>
  json.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** CL-29: a word as it is, anything else as JSON. */
export const worded = (value: unknown): string =>
  typeof value === 'string' && /^[!#-~]+$/.test(value) ? value : printable(JSON.stringify(value))
