import { expect, test } from 'vitest'
import { defaultProvider } from '../../src/crypto/default.js'
import type { AeadKey, Provider } from '../../src/crypto/provider.js'
import { client, memoryPair, type Session } from '../../src/index.js'
import { open as run } from '../../src/link/open.js'
import { initiatorSideOf } from '../../src/link/options.js'
import { now } from '../../src/link/pump.js'
import { Engine } from '../../src/session/engine.js'
import { dialling, Echo, echo, listening } from './sessions.js'

/** What goes wrong in the provider, from when it is armed. */
type Broken = 'seal' | 'open' | 'rekey' | 'erase' | 'none'

/** A provider with a defect: the one fault of this end that a test can bring about from outside. */
const defective = (): { readonly provider: Provider; broken: Broken } => {
  const state: { broken: Broken } = { broken: 'none' }
  const fail = (what: Broken): void => {
    if (state.broken === what) throw new RangeError(`a defect in ${what}`)
  }
  const wrap = (key: AeadKey): AeadKey => ({
    seal: (...of) => {
      fail('seal')
      key.seal(...of)
    },
    open: (...of) => {
      fail('open')
      return key.open(...of)
    },
    rekey: () => {
      fail('rekey')
      return wrap(key.rekey())
    },
    erase: () => {
      key.erase()
      fail('erase')
    },
  })
  const { cipher } = defaultProvider
  const { ChaChaPoly } = cipher
  const provider: Provider = {
    ...defaultProvider,
    nativeAes: false,
    cipher: { ...cipher, ChaChaPoly: { name: 'ChaChaPoly', importKey: (key) => wrap(ChaChaPoly.importKey(key)) } },
  }
  return Object.assign(state, { provider })
}

const opened = async (): Promise<{
  readonly near: Session<typeof Echo>
  readonly far: Session
  break: (what: Broken) => void
}> => {
  const defect = defective()
  const [left, right] = memoryPair()
  const options = dialling({ use: [Echo], serve: [echo()], protocol: { rekey: { records: 4 } } })
  const engine = Engine.initiate({ ...initiatorSideOf(options, now()), provider: defect.provider }, now())
  const accepted = listening({ use: [Echo] }).accept(right)
  const near = await run(engine, left, options, { signal: undefined })
  return {
    near,
    far: await accepted,
    break: (what) => {
      defect.broken = what
    },
  }
}

const one = Uint8Array.of(1)
const acts: readonly (readonly [string, Broken, (near: Session<typeof Echo>, far: Session) => unknown])[] = [
  ['sealing a message', 'seal', (near) => client(near, Echo).echo(one)],
  ['opening a record', 'open', (near) => client(near, Echo).echo(one)],
  ['sealing an answer', 'seal', (_, far) => client(far, Echo).echo(one)],
  [
    'a rekey',
    'rekey',
    async (near) => {
      for (let round = 0; round < 8; round++) await client(near, Echo).echo(one)
    },
  ],
  ['a close', 'seal', (near) => near.close()],
  ['erasing keys on the way out', 'erase', (near) => near.close()],
  ['erasing keys after an abort', 'erase', (near) => near.abort()],
]

test.each(acts)(
  'SE-107 a defect of this end in %s is named as one, and ends its session alone',
  async (_, what, act) => {
    const { near, far, break: arm } = await opened()
    arm(what)
    const done = Promise.resolve(act(near, far)).then(
      () => 'done',
      (error: unknown) => error,
    )
    const closed = await near.closed
    if (closed.clean) throw new Error('expected the defect to be told')
    expect([closed.error.code, closed.error.cause instanceof RangeError]).toEqual(['session/lost', true])
    await far.closed
    await done
  },
)
