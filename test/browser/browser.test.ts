import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buildSync } from 'esbuild'
import { type Browser, chromium, type Page } from 'playwright-core'
import { generateIdentity, type Host, host, type PeerId, type Policy, serve, trustStore } from 'sotto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { House } from '../../examples/board.js'
import { Thermostat } from '../../examples/thermostat.js'
import { listenWeb } from '../../examples/web.js'
import { fromWebSocket } from '../../src/transport/websocket.js'
import { TOP } from '../source.js'
import { desk, type Met } from './desk.js'

const executable = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
)
// A run that counts must not pass for want of a browser.
const skipped = executable === undefined && process.env.CI !== 'true'
if (skipped) console.warn('SKIPPED: the tests in a browser; there is no Chromium (apt-get install chromium)')

/** As a user of the package does: by its `exports`, and not by the paths of our tsconfig. */
const bundle = (name: string): string => {
  const { outputFiles } = buildSync({
    entryPoints: [`${TOP}test/browser/${name}.ts`],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    tsconfigRaw: {},
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

describe.skipIf(skipped)('in Chromium', () => {
  const identity = generateIdentity()
  const trust = trustStore([])
  const meetings: { readonly met: Met; readonly closed: Promise<string> }[] = []
  const scripts = new Map<string | undefined, string>()
  let answering: Host
  let browser: Browser
  let page: Page
  let pageId: PeerId
  let server: Server
  let sockets: WebSocketServer
  let url: string

  beforeAll(async () => {
    for (const name of ['page', 'worker']) scripts.set(`/${name}.js`, bundle(name))
    server = createServer((request, response) => {
      const script = scripts.get(request.url)
      response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript')
      response.end(script ?? '<!doctype html><title>a page</title><script type="module" src="/page.js"></script>')
    })
    sockets = new WebSocketServer({ server, maxPayload: 65_537 })
    answering = desk(identity, trust, (met, closed) => meetings.push({ met, closed }))
    sockets.on('connection', (socket) => {
      // An attempt that fails is told of in `failures`.
      answering.accept(fromWebSocket(socket)).catch(() => undefined)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
    url = `ws://${address}`
    browser = await chromium.launch({ executablePath: executable ?? 'chromium', args: ['--no-sandbox'] })
    page = await browser.newPage()
    await page.goto(`http://${address}`)
    pageId = await page.evaluate(() => globalThis.sottoPage.id)
    trust.pin(pageId)
  })

  afterAll(async () => {
    await browser?.close()
    await answering?.close()
    for (const socket of sockets?.clients ?? []) socket.terminate()
    server?.close()
  })

  const visit = {
    suite: expect.stringMatching(/^Noise_XXhfs_25519\+MLKEM768_\w+_SHA256$/),
    greeting: 'good day, page',
    echoed: true,
    refused: 'policy/denied',
    misshapen: 'contract/invalid',
    closed: 'clean',
  }
  const met = (): Met => ({ peer: pageId, suite: visit.suite, title: 'a page' })

  test('TR-40 TR-43 a page holds a session with a process over a WebSocket, and closes it in order', async () => {
    const seen = await page.evaluate(([to, id]) => globalThis.sottoPage.visit(to, id), [url, identity.id] as const)
    expect(seen).toEqual(visit)
    const meeting = meetings.pop()
    expect(meeting?.met).toEqual(met())
    expect(await meeting?.closed).toBe('clean')
  })

  test('TR-46 TR-47 a page holds a session with a worker over a message port, and closes it in order', async () => {
    const seen = await page.evaluate(() => globalThis.sottoPage.visitWorker())
    expect(seen).toEqual({ visit, told: { met: met(), closed: 'clean' } })
  })

  test('a page notices by the keepalive that its worker was stopped', async () => {
    expect(await page.evaluate(() => globalThis.sottoPage.stopWorker())).toBe('session/lost')
  })

  test('a page refuses a peer of another key before it shows its own', async () => {
    const { id } = generateIdentity()
    const failed = answering.failures[Symbol.asyncIterator]().next()
    const code = await page.evaluate(([to, peer]) => globalThis.sottoPage.attempt(to, peer), [url, id] as const)
    expect(code).toBe('identity/mismatch')
    expect((await failed).value?.error.code).toBe('session/lost')
  })

  test('a process refuses a page that it does not trust', async () => {
    trust.revoke(pageId)
    const code = await page.evaluate(([to, peer]) => globalThis.sottoPage.attempt(to, peer), [
      url,
      identity.id,
    ] as const)
    expect(code).toBe('identity/not-trusted')
    trust.pin(pageId)
  })

  test('the example of a page asks the example of a process', async () => {
    const thermostat = serve(Thermostat, {
      read: () => ({ celsius: 21 }),
      log: () => undefined,
      reset: () => undefined,
    })
    const policy: Policy = {
      version: 1,
      rules: [{ id: 'read', effect: 'allow', by: [pageId], verbs: ['call'], on: ['thermostat.v1.read'] }],
    }
    const house = host({ identity, trust: [pageId], policy, serve: [thermostat] })
    const listening = listenWeb(house, 0)
    await once(listening, 'listening')
    const to = `ws://127.0.0.1:${(listening.address() as AddressInfo).port}`
    expect(
      await page.evaluate(([at, peer]) => globalThis.sottoPage.kitchen(at, peer), [to, identity.id] as const),
    ).toBe(21)
    await house.close()
    listening.close()
  })

  test('the example of a board shows what is published, and goes on over another connection', async () => {
    const service = serve(House, {})
    const policy: Policy = {
      version: 1,
      rules: [{ id: 'watch', effect: 'allow', by: [pageId], verbs: ['subscribe'], on: ['house.v1.readings.*.*'] }],
    }
    const house = host({ identity, trust: [pageId], policy, serve: [service] })
    const listening = listenWeb(house, 0)
    await once(listening, 'listening')
    const to = `ws://127.0.0.1:${(listening.address() as AddressInfo).port}`
    const { readings } = service.local
    await readings.publish({ room: 'kitchen', sensor: 'oven' }, { celsius: 180 })
    const watching = page.evaluate(([at, peer]) => globalThis.sottoPage.watch(at, peer, 182), [
      to,
      identity.id,
    ] as const)
    const shown = (text: string) => vi.waitUntil(async () => (await page.title()) === text, { timeout: 20_000 })
    await shown('oven 180')
    await readings.publish({ room: 'cellar', sensor: 'wine' }, { celsius: 12 })
    await readings.publish({ room: 'kitchen', sensor: 'oven' }, { celsius: 181 })
    await shown('oven 180, oven 181')
    for (const socket of listening.clients) socket.terminate()
    // What is retained is told anew in the next session.
    await shown('oven 180, oven 181, oven 181')
    await readings.publish({ room: 'kitchen', sensor: 'oven' }, { celsius: 182 })
    expect(await watching).toEqual({
      shown: ['oven 180', 'oven 181', 'oven 181', 'oven 182'],
      end: 'call/cancelled',
    })
    await house.close()
    listening.close()
  })

  test.each(['close', 'terminate'] as const)('TR-43 a page notices a %s without an end', async (how) => {
    const waiting = page.evaluate(([to, peer]) => globalThis.sottoPage.wait(to, peer), [url, identity.id] as const)
    await vi.waitUntil(() => meetings.length > 0)
    for (const socket of sockets.clients) socket[how]()
    expect(await waiting).toBe('channel/truncated')
    expect(await meetings.pop()?.closed).toBe('channel/truncated')
  })
})
