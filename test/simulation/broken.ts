import type { Edit } from './bundle.mjs'
import type { Invariant } from './violation.js'

/** An engine with a defect, and what the simulation says of it. */
interface Broken {
  readonly name: string
  readonly edits: readonly Edit[]
  /** Which invariant breaks first, in whatever script shows it. */
  readonly breaks: readonly Invariant[]
}

export const BROKEN: readonly Broken[] = [
  {
    name: 'an end of the transport passes for a clean end',
    edits: [
      {
        file: 'session/engine.ts',
        from: 'if (!this.over) this.#die(cutOff(',
        to: "if (this.#traffic && !this.over) this.#end('closed', undefined, undefined)\n if (!this.over) this.#die(cutOff(",
      },
    ],
    breaks: ['truncated'],
  },
  {
    name: 'a message is delivered twice',
    edits: [
      {
        file: 'session/arrivals.ts',
        from: "this.#emit({ is: 'message', exchange,",
        to: "this.#emit({ is: 'message', exchange, admitted, value, labels, charge: 0, held: 0 })\n this.#emit({ is: 'message', exchange,",
      },
    ],
    breaks: ['twice'],
  },
  {
    name: 'credit is not looked at before sending',
    edits: [{ file: 'session/windows.ts', from: 'return this.#limit - this.#sent', to: 'return this.#window' }],
    breaks: ['budget'],
  },
  {
    name: 'credit is given back twice',
    edits: [{ file: 'session/windows.ts', from: 'this.#consumed += amount', to: 'this.#consumed += 2 * amount' }],
    breaks: ['credit'],
  },
  {
    name: 'what was lent to it is kept',
    edits: [
      { file: 'channel/splitter.ts', from: 'this.#chunk = EMPTY\n  }\n\n  /** Forgets', to: '}\n\n  /** Forgets' },
    ],
    breaks: ['memory'],
  },
  {
    name: 'a rekey keeps its key',
    edits: [{ file: 'noise/cipherstate.ts', from: 'this.#k = old.rekey()\n    old.erase()', to: 'void old' }],
    breaks: ['keys'],
  },
  {
    name: 'a rekey takes the nonce back to 0',
    edits: [{ file: 'noise/cipherstate.ts', from: 'this.#k = old.rekey()', to: 'this.#k = old.rekey()\n this.#n = 0' }],
    breaks: ['nonces'],
  },
  {
    name: 'a call that is lost with its session has no outcome',
    edits: [
      {
        file: 'session/exchanges.ts',
        from: "if (exchange.abandoned === undefined) this.#emit({ is: 'fault', exchange, error })",
        to: "if (exchange.abandoned === undefined && exchange.id === 0) this.#emit({ is: 'fault', exchange, error })",
      },
    ],
    breaks: ['settled', 'ran'],
  },
  {
    name: 'a deadline passes without a word',
    edits: [
      {
        file: 'session/exchanges.ts',
        from: "else if (exchange.mine) this.cancel(exchange, 'call/deadline')",
        to: 'else if (exchange.mine) continue',
      },
    ],
    breaks: ['deadline'],
  },
  {
    name: 'one-way messages pass one that goes in pieces',
    edits: [
      {
        file: 'session/outbox.ts',
        from: 'if (exchange.oneWay || (exchange.mine && exchange.route.row.flow !== undefined)) return this.#ones',
        to: 'if ((exchange.oneWay || (exchange.mine && exchange.route.row.flow !== undefined)) && !this.#isLarge(exchange)) return this.#ones',
      },
    ],
    breaks: ['order'],
  },
  {
    name: 'the size in a RESET is made up, and not looked at',
    edits: [
      { file: 'session/exchanges.ts', from: 'size: exchange.sent }', to: 'size: 0 }' },
      { file: 'session/arrivals.ts', from: ' || exchange.received !== frame.size', to: '' },
    ],
    breaks: ['frames'],
  },
  {
    name: 'DRAIN leaves out the last exchange that was taken',
    edits: [
      {
        file: 'session/traffic.ts',
        from: 'last: this.arrivals.drain()',
        to: 'last: Math.max(this.arrivals.drain() - 2, 0)',
      },
    ],
    breaks: ['frames'],
  },
  {
    name: 'END goes without the DRAIN that was to go before it',
    edits: [{ file: 'session/traffic.ts', from: 'return this.#drain', to: 'return EMPTY' }],
    breaks: ['truncated'],
  },
  {
    name: 'a call whose request has gone surely did not run',
    edits: [
      { file: 'session/exchange.ts', from: "messagesSent > 0 ? 'maybe' : 'no'", to: "messagesSent > 0 ? 'no' : 'no'" },
    ],
    breaks: ['ran'],
  },
  {
    name: 'the gate asks the rules of the other direction',
    edits: [{ file: 'session/arrivals.ts', from: "gate.judge('in', message", to: "gate.judge('out', message" }],
    breaks: ['policy'],
  },
  {
    name: 'an answered call goes on to count',
    edits: [{ file: 'session/exchanges.ts', from: 'else this.#theirs--', to: 'else this.#theirs -= 0' }],
    breaks: ['budget', 'memory', 'spurious'],
  },
  {
    name: 'the timer of the keepalive is not set again',
    edits: [
      {
        file: 'session/traffic.ts',
        from: "encodeFrame({ is: 'PING', count }))\n    this.#pulse.sent(nowMs)",
        to: "encodeFrame({ is: 'PING', count }))",
      },
    ],
    breaks: ['progress'],
  },
  {
    name: 'both directions have one key',
    edits: [{ file: 'noise/split.ts', from: "key(keys.k2, 'responder')", to: "key(keys.k1, 'responder')" }],
    breaks: ['keys', 'nonces'],
  },
  {
    name: 'trust in a peer that has run out is not noticed',
    edits: [{ file: 'session/standing.ts', from: 'return nowMs >= this.endsAt', to: 'return nowMs < 0' }],
    breaks: ['trust', 'progress'],
  },
  {
    name: 'what stands is not asked again when the policy changes',
    edits: [
      {
        file: 'session/narrowing.ts',
        from: 'if (this.#epoch === epoch) return',
        to: 'if (epoch >= 0) return',
      },
    ],
    breaks: ['policy'],
  },
  {
    name: 'a delivery is not asked for',
    edits: [
      {
        file: 'session/items.ts',
        from: 'if (!this.#mayGo(exchange, delivery, nowMs, waits)) return',
        to: 'if (nowMs < 0) return',
      },
    ],
    breaks: ['policy'],
  },
  {
    name: 'a subject costs nothing at the one end',
    edits: [{ file: 'session/charge.ts', from: 'head.subject.length + head.labels.length', to: 'head.labels.length' }],
    breaks: ['budget', 'credit', 'spurious'],
  },
  {
    name: 'what ran and is denied by then surely did not',
    edits: [
      {
        file: 'session/narrowing.ts',
        from: 'if (verdict !== undefined) this.#withdraw(exchange, 0, verdict)',
        to: 'if (verdict !== undefined) this.#withdraw(exchange, undefined, verdict)',
      },
    ],
    breaks: ['ran'],
  },
]
