import { expect, test, vi } from 'vitest'
import { noble } from '../../src/crypto/noble.js'
import { SottoError } from '../../src/errors.js'
import { CheckedPeer } from '../../src/identity/expected.js'
import { type PeerId, peerIdOf } from '../../src/identity/id.js'
import { provedId } from '../../src/identity/peer.js'
import { MAX_PINS, trustStore } from '../../src/identity/trust.js'

const keyOf = (n: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => (n >>> (8 * i)) & 0xff)
const idOf = (n: number): PeerId => peerIdOf(keyOf(n))
const shown = (remoteStatic: Uint8Array, ownStatic: Uint8Array, credential?: Uint8Array) => ({
  remoteStatic,
  ownStatic,
  credential,
  unixMs: 0,
  provider: noble,
})
const refused = (run: () => unknown): SottoError => {
  try {
    run()
  } catch (error) {
    if (error instanceof SottoError) return error
    throw error
  }
  throw new Error('expected a refusal')
}

test('ID-9 the expected key gives a checked peer', () => {
  const { peer } = CheckedPeer.check(idOf(2), shown(keyOf(2), keyOf(1)))
  expect(peer).toEqual({ id: idOf(2), roles: [], claims: {} })
  expect(Object.isFrozen(peer) && Object.isFrozen(peer.roles) && Object.isFrozen(peer.claims)).toBe(true)
  expect(Object.getPrototypeOf(peer.claims)).toBeNull()
})

test('ID-9 every other key is a mismatch that names both ids', () => {
  for (let bit = 0; bit < 254; bit++) {
    const other = keyOf(2)
    other[bit >>> 3] = (other[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
    const error = refused(() => CheckedPeer.check(idOf(2), shown(other, keyOf(1))))
    expect(error.code).toBe('identity/mismatch')
    expect(error.details).toEqual({ expected: idOf(2), seen: peerIdOf(other) })
  }
})

test('ID-9 an expected id that does not parse reaches no one', () => {
  // @ts-expect-error a text in the other case is no id
  expect(refused(() => CheckedPeer.check(idOf(2).toUpperCase(), shown(keyOf(2), keyOf(1)))).code).toBe(
    'identity/malformed',
  )
  expect(refused(() => CheckedPeer.check('sotto1', shown(keyOf(2), keyOf(1)))).code).toBe('identity/malformed')
})

test('ID-8 our own key as peer is refused, even if it is the one expected', () => {
  expect(refused(() => CheckedPeer.check(idOf(1), shown(keyOf(1), keyOf(1)))).code).toBe('identity/self')
  expect(refused(() => CheckedPeer.check(idOf(2), shown(keyOf(1), keyOf(1)))).code).toBe('identity/self')
  expect(refused(() => provedId(keyOf(1), keyOf(1))).code).toBe('identity/self')
  expect(provedId(keyOf(2), keyOf(1))).toBe(idOf(2))
})

test('ID-3 a static key that is not canonical is refused before it is compared', () => {
  const masked = keyOf(2)
  masked[31] = 0x80
  expect(refused(() => CheckedPeer.check(idOf(2), shown(masked, keyOf(1)))).code).toBe('identity/malformed')
  expect(refused(() => provedId(masked, keyOf(1))).code).toBe('identity/malformed')
})

test('ID-10 trust finds whole ids only', () => {
  const trust = trustStore([idOf(1), idOf(2)])
  expect(trust.check(idOf(1), undefined, 0)?.id).toBe(idOf(1))
  expect(trust.check(idOf(3), undefined, 0)).toBeUndefined()
  const id = idOf(1)
  const near = [id.slice(0, -1), `${id} `, id.toUpperCase(), `${id}\0`, '', '__proto__', 'constructor']
  // @ts-expect-error texts that are no ids
  for (const text of near) expect(trust.check(text, undefined, 0)).toBeUndefined()
})

test('ID-11 a revoked id is gone, and the change is heard before revoke returns', () => {
  const trust = trustStore([idOf(1), idOf(2)])
  const heard: unknown[] = []
  const stop = trust.onChange(() => heard.push(trust.check(idOf(1), undefined, 0)))
  trust.revoke(idOf(1))
  expect(heard).toEqual([undefined])
  expect(trust.check(idOf(2), undefined, 0)?.id).toBe(idOf(2))
  trust.pin(idOf(3))
  expect(heard).toHaveLength(2)
  stop()
  trust.revoke(idOf(3))
  expect(heard).toHaveLength(2)
})

test('ID-11 what changes nothing is not a change', () => {
  const trust = trustStore([idOf(1)])
  trust.revoke(idOf(9))
  const changed = vi.fn()
  trust.onChange(changed)
  trust.pin(idOf(1))
  trust.revoke(idOf(9))
  expect(changed).not.toHaveBeenCalled()
})

test('ID-11 a misspelt id cannot be revoked in silence', () => {
  const trust = trustStore([idOf(1)])
  // @ts-expect-error a text in the other case is no id
  expect(refused(() => trust.revoke(idOf(1).toUpperCase())).code).toBe('identity/malformed')
})

test('ID-12 a replacement that does not parse changes nothing', () => {
  const trust = trustStore([idOf(1)])
  const changed = vi.fn()
  trust.onChange(changed)
  expect(refused(() => trust.replace([idOf(2), 'sotto1q'])).code).toBe('identity/malformed')
  expect(trust.check(idOf(1), undefined, 0)?.id).toBe(idOf(1))
  expect(trust.check(idOf(2), undefined, 0)).toBeUndefined()
  expect(changed).not.toHaveBeenCalled()
  trust.replace([idOf(2)])
  expect(trust.check(idOf(1), undefined, 0)).toBeUndefined()
  expect(trust.check(idOf(2), undefined, 0)?.id).toBe(idOf(2))
  expect(changed).toHaveBeenCalledOnce()
})

test('ID-13 trust is bounded', () => {
  const ids = Array.from({ length: MAX_PINS }, (_, n) => idOf(n + 1))
  const trust = trustStore(ids)
  expect(() => trust.pin(idOf(0))).toThrow(RangeError)
  expect(trust.check(idOf(0), undefined, 0)).toBeUndefined()
  trust.pin(idOf(1))
  expect(() => trustStore([...ids, idOf(0)])).toThrow(RangeError)
})
