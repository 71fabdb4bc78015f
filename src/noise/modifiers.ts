import { type DhToken, isDh, type Message, type Pattern, type Token, writerOf } from './patterns.js'

/**
 * Pattern modifiers: each turns a pattern into another by its rule, or gives undefined where the rule has no meaning.
 * `psk0`…`psk4` of Noise 9.4, `fallback` of 10.2, `hfs` of the hybrid forward secrecy draft, section 5.
 */
type Modifier = (pattern: Pattern) => Pattern | undefined

/** NO-7: `psk0` leads the first message; `psk<n>` ends message n. */
const psk =
  (n: number): Modifier =>
  ({ pre, messages }) => {
    const at = Math.max(n - 1, 0)
    if (at >= messages.length) return undefined
    const place = (tokens: Message): Message => (n === 0 ? ['psk', ...tokens] : [...tokens, 'psk'])
    return { pre, messages: messages.map((tokens, index) => (index === at ? place(tokens) : tokens)) }
  }

const MIRROR: Readonly<Partial<Record<Token, DhToken>>> = { es: 'se', se: 'es' }

/**
 * NO-8: the first message becomes a pre-message; Bob initiates what is left. Written Alice-initiated again, so the
 * roles and with them `es` and `se` change places (7.2).
 */
const fallback: Modifier = ({ pre, messages }) => {
  const [first = [], ...rest] = messages
  const known = [...pre.initiator, ...first].join()
  if (known !== 'e' && known !== 'e,s') return undefined
  const mirrored = rest.map((tokens) => tokens.map((token) => MIRROR[token] ?? token))
  return { pre: { initiator: pre.responder, responder: first }, messages: mirrored }
}

/**
 * NO-9: `e1` follows the first `e`, or the first DH of that message, so that it is encrypted where it can be; `ekem1`
 * follows the first `ee`, in a message of the other side, which alone can encapsulate to `e1`.
 */
const hfs: Modifier = ({ pre, messages }) => {
  const offer = messages.findIndex((tokens) => tokens.includes('e'))
  const answer = messages.findIndex((tokens) => tokens.includes('ee'))
  if (answer === -1 || writerOf(offer) === writerOf(answer)) return undefined
  const after = messages[offer]?.find(isDh) ?? 'e'
  const behind = (tokens: Message, token: Token, added: Token): Message =>
    tokens.flatMap((each) => (each === token ? [each, added] : [each]))
  return {
    pre,
    messages: messages.map((tokens, index) =>
      index === offer ? behind(tokens, after, 'e1') : behind(tokens, 'ee', 'ekem1'),
    ),
  }
}

export const MODIFIERS = {
  fallback,
  hfs,
  psk0: psk(0),
  psk1: psk(1),
  psk2: psk(2),
  psk3: psk(3),
  psk4: psk(4),
} as const satisfies Record<string, Modifier>

export type ModifierName = keyof typeof MODIFIERS
