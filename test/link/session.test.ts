import { expect, test } from 'vitest'
import { bytes, client, contract, generateIdentity, host, initiate, memoryPair, oneWay, requestResponse, serve, SottoError } from '../../src/index.js'

const Echo = contract('echo.v1', { echo: requestResponse({ request: bytes, response: bytes }), log: oneWay(bytes) })

test('LI-1 two ends over a memory pair', async () => {
  const a = generateIdentity()
  const b = generateIdentity()
  const [left, right] = memoryPair()
  let logged = 0
  const answering = host({
    identity: b,
    trust: [a.id],
    policy: { version: 1, rules: [{ id: 'r', effect: 'allow', by: [a.id], verbs: ['call', 'send'], on: ['echo.v1.*'] }] },
    serve: [serve(Echo, { echo: (x) => x, log: () => { logged++ } })],
  })
  const [session, other] = await Promise.all([
    initiate(left, { identity: a, peer: b.id, use: [Echo] }),
    answering.accept(right),
  ])
  const echo = client(session, Echo)
  expect((await echo.echo(new Uint8Array(300_000))).length).toBe(300_000)
  for (let i = 0; i < 50_000; i++) await echo.log(new Uint8Array(64))
  const t = performance.now()
  for (let i = 0; i < 200_000; i++) await echo.log(new Uint8Array(64))
  await echo.echo(new Uint8Array(1))
  console.log('msgs/s', 200_000 / (performance.now() - t) * 1000)
  expect(await session.ping()).toBeGreaterThan(0)
  const t2 = performance.now()
  for (let i = 0; i < 5000; i++) await echo.echo(new Uint8Array(64))
  console.log('call us', (performance.now() - t2) / 5)
  await session.close()
  expect(await session.closed).toEqual({ clean: true })
  expect(await other.closed).toEqual({ clean: true })
  expect(logged).toBe(250_000)
  expect(SottoError).toBeDefined()
})
