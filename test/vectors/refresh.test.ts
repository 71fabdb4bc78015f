/** Vectors of refreshes, on every provider: by the framework, by the channel, and by the formulas alone. */
import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { concat, EMPTY, toHex, utf8 } from '../../src/bytes.js'
import { Opener, RECORD_CEILING } from '../../src/channel/opener.js'
import type { Provider } from '../../src/crypto/provider.js'
import { SottoError } from '../../src/errors.js'
import { isCanonicalX25519 } from '../../src/identity/id.js'
import { CipherState } from '../../src/noise/cipherstate.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import { generateKeyPair } from '../../src/noise/keypair.js'
import { parseProtocol } from '../../src/noise/protocol.js'
import { decodeFrames } from '../../src/session/frames.js'
import { fromHex } from '../../test-vectors/hex.js'
import * as schema from '../../test-vectors/schema.js'
import { providers } from '../crypto/providers.js'
import { declareFixedKeys } from '../setup/nonces.js'
import { codeOf, flipped, readVectors } from './file.js'

declareFixedKeys('vectors fix every key, and are run more than once')

const { accepted, refused } = readVectors(schema.refresh, 'refresh')
type Given = Omit<(typeof refused)[number], 'name' | 'code' | 'rule'>

const hmac = (key: Uint8Array, ...parts: (Uint8Array | string)[]): string => {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return mac.digest('hex')
}

/** The keys that a handshake with this ck and h leaves, by lines of HMAC alone. */
const scheduleOf = (ck: Uint8Array, h: Uint8Array) => {
  const t = hmac(ck)
  const k_ir = hmac(fromHex(t), Uint8Array.of(1))
  const k_ri = hmac(fromHex(t), fromHex(k_ir), Uint8Array.of(2))
  const x = hmac(fromHex(t), fromHex(k_ri), Uint8Array.of(3))
  return { t, k_ir, k_ri, x, root: hmac(fromHex(x), 'Sotto/1 root', h, Uint8Array.of(1)) }
}

test.each(accepted)('CH-21 CH-22 $name: root, prologue and keys are the formulas', ({ h, run, prologue, keys }) => {
  expect(prologue).toBe(toHex(concat(utf8('Sotto/1 refresh'), fromHex(h), Uint8Array.of(0, 0, 0, run))))
  const { ck, h: last, ...rest } = keys
  expect(rest).toEqual(scheduleOf(fromHex(ck), fromHex(last)))
})

const prologueOf = ({ h, run }: Given): Uint8Array =>
  concat(utf8('Sotto/1 refresh'), fromHex(h), Uint8Array.of(0, 0, 0, run))

const sideOf = (run: Given, role: 'initiator' | 'responder', provider: Provider): HandshakeState =>
  new HandshakeState({
    protocol: run.protocol_name,
    role,
    prologue: prologueOf(run),
    psks: [fromHex(run.root)],
    s: generateKeyPair('25519', fromHex(role === 'initiator' ? run.init_static : run.resp_static)),
    provider,
    ephemeralForTesting: {
      e: fromHex(role === 'initiator' ? run.init_ephemeral : run.resp_ephemeral),
      e1: fromHex(run.init_e1),
      ekem1: fromHex(run.resp_ekem1),
    },
  })

/** Reads `messages` as both ends of a session would that write their own (CH-26). */
const play = (run: Given, provider: Provider): void => {
  const ends = [sideOf(run, 'initiator', provider), sideOf(run, 'responder', provider)] as const
  const keys = [run.init_static, run.resp_static].map((key) => generateKeyPair('25519', fromHex(key)).publicKey)
  for (const [index, message] of run.messages.map(fromHex).entries()) {
    const [writer, reader] = index === 1 ? [ends[1], ends[0]] : ends
    if (index < 2 && !isCanonicalX25519(message.subarray(0, 32)))
      throw SottoError.of('session/malformed', 'expected a canonical ephemeral')
    writer.writeMessage()
    reader.readMessage(message)
    if (index > 0 && toHex(reader.remoteStatic ?? EMPTY) !== toHex(keys[index === 1 ? 1 : 0] ?? EMPTY))
      throw SottoError.of('identity/not-trusted', 'expected the static key of the session')
  }
}

describe.each(providers)('refresh.json with $name', (provider) => {
  test.each(refused)('$rule $name is $code', (run) => {
    expect(codeOf(() => play(run, provider))).toBe(run.code)
  })

  test.each(accepted)('CH-26 $name: is played to its end', (run) => {
    expect(codeOf(() => play(run, provider))).toBe('nothing')
  })

  test.each(accepted)('CH-20 CH-23 $name: both ends write and read these messages, and no other', (run) => {
    const ends = [sideOf(run, 'initiator', provider), sideOf(run, 'responder', provider)] as const
    for (const [index, message] of run.messages.entries()) {
      const [writer, reader] = index === 1 ? [ends[1], ends[0]] : ends
      expect(toHex(writer.writeMessage())).toBe(message)
      expect(toHex(reader.readMessage(fromHex(message)))).toBe('')
      expect(decodeFrames(fromHex(run.frames[index] ?? ''))).toEqual([{ is: 'REFRESH', body: fromHex(message) }])
    }
    for (const end of ends) {
      const split = end.split()
      expect([toHex(split.handshakeHash), toHex(split.takeRoot())]).toEqual([run.keys.h, run.keys.root])
    }
    // Message 3 is the one that holds the root.
    for (const changed of run.run === 1 ? flipped(fromHex(run.messages[2] ?? ''), [0x01]) : []) {
      const responder = sideOf(run, 'responder', provider)
      responder.readMessage(fromHex(run.messages[0] ?? ''))
      responder.writeMessage()
      expect(codeOf(() => responder.readMessage(changed))).toBe('noise/failed')
    }
  })

  test.each(accepted)('CH-4 CH-28 $name: the records of the change open, the nonce going on', (run) => {
    const name = parseProtocol(run.protocol_name).cipher
    const cipher = provider.cipher[name]
    const state = (key: string, n: number): CipherState => new CipherState(cipher.importKey(fromHex(key)), 'receive', n)
    for (const from of ['initiator', 'responder'] as const) {
      const [last, next] = run.records.filter((record) => record.from === from)
      if (last === undefined || next === undefined) expect.fail('expected two records')
      expect(next.n).toBe(last.n + 1)
      expect(next.key).toBe(from === 'initiator' ? run.keys.k_ir : run.keys.k_ri)
      const opener = new Opener(state(last.key, last.n), RECORD_CEILING[name], last.n)
      const plaintext = opener.open(fromHex(last.record))
      expect(toHex(plaintext)).toBe(last.plaintext)
      expect(decodeFrames(plaintext).at(-1)).toEqual({ is: 'REKEY', generation: 1 })
      opener.refresh(state(next.key, 0))
      expect(toHex(opener.open(fromHex(next.record)))).toBe(next.plaintext)
      const late = new Opener(state(last.key, last.n), RECORD_CEILING[name], last.n)
      late.open(fromHex(last.record))
      expect(codeOf(() => late.open(fromHex(next.record)))).toBe('channel/forged')
    }
  })
})
