import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { addExtension, Decoder, setSizeLimits } from 'cbor-x'
import * as builder from 'cbor-x/decode-no-eval'
import { build } from 'esbuild'
import { afterAll, describe, expect, test } from 'vitest'
import { decode, encode, type Wire } from '../../src/cbor.js'
import { bytesOf, codeOf, hexOf } from './probe.js'

const source = fileURLToPath(new URL('../../src/cbor.ts', import.meta.url))
const root = fileURLToPath(new URL('../../', import.meta.url))

const bundle = async (platform: 'browser' | 'node', options: { readonly minify?: boolean } = {}): Promise<string> => {
  const { outputFiles, metafile, warnings } = await build({
    entryPoints: [source],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform,
    write: false,
    metafile: true,
    ...options,
  })
  expect(warnings).toEqual([])
  const inputs = Object.keys(metafile.inputs).filter((input) => input.includes('node_modules'))
  expect(inputs.map((input) => input.replace(/.*node_modules\//, ''))).toEqual(['cbor-x/dist/decode-no-eval.cjs'])
  return outputFiles[0]?.text ?? ''
}

const run = (program: string): string =>
  execFileSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: root, encoding: 'utf8' })

const sample: Wire = { list: [1, 'two', new Uint8Array(3)], text: 'long enough not to be read letter by letter' }

describe('CB-1 the builder', () => {
  test.each(['browser', 'node'] as const)(
    'bundled for %s works and takes one file of cbor-x, no node: module',
    async (platform) => {
      const text = await bundle(platform)
      expect(text).not.toMatch(/from ?['"](node:)?[a-z]/)
      expect(text).not.toMatch(/\brequire\(['"]/)
      const printed = run(`${text}
      const hex = (bytes) => Buffer.from(bytes).toString('hex')
      console.log(hex(encode(decode(Uint8Array.from(Buffer.from('${hexOf(encode(sample))}', 'hex'))))))`)
      expect(printed.trim()).toBe(hexOf(encode(sample)))
    },
  )

  test('runs where code from text is forbidden', async () => {
    const program = `${await bundle('browser')}
      console.log(decode(encode({ a: 1, b: [true] })).a)`
    const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', program]
    expect(execFileSync(process.execPath, flags, { cwd: root, encoding: 'utf8' }).trim()).toBe('1')
  })

  test('never makes code from text', async () => {
    const program = `
      let made = 0
      globalThis.Function = new Proxy(Function, { construct: (...all) => { made++; return Reflect.construct(...all) } })
      globalThis.eval = () => { made++ }
      ${await bundle('browser')}
      for (let i = 0; i < 100; i++) decode(encode({ a: i, b: { c: [i] } }))
      console.log(made)`
    expect(run(program).trim()).toBe('0')
  })

  test('loads no native code: neither cbor-extract nor any other add-on', async () => {
    const program = `${await bundle('node')}
      decode(encode({ text: 'x'.repeat(500) }))
      const loaded = process.report.getReport().sharedObjects.filter((name) => name.endsWith('.node'))
      console.log(JSON.stringify(loaded))`
    expect(run(program).trim()).toBe('[]')
  })

  test('asks Node for cbor-x by a path that all runtimes resolve to one file', () => {
    const { resolve } = createRequire(import.meta.url)
    expect(resolve('cbor-x/decode-no-eval')).toMatch(/cbor-x\/dist\/decode-no-eval\.cjs$/)
    expect(import.meta.resolve?.('cbor-x/decode-no-eval') ?? resolve('cbor-x/decode-no-eval')).toMatch(/no-eval\.cjs$/)
  })
})

describe('CB-1 what the rest of the process does with cbor-x does not reach the builder', () => {
  afterAll(() => setSizeLimits({ maxArraySize: 112_810_000, maxMapSize: 16_810_000, maxObjectSize: 16_710_000 }))

  test('native code that the main entry of cbor-x loads is not ours', () => {
    expect(Reflect.get(builder, 'isNativeAccelerationEnabled')).toBe(false)
  })

  test('an extension of the application is not ours', () => {
    class Point {}
    addExtension({ Class: Point, tag: 43_311, encode: () => new Uint8Array(1), decode: () => new Point() })
    expect(new Decoder().decode(bytesOf('d9a92f00'))).toBeInstanceOf(Point)
    expect(codeOf(() => decode(bytesOf('d9a92f00')))).toBe('cbor/forbidden')
  })

  test('limits of the application are not ours', () => {
    setSizeLimits({ maxArraySize: 1, maxMapSize: 1, maxObjectSize: 1 })
    expect(() => new Decoder().decode(bytesOf('820102'))).toThrow('exceeds')
    expect(hexOf(encode(decode(bytesOf('820102'))))).toBe('820102')
    expect(hexOf(encode(decode(bytesOf('a2616101616202'))))).toBe('a2616101616202')
  })

  test('no state lasts from one message to the next, nor past a refusal', () => {
    const before = hexOf(encode(decode(encode(sample))))
    for (const hex of ['d9dfff83194000816161f6', 'd9400081f6', 'd81c81d81d00', '9b0000000100000000', '61ff', '82f6']) {
      expect(codeOf(() => decode(bytesOf(hex)))).not.toBe('accepted')
      expect(hexOf(encode(decode(encode(sample))))).toBe(before)
    }
  })

  test('a decode inside the decode of another user of cbor-x is whole, and so is the other', () => {
    let inner: Wire = null
    addExtension({
      Class: class Outer {},
      tag: 43_312,
      encode: () => new Uint8Array(1),
      decode: (value: unknown) => {
        inner = decode(encode(sample))
        return value
      },
    })
    setSizeLimits({ maxArraySize: 112_810_000, maxMapSize: 16_810_000, maxObjectSize: 16_710_000 })
    expect(new Decoder().decode(bytesOf('82d9a930820102f5'))).toEqual([[1, 2], true])
    expect(hexOf(encode(inner))).toBe(hexOf(encode(sample)))
  })
})
