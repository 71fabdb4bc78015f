import { decode, encode, type Wire } from '../../src/cbor.js'
import { addressOf } from '../../src/contract/address.js'
import type { Contract } from '../../src/contract/define.js'
import { rowsOf } from '../../src/contract/row.js'
import { SottoError } from '../../src/errors.js'
import { generateIdentity } from '../../src/identity/identity.js'
import { pinnedPeer } from '../../src/identity/peer.js'
import { type Answer, bindCaller, type CallOptions, type Incoming, type Served } from '../../src/link/face.js'
import type { Session } from '../../src/link/session.js'
import { policyStore } from '../../src/policy/store.js'
import { Gate } from '../../src/session/gate.js'

/** One message as it went out: the bytes of its body, and what was asked of the session. */
export interface Sent {
  readonly operation: string
  readonly body: Uint8Array | undefined
  readonly options: CallOptions
}

const rules = [{ id: 'all', effect: 'allow', verbs: ['call', 'send'], on: ['*.v1.*'], by: ['any'] }]

/**
 * A session that ends in `service`, in this process: bodies pass through CBOR and the policy gate, and nothing else is
 * between. What a session adds (handshake, records, credit, deadlines) has its own tests.
 */
export const loopback = <C extends Contract>(service: Served & { readonly contract: C }) => {
  const sent: Sent[] = []
  const answers: Promise<Answer>[] = []
  const peer = pinnedPeer(generateIdentity().id)
  const policy = policyStore({ version: 1, rules }).forPeer(peer)
  const gate = new Gate({ peer, policy, sessionId: '', outbound: 'ir', suite: '', epochMs: 0, openedMs: 0 })
  // The cast: messaging reads no more of a session than this and hands it on.
  const session = { peer, uses: [service.contract] } as unknown as Session<C>

  const pass = (operation: string, value: Wire | undefined, options: CallOptions): Promise<Answer> => {
    const body = value === undefined ? undefined : encode(value)
    sent.push({ operation, body, options })
    const answer = service.answer(incoming(operation, body && decode(body), options))
    answers.push(answer)
    return answer
  }

  const incoming = (operation: string, value: Wire | undefined, options: CallOptions = {}): Incoming => {
    const [row] = rowsOf(service.contract).filter(({ name }) => name === operation)
    if (row === undefined) throw new TypeError(`expected an operation, got ${operation}`)
    const contract = service.contract.name
    const labels = options.labels ?? {}
    const route = { contract, row, address: addressOf(contract, operation) }
    const admitted = gate.judge('in', { route, ttlMs: 0, labels, value, bytes: 0, outgoing: undefined }, 1, 0)
    if ('effect' in admitted) throw new TypeError('expected the policy to allow everything')
    return { admitted, session, operation, value, labels, signal: options.signal ?? new AbortController().signal }
  }

  bindCaller(session, {
    call: async (_, operation, value, options) => replyOf(await pass(operation, value, options)),
    send: (_, operation, value, options) => void pass(operation, value, options),
  })
  return { session, sent, answers, incoming }
}

const replyOf = (answer: Answer): Wire | undefined => {
  switch (answer.is) {
    case 'reply':
      return answer.value === undefined ? undefined : decode(encode(answer.value))
    case 'fault': {
      const data = answer.data === undefined ? undefined : decode(encode(answer.data))
      throw SottoError.of('call/fault', answer.name, { details: { name: answer.name, data }, ran: 'yes' })
    }
    case 'internal':
      throw SottoError.of('call/internal', '', { details: { incident: answer.incident }, ran: 'yes' })
    case 'invalid':
      throw SottoError.of('contract/invalid', '', { details: { path: answer.path } })
  }
}
