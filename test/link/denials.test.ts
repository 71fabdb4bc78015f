import { expect, test } from 'vitest'
import { generateIdentity } from '../../src/identity/identity.js'
import { bytes, client, contract, oneWay, type Policy, requestResponse, SottoError, serve } from '../../src/index.js'
import { host } from '../../src/link/host.js'
import { initiate } from '../../src/link/initiate.js'
import { memoryPair } from '../../src/transport/memory.js'

const Vault = contract('vault.v1', {
  read: requestResponse({ response: bytes }),
  erase: requestResponse({}),
  write: oneWay(bytes),
})

const POLICY: Policy = {
  version: 1,
  rules: [
    { id: 'use', effect: 'allow', by: ['any'], verbs: ['call'], on: ['vault.v1.*'] },
    { id: 'keep', effect: 'deny', by: ['any'], verbs: ['call'], on: ['vault.v1.erase'] },
    {
      id: 'small',
      effect: 'allow',
      by: ['any'],
      verbs: ['send'],
      on: ['vault.v1.write'],
      when: [{ attribute: 'bytes', is: 'lt', value: 100 }],
    },
  ],
}

const all = async <T>(news: AsyncIterable<T>): Promise<T[]> => {
  const items: T[] = []
  for await (const item of news) items.push(item)
  return items
}

test('SE-60 the end that refuses tells its program the rules, under the decision id that the peer is told', async () => {
  const [alice, bob] = [generateIdentity(), generateIdentity()]
  const [near, far] = memoryPair()
  const handled: string[] = []
  const service = serve(Vault, {
    read: () => new Uint8Array(1),
    erase: () => void handled.push('erase'),
    write: () => void handled.push('write'),
  })
  const answering = host({ identity: bob, trust: [alice.id], policy: POLICY, serve: [service] })
  const [session, other] = await Promise.all([
    initiate(near, { identity: alice, peer: bob.id, use: [Vault] }),
    answering.accept(far),
  ])
  const vault = client(session, Vault)
  await vault.read()
  const told = await vault.erase().catch((error: unknown) => error)
  // Its body decides: the policy cannot refuse it before the last byte.
  await vault.write(new Uint8Array(100))
  await vault.read()
  await session.close()
  await other.closed
  const [refusal] = await all(session.refusals)
  const denials = await all(other.denials)
  expect(handled).toEqual([])
  expect(SottoError.is(told, 'policy/denied') && told.details.decision).toBe(denials[0]?.decision)
  expect(refusal).toEqual({ verb: 'send', address: 'vault.v1.write', decision: denials[1]?.decision })
  expect(denials).toEqual([
    {
      verb: 'call',
      address: 'vault.v1.erase',
      decision: `${session.id.slice(0, 16)}.ir.3.0`,
      why: 'rule',
      rules: ['keep'],
    },
    {
      verb: 'send',
      address: 'vault.v1.write',
      decision: `${session.id.slice(0, 16)}.ir.5.0`,
      why: 'default',
      rules: [],
    },
  ])
  expect(await all(session.denials)).toEqual([])
})
