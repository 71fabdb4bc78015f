import { type Runtime, Session } from 'node:inspector'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/bytes.js'
import { noble } from '../../src/crypto/noble.js'
import type { AeadKey, Provider } from '../../src/crypto/provider.js'
import { SottoError } from '../../src/errors.js'
import { keyPairOf } from '../../src/identity/identity.js'
import { NO_LABELS } from '../../src/session/frames.js'
import { limitsOf } from '../../src/session/limits.js'
import { providers } from '../crypto/providers.js'
import { withFixedKeys } from '../setup/nonces.js'
import { eventsOf, Note } from './byhand.js'
import { alice, bob, type Pair, pairOf, settle } from './pair.js'

const HOUR = 3_600_000
/** An identity outlives its sessions. */
const STATICS = [alice, bob].map((identity) => toHex(keyPairOf(identity).secretKey))

type Fields = Runtime.GetPropertiesReturnType & { readonly privateProperties?: readonly Runtime.PropertyDescriptor[] }

/** Every byte array that `root` reaches through fields, private ones, maps and sets included: what only a debugger sees. */
const heldBy = (root: object): readonly Uint8Array[] => {
  const found: Uint8Array[] = []
  const session = new Session()
  session.connect()
  const seen = new WeakSet<object>()
  const scope = Object.assign(globalThis, { walked: { root, found, seen } })
  const visit = 'function () { const first = !walked.seen.has(this); walked.seen.add(this); return first }'
  const walk = ({ objectId, subtype, type }: Runtime.RemoteObject): void => {
    if (objectId === undefined || type !== 'object') return
    if (subtype === 'typedarray') {
      session.post('Runtime.callFunctionOn', {
        objectId,
        functionDeclaration: 'function () { walked.found.push(this) }',
      })
      return
    }
    let first = false
    session.post('Runtime.callFunctionOn', { objectId, functionDeclaration: visit }, (_, { result }) => {
      first = result.value === true
    })
    if (!first) return
    session.post('Runtime.getProperties', { objectId, ownProperties: true }, (_, reply: Fields) => {
      for (const { name, value } of [...reply.result, ...(reply.privateProperties ?? [])])
        if (value !== undefined && name !== 'provider' && name !== '__proto__') walk(value)
      for (const { name, value } of reply.internalProperties ?? [])
        if (value !== undefined && name === '[[Entries]]') walk(value)
    })
  }
  try {
    session.post('Runtime.evaluate', { expression: 'walked.root' }, (_, { result }) => walk(result))
  } finally {
    Reflect.deleteProperty(scope, 'walked')
    session.disconnect()
  }
  return found
}

/** `provider`, and every secret it makes or is given from now on. */
const noting = (provider: Provider, secrets: Set<string>): Provider => {
  const note = <B extends Uint8Array>(bytes: B): B => {
    if (!STATICS.includes(toHex(bytes))) secrets.add(toHex(bytes))
    return bytes
  }
  const { hash, dh, mlkem768 } = provider
  const { SHA256 } = hash
  const X25519 = dh['25519']
  return {
    ...provider,
    hash: {
      ...hash,
      SHA256: {
        name: SHA256.name,
        length: SHA256.length,
        blockLength: SHA256.blockLength,
        digest: (...parts) => SHA256.digest(...parts),
        hmac: (key, ...parts) => note(SHA256.hmac(key, ...parts)),
      },
    },
    dh: {
      ...dh,
      '25519': {
        name: X25519.name,
        length: X25519.length,
        importKey: (secret, publicKey) => {
          const key = X25519.importKey(note(secret), publicKey)
          return { publicKey: key.publicKey, agree: (their) => note(key.agree(their)), erase: () => key.erase() }
        },
      },
    },
    mlkem768: {
      ...mlkem768,
      importKey: (seed) => {
        const key = mlkem768.importKey(note(seed))
        return { publicKey: key.publicKey, decapsulate: (c) => note(key.decapsulate(c)), erase: () => key.erase() }
      },
    },
  }
}

const opened = (provider: Provider, over = {}): Pair => {
  const side = {
    provider: { ...provider, nativeAes: false },
    limits: limitsOf({ idleMs: 86_400_000 }),
    keepaliveMs: 86_400_000,
    uses: [Note],
    serves: [Note],
    ...over,
  }
  return settle(pairOf({ initiator: side, responder: side }))
}

/** A refresh, and messages both ways. */
const refreshed = (pair: Pair, nowMs: number): void => {
  pair.initiator.wake(nowMs)
  for (const engine of [pair.initiator, pair.responder]) {
    const act = { contract: 'note.v1', operation: 'put', value: Uint8Array.of(7), ttlMs: 0, labels: NO_LABELS }
    const admitted = engine.admit(act, nowMs)
    if ('effect' in admitted) throw new Error('expected the gate to let it pass')
    engine.begin(admitted, nowMs)
  }
  settle(pair, nowMs)
}

/** What an engine has held at any time of the watch, and which secrets are still in it. */
class Watch {
  readonly #secrets: ReadonlySet<string>
  readonly #arrays = new Set<Uint8Array>()

  constructor(secrets: ReadonlySet<string>) {
    this.#secrets = secrets
  }

  /** The secrets that `engine` holds now. */
  held(engine: object): string[] {
    const arrays = heldBy(engine)
    for (const array of arrays) this.#arrays.add(array)
    return this.#within(arrays)
  }

  /** The secrets in all that was ever seen to be held: what was only dropped is still there. */
  left(): string[] {
    return this.#within([...this.#arrays])
  }

  #within(arrays: readonly Uint8Array[]): string[] {
    const texts = arrays.map(toHex)
    return [...this.#secrets].filter((secret) => texts.some((text) => text.includes(secret)))
  }
}

describe('CH-29 after each refresh', () => {
  test.each(['initiator', 'responder'] as const)(
    'CH-29 the %s holds its two keys, the root and the exporter, and what was before is overwritten',
    (role) => {
      const secrets = new Set<string>()
      const watch = new Watch(secrets)
      withFixedKeys('the recorder would stand between the test and the keys', () => {
        const pair = opened(noting(noble, secrets))
        let last = watch.held(pair[role])
        // Two keys, the root, and what exports are made from.
        expect(last.length).toBe(4)
        for (let round = 1; round <= 3; round++) {
          refreshed(pair, round * HOUR)
          const now = watch.held(pair[role])
          expect(now.length).toBe(4)
          expect(now.filter((secret) => last.includes(secret)).length, 'the exporter alone stays').toBe(1)
          expect(watch.left().sort()).toEqual(now.sort())
          last = now
        }
        expect(secrets.size).toBeGreaterThan(100)
        pair.initiator.close(4 * HOUR, 1_000)
        settle(pair, 4 * HOUR)
        expect(pair[role].state).toBe('closed')
        expect([watch.held(pair[role]), watch.left()]).toEqual([[], []])
      })
    },
  )

  test('CH-29 in the middle of a refresh each secret goes as soon as it has served', () => {
    const secrets = new Set<string>()
    withFixedKeys('the recorder would stand between the test and the keys', () => {
      const pair = opened(noting(noble, secrets))
      const roles = ['initiator', 'responder'] as const
      const watches = { initiator: new Watch(secrets), responder: new Watch(secrets) }
      const before = watches.initiator.held(pair.initiator)
      /** How many secrets of before the two ends hold, and have not overwritten. */
      const old = (): number[] =>
        roles.flatMap((role) => {
          const held = watches[role].held(pair[role])
          return [held, watches[role].left()].map((all) => all.filter((secret) => before.includes(secret)).length)
        })
      const pass = (from: 'initiator' | 'responder', to: 'initiator' | 'responder'): void =>
        pair[to].receive(pair[from].take(HOUR) ?? new Uint8Array(0), HOUR)
      expect(old()).toEqual([4, 4, 4, 4])
      pair.initiator.wake(HOUR)
      pass('initiator', 'responder')
      // The root is in the nested handshake now, at both ends.
      expect(old()).toEqual([4, 4, 4, 4])
      pass('responder', 'initiator')
      expect(old()).toEqual([3, 3, 4, 4])
      pass('initiator', 'responder')
      // I has sealed its REKEY 1 and R has read it: one key of each has gone, and the root.
      expect(old()).toEqual([2, 2, 2, 2])
      pass('responder', 'initiator')
      expect(old()).toEqual([1, 1, 1, 1])
      for (const role of roles) expect(watches[role].left().length, role).toBe(4)
    })
  })

  test.each(providers)('CH-29 with $name every key that was imported is erased but the two in use', (provider) => {
    const live = new Set<object>()
    const counted = (key: AeadKey): AeadKey => {
      const self: AeadKey = {
        seal: (...of) => key.seal(...of),
        open: (...of) => key.open(...of),
        rekey: () => counted(key.rekey()),
        erase: () => {
          live.delete(self)
          key.erase()
        },
      }
      live.add(self)
      return self
    }
    const tracked = <K extends { erase(): void }>(key: K): K => {
      live.add(key)
      const erase = key.erase.bind(key)
      key.erase = () => {
        live.delete(key)
        erase()
      }
      return key
    }
    const { cipher, dh, mlkem768 } = provider
    const watched: Provider = {
      ...provider,
      cipher: {
        ...cipher,
        ChaChaPoly: { name: 'ChaChaPoly', importKey: (key) => counted(cipher.ChaChaPoly.importKey(key)) },
      },
      dh: {
        ...dh,
        '25519': {
          ...dh['25519'],
          name: '25519',
          length: 32,
          importKey: (...of) => tracked(dh['25519'].importKey(...of)),
        },
      },
      mlkem768: { ...mlkem768, importKey: (seed) => tracked(mlkem768.importKey(seed)) },
    }
    const pair = opened(watched, { rekey: { records: 3 } })
    // Both ends share the provider.
    expect(live.size).toBe(4)
    for (let round = 1; round <= 3; round++) {
      for (let more = 0; more < 4; more++) refreshed(pair, round * HOUR)
      expect(live.size).toBe(4)
    }
    pair.initiator.abort(SottoError.of('session/closed', 'enough'))
    eventsOf(pair.initiator)
    expect(live.size).toBe(2)
    pair.responder.ended()
    expect(live.size).toBe(0)
  })
})
