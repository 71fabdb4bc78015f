/** Characters of a name, at most: what a policy can write behind `name:`. */
const MAX_NAME = 255

/** ID-24: `spiffe://`, a trust domain, and segments of a path, each of letters, digits, dots, hyphens and underscores. */
const NAME = /^spiffe:\/\/[a-z0-9._-]+(?:\/[A-Za-z0-9._-]+)+$/
/** A segment that a reader of paths would take for another place. */
const DOTS = /\/\.\.?(?:\/|$)/

/** ID-24: a SPIFFE ID with a path, such as `spiffe://example.org/kitchen/thermostat`. */
export const isName = (text: string): boolean => text.length <= MAX_NAME && NAME.test(text) && !DOTS.test(text)
