import { linkSync, lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { connect, type Endpoint, type EndpointServer, serveEndpoint } from '../../src/transport/sockets.node.js'
import type { Transport } from '../../src/transport/transport.js'
import { isFailure } from './conformance.js'

const folder = mkdtempSync(join(tmpdir(), 'sotto-'))
afterAll(() => rmSync(folder, { recursive: true }))

const at = (name: string): string => join(folder, name)

/** Answers each connection with what it sends. */
const echo = (endpoint: Endpoint): Promise<EndpointServer> =>
  serveEndpoint(endpoint, (transport) => {
    const answer = async (): Promise<void> => {
      for await (const bytes of transport) await transport.write(bytes)
      await transport.close()
    }
    void answer()
  })

const expectEcho = async (transport: Transport): Promise<void> => {
  await transport.write(Uint8Array.of(1, 2, 3))
  const { value } = await transport[Symbol.asyncIterator]().next()
  expect(value).toEqual(Uint8Array.of(1, 2, 3))
}

const code = (error: unknown): unknown =>
  isFailure(error) && error.cause instanceof Error && 'code' in error.cause ? error.cause.code : undefined

describe('endpoints', () => {
  test.each([
    '',
    'stdio',
    'stdio:0',
    'unix:',
    'unix:a\0b',
    'unix:@',
    'unix:@a\0b',
    'UNIX:/tmp/a',
    '/tmp/a',
    'tcp:',
    'tcp:7000',
    'tcp::7000',
    'tcp:host',
    'tcp:host:',
    'tcp:host:07000',
    'tcp:host:+7',
    'tcp:host:65536',
    'tcp:host:100000',
    'tcp:host:7000 ',
    'tcp:host:7000\n',
    'tcp:ho st:7000',
    'tcp://host:7000',
    'tcp:user@host:7000',
    'tcp:::1:7000',
    'tcp:[::1]',
    'tcp:[127.0.0.1]:7000',
    'tcp:[::1]]:7000',
    'tcp:[host]:7000',
    'tls:host:7000',
  ])('TR-17 refuses %j', async (text) => {
    const endpoint = text as Endpoint
    const isMistake = (error: unknown): boolean => error instanceof TypeError || error instanceof RangeError
    await expect(connect(endpoint)).rejects.toSatisfy(isMistake)
    await expect(serveEndpoint(endpoint, () => undefined)).rejects.toSatisfy(isMistake)
  })

  test.each<Endpoint>(['tcp:127.0.0.1:0', 'tcp:localhost:0', 'tcp:[::1]:0'])(
    'TR-17 listens at %s, says the port and connects there',
    async (endpoint) => {
      const server = await echo(endpoint)
      expect(server.endpoint).toMatch(/:[1-9]\d*$/)
      expect(server.endpoint.startsWith(endpoint.slice(0, -1))).toBe(true)
      const transport = await connect(server.endpoint)
      await expectEcho(transport)
      await Promise.all([transport.close(), server.close()])
    },
  )

  test('TR-24 says why nobody could be reached', async () => {
    await expect(connect(`unix:${at('missing.sock')}`)).rejects.toSatisfy((error) => code(error) === 'ENOENT')
    const server = await echo('tcp:127.0.0.1:0')
    await server.close()
    await expect(connect(server.endpoint)).rejects.toSatisfy((error) => code(error) === 'ECONNREFUSED')
  })

  test('TR-24 a signal ends the wait, before and during it, and is the cause', async () => {
    const server = await echo('tcp:127.0.0.1:0')
    const reason = new Error('changed my mind')
    const because = (error: unknown): boolean => isFailure(error) && error.cause === reason
    const controller = new AbortController()
    const connecting = connect(server.endpoint, controller.signal)
    controller.abort(reason)
    await expect(connecting).rejects.toSatisfy(because)
    await expect(connect(server.endpoint, controller.signal)).rejects.toSatisfy(because)
    await server.close()
  })

  test('TR-25 a signal does nothing after connecting', async () => {
    const server = await echo('tcp:127.0.0.1:0')
    const controller = new AbortController()
    const transport = await connect(server.endpoint, controller.signal)
    controller.abort()
    await expectEcho(transport)
    await Promise.all([transport.close(), server.close()])
  })

  test.each<() => Endpoint>([() => 'tcp:127.0.0.1:0', () => `unix:${at('half.sock')}`])(
    'TR-27 writes on after the other end has ended',
    async (endpoint) => {
      const server = await serveEndpoint(endpoint(), (transport) => {
        const answer = async (): Promise<void> => {
          const lengths: number[] = []
          for await (const chunk of transport) lengths.push(chunk.length)
          await transport.write(Uint8Array.from(lengths))
          await transport.close()
        }
        void answer()
      })
      const [, host = '', port] = server.endpoint.split(':')
      const raw = createConnection({
        allowHalfOpen: true,
        ...(port === undefined ? { path: host } : { host, port: +port }),
      })
      raw.end('12345')
      const chunks = await raw.toArray()
      expect(chunks).toEqual([Buffer.of(5)])
      await server.close()
    },
  )

  test('TR-5 TR-9 a reset connection fails both directions', async () => {
    let accept: (transport: Transport) => void = () => undefined
    const accepted = new Promise<Transport>((resolve) => {
      accept = resolve
    })
    const server = await serveEndpoint('tcp:127.0.0.1:0', (transport, source) => {
      expect(source).toBe('127.0.0.1')
      accept(transport)
    })
    const raw = createConnection(Number(server.endpoint.split(':').at(-1)), '127.0.0.1')
    const transport = await accepted
    const writing = transport.write(new Uint8Array(33_554_432))
    // Closing a socket with unread bytes resets it.
    raw.once('readable', () => raw.destroy())
    await expect(transport[Symbol.asyncIterator]().next()).rejects.toSatisfy(isFailure)
    await expect(writing).rejects.toSatisfy(isFailure)
    await expect(transport.write(Uint8Array.of(1))).rejects.toSatisfy(isFailure)
    await Promise.all([transport.close(), server.close()])
  })
})

describe('Unix sockets', () => {
  test('TR-19 the file is its owner’s alone, whatever the mask, and the mask stays', async () => {
    const before = process.umask(0)
    try {
      const server = await echo(`unix:${at('mode.sock')}`)
      expect(lstatSync(at('mode.sock')).mode & 0o777).toBe(0o600)
      expect(process.umask()).toBe(0)
      await server.close()
    } finally {
      process.umask(before)
    }
  })

  test('TR-20 takes the place of a socket whose listener is gone', async () => {
    const server = await echo(`unix:${at('first.sock')}`)
    linkSync(at('first.sock'), at('stale.sock'))
    await server.close()
    expect(lstatSync(at('stale.sock')).isSocket()).toBe(true)
    const next = await echo(`unix:${at('stale.sock')}`)
    const transport = await connect(next.endpoint)
    await expectEcho(transport)
    await Promise.all([transport.close(), next.close()])
  })

  test('TR-21 leaves a socket alone at which a process listens', async () => {
    const server = await echo(`unix:${at('live.sock')}`)
    await expect(echo(server.endpoint)).rejects.toThrow(/transport\/failed.*EADDRINUSE/)
    const transport = await connect(server.endpoint)
    await expectEcho(transport)
    await Promise.all([transport.close(), server.close()])
  })

  test('TR-21 leaves other files alone, and links', async () => {
    writeFileSync(at('precious'), 'data')
    symlinkSync(at('precious'), at('link'))
    await expect(echo(`unix:${at('precious')}`)).rejects.toSatisfy(isFailure)
    await expect(echo(`unix:${at('link')}`)).rejects.toSatisfy(isFailure)
    await expect(echo(`unix:${folder}`)).rejects.toSatisfy(isFailure)
    expect(readFileSync(at('precious'), 'utf8')).toBe('data')
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true)
  })

  test('TR-22 closing the listener removes its file and leaves its transports open', async () => {
    const server = await echo(`unix:${at('closing.sock')}`)
    const transport = await connect(server.endpoint)
    await server.close()
    await server.close()
    expect(lstatSync(at('closing.sock'), { throwIfNoEntry: false })).toBeUndefined()
    await expect(connect(server.endpoint)).rejects.toSatisfy(isFailure)
    await expectEcho(transport)
    await transport.close()
  })

  test('TR-23 takes a path of 103 bytes and refuses one of 104', async () => {
    const long = `${at('').padEnd(101, 'x')}é`
    expect(Buffer.byteLength(long)).toBe(103)
    const server = await echo(`unix:${long}`)
    expect(lstatSync(long).isSocket()).toBe(true)
    await server.close()
    await expect(echo(`unix:${long}x`)).rejects.toThrow(RangeError)
    await expect(connect(`unix:${long}x`)).rejects.toThrow(RangeError)
  })

  test('TR-24 a listener that has no folder says so', async () => {
    await expect(echo(`unix:${at('no/such/folder.sock')}`)).rejects.toSatisfy(isFailure)
  })
})

describe('abstract Unix sockets', () => {
  const name = `sotto-test-${process.pid}`
  /** Addresses, with @ for each zero byte. */
  const listed = (): readonly string[] => readFileSync('/proc/net/unix', 'utf8').split(/[ \n]+/)

  test('TR-22 TR-24 TR-28 listens without a file, alone, and is gone when it is closed', async () => {
    const server = await echo(`unix:@${name}`)
    expect(server.endpoint).toBe(`unix:@${name}`)
    expect(listed()).toContain(`@${name}`.padEnd(108, '@'))
    await expect(echo(server.endpoint)).rejects.toThrow(/transport\/failed.*EADDRINUSE/)
    const transport = await connect(server.endpoint)
    await server.close()
    await expectEcho(transport)
    await transport.close()
    await expect(connect(server.endpoint)).rejects.toSatisfy((error) => code(error) === 'ECONNREFUSED')
    expect(lstatSync(`@${name}`, { throwIfNoEntry: false })).toBeUndefined()
  })

  test('TR-23 takes a name of 102 bytes and refuses one of 103', async () => {
    const long = name.padEnd(102, 'x')
    const server = await echo(`unix:@${long}`)
    expect(listed()).toContain(`@${long}`.padEnd(108, '@'))
    await server.close()
    await expect(echo(`unix:@${long}x`)).rejects.toThrow(RangeError)
  })

  test('TR-29 fails on another system and makes no file', async () => {
    const { platform } = process
    Object.defineProperty(process, 'platform', { value: 'darwin' })
    try {
      await expect(echo(`unix:@${name}`)).rejects.toSatisfy(isFailure)
      await expect(connect(`unix:@${name}`)).rejects.toSatisfy(isFailure)
    } finally {
      Object.defineProperty(process, 'platform', { value: platform })
    }
    expect(lstatSync(`@${name}`, { throwIfNoEntry: false })).toBeUndefined()
  })
})
