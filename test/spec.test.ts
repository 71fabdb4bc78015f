import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { concat, EMPTY, toHex } from '../src/bytes.js'
import { encode } from '../src/cbor.js'
import { Sealer } from '../src/channel/sealer.js'
import { contract } from '../src/contract/define.js'
import { requestResponse } from '../src/contract/operation.js'
import { noble } from '../src/crypto/noble.js'
import type { Provider } from '../src/crypto/provider.js'
import { ERRORS, SottoError } from '../src/errors.js'
import { Auditor } from '../src/identity/auditor.js'
import { Identity } from '../src/identity/identity.js'
import { issueCredential } from '../src/identity/issue.js'
import { Issuer } from '../src/identity/issuer.js'
import { Possession } from '../src/identity/possession.js'
import { BUDGETS } from '../src/link/budgets.js'
import { AFTER, LINK_EVENTS, LINK_STATES } from '../src/link/linkstate.js'
import { CipherState } from '../src/noise/cipherstate.js'
import { AuditChain } from '../src/policy/auditchain.js'
import { encodeAudit } from '../src/policy/auditrecord.js'
import { offerOf } from '../src/session/agreement.js'
import { FLAG, FRAMES } from '../src/session/frames.js'
import { encodeFrame, writeBegin } from '../src/session/framewriter.js'
import { encodeHello, encodeRetry } from '../src/session/hello.js'
import { encodeInitiation } from '../src/session/initiation.js'
import { LIMITS, limitsOf } from '../src/session/limits.js'
import { REFRESHES } from '../src/session/refresh.js'
import { REFUSALS, refusalOf } from '../src/session/refusal.js'
import { EVENTS, STATE_NAMES, STATES } from '../src/session/states.js'
import { type PostQuantum, SUITES, suitesFor } from '../src/session/suites.js'
import { withFixedKeys } from './setup/nonces.js'
import { codeOf, filesUnder, read, titlesOf } from './source.js'

/** A table of the code, as the rows of the Markdown table that quotes it below `<!-- table: NAME -->`. */
type Rows = readonly (readonly string[])[]

const TABLES: Readonly<Record<string, () => Rows>> = {
  ERRORS: () => [
    ['code', 'scope', 'wire', 'means'],
    ...Object.entries(ERRORS).map(([code, { scope, wire, means }]) => [`\`${code}\``, scope, String(wire), means]),
  ],
  SUITES: () => [
    ['id', 'Noise protocol', 'bytes of messages 1, 2, 3'],
    ...SUITES.map(({ id, name, sizes }) => [`0x${id.toString(16).padStart(4, '0')}`, `\`${name}\``, sizes.join(', ')]),
  ],
  LIMITS: () => [
    ['key', 'limit', 'unit', 'default', 'floor', 'ceiling'],
    ...Object.entries(LIMITS).map(([name, { key, unit, default: usual, floor, ceiling }]) =>
      [key, `\`${name}\``, unit, usual, floor, ceiling].map(String),
    ),
  ],
  BUDGETS: () => [
    ['budget', 'of a', 'at most', 'unit', 'rule', 'why'],
    ...Object.entries(BUDGETS).map(([name, { per, most, unit, rule, why }]) =>
      [`\`${name}\``, per, most, unit, rule, why].map(String),
    ),
  ],
  REFUSALS: () => [['code', 'wire number'], ...REFUSALS.map((code) => [`\`${code}\``, String(ERRORS[code].wire)])],
  STATES: () => [
    ['state', 'event', 'leads to'],
    ...STATE_NAMES.flatMap((state) =>
      EVENTS.flatMap((event) => {
        const to = STATES[state][event]
        return to === undefined ? [] : [[`\`${state}\``, event, to.map((name) => `\`${name}\``).join(', ')]]
      }),
    ),
  ],
  REFRESHES: () => [
    ['state', 'event', 'leads to'],
    ...Object.entries(REFRESHES).flatMap(([state, row]) =>
      Object.entries(row).map(([event, to]) => [`\`${state}\``, event, `\`${to}\``]),
    ),
  ],
  LINK_STATES: () => [
    ['state', 'event', 'leads to'],
    ...Object.entries(LINK_STATES).flatMap(([state, row]) =>
      LINK_EVENTS.flatMap((event) => {
        const to = row[event]
        return to === undefined ? [] : [[state, event, to.join(', ')]]
      }),
    ),
  ],
  AFTER: () => [['code', 'then'], ...Object.entries(AFTER).map(([code, then]) => [`\`${code}\``, then])],
  FRAMES: () => [
    ['type', 'frame', 'event', 'last of its record'],
    ...Object.entries(FRAMES).map(([name, { type, event, last }]) => [String(type), name, event, last ? 'yes' : 'no']),
  ],
  FLAGS: () => [['flag', 'bit'], ...Object.entries(FLAG).map(([name, bit]) => [`\`${name}\``, String(bit)])],
}

const idsOf = (pq: PostQuantum, psk: boolean, nativeAes: boolean): number[] =>
  suitesFor(pq, psk, { nativeAes }).map(({ id }) => id)

/** The contract of the chapters' examples. */
const Room = z.object({ room: z.string() })
const Thermostat = contract('thermostat.v1', {
  read: requestResponse({ request: Room, faults: { NoSuchRoom: Room }, visible: ['room'] }),
})

/** The issuer and the key of the chapters' credential; its serial counts from 40. */
const counting = (from: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => from + i)
const issuer = Issuer.of(counting(0x20, 32), noble)
const thermostat = Identity.of(counting(0, 32), noble)
const drawn: Provider = { ...noble, randomBytes: (length) => counting(0x40, length) }

/** What the code makes for the fenced block below `<!-- example: NAME -->`; white space does not count. */
const EXAMPLES: Readonly<Record<string, () => string>> = {
  RECORD: () =>
    withFixedKeys('the example of spec/channel.md', () => {
      const key = noble.cipher.ChaChaPoly.importKey(Uint8Array.from({ length: 32 }, (_, i) => i))
      const plaintext = concat(encodeFrame({ is: 'PING', count: 1 }), new Uint8Array(3))
      return toHex(new Sealer(new CipherState(key, 'send')).seal(plaintext))
    }),
  HELLO: () => toHex(encodeHello({ suites: idsOf('prefer', false, false), tried: 0, pskId: EMPTY })),
  HELLO_PSK: () => {
    const pskId = Uint8Array.of(0x2a, 0x2b, 0x2c, 0x2d)
    return toHex(encodeHello({ suites: idsOf('require', true, true), tried: 0, pskId }))
  },
  RETRY: () => toHex(encodeRetry(SUITES[1])),
  INITIATION: () => {
    const uses = [offerOf(noble.hash.SHA256, Thermostat)]
    return toHex(encodeInitiation({ uses, serves: [], context: null, limits: limitsOf(), service: '' }))
  },
  REFUSE: () => {
    const details = { contract: 'thermostat.v1', operation: 'read' }
    return toHex(refusalOf(SottoError.of('contract/unserved', 'an example', { details })) ?? EMPTY)
  },
  CREDENTIAL: () =>
    toHex(
      issueCredential(
        issuer,
        {
          possession: Possession.of(thermostat.id, 1_767_225_600_000),
          name: 'spiffe://example.org/kitchen/thermostat',
          roles: ['sensor'],
          claims: { room: 'kitchen' },
          expiresMs: 1_767_312_000_000,
        },
        drawn,
      ),
    ),
  AUDIT: () => {
    const chain = new AuditChain(Auditor.of(counting(0x60, 32), noble), { log: counting(0x10, 16) }, noble)
    const decided = encodeAudit({
      kind: 'decided',
      session: '0f0e0d0c0b0a09080706050403020100',
      peer: thermostat.id,
      decision: '0f0e0d0c0b0a0908.ir.3.0',
      direction: 'in',
      verb: 'call',
      address: 'thermostat.v1.read',
      bytes: 14,
      verdict: { effect: 'deny', why: 'default', rules: [] },
    })
    const lines = [
      chain.first(1_767_225_600_000),
      chain.line(decided, 1_767_225_600_005),
      chain.checkpoint(1_767_225_600_006),
      chain.lost(2, 'drop-newest', 1_767_225_600_100),
    ]
    return lines.map((line) => new TextDecoder().decode(line)).join('')
  },
  BEGIN: () => {
    const out = new Uint8Array(64)
    const head = { operation: 0, ttlMs: 500, labels: EMPTY }
    return toHex(out.subarray(0, writeBegin(out, 0, 1, head, FLAG.end, encode({ room: 'kitchen' }))))
  },
}

const ID = /\b[A-Z]{2}-\d+\b/g
const KEYWORD = /\b(?:MUST|SHALL|SHOULD|REQUIRED|RECOMMENDED|MAY|OPTIONAL)\b(?: NOT\b)?/g

const chapters = filesUnder('spec', '.md').filter((path) => path !== 'spec/README.md' && path !== 'spec/exceptions.md')

/** The lines of a chapter, its fenced blocks left out. */
const prose = (path: string): string[] =>
  read(path)
    .replaceAll(/^```[\s\S]*?^```$/gm, '')
    .split('\n')

const idsAt = (text: string): string[] => text.match(ID) ?? []

const requirements = chapters.flatMap((path) =>
  prose(path).flatMap((line) => {
    const [, id, text] = /^- \*\*([A-Z]{2}-\d+)\*\* (.*)$/.exec(line) ?? []
    return id === undefined || text === undefined ? [] : [{ path, id, text }]
  }),
)
const known = new Set(requirements.map(({ id }) => id))

const titled = new Set(
  filesUnder('test', '.ts')
    .flatMap((path) => titlesOf(read(path)))
    .flatMap(idsAt),
)

const exceptions = [...read('spec/exceptions.md').matchAll(/^- \*\*([A-Z]{2}-\d+)\*\* (.+)$/gm)].map(
  ([, id = '', reason = '']) => ({ id, reason }),
)

const cells = (row: string): string[] =>
  row
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim())

const markdown = (rows: Rows): string =>
  rows
    .flatMap((row, i) => (i === 0 ? [row, row.map(() => '---')] : [row]))
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')

/** What stands below `<!-- kind: NAME -->` in the chapters, by name. */
const marked = (kind: 'table' | 'example'): Map<string, string> => {
  const block = kind === 'table' ? String.raw`((?:\|.*\n)+)` : '```\\w*\\n([\\s\\S]*?)^```$'
  const pattern = new RegExp(`^<!-- ${kind}: (\\S+) -->\\s*\\n${block}`, 'gm')
  const found = chapters.flatMap((path) => [...read(path).matchAll(pattern)])
  return new Map(found.map(([, name = '', text = '']) => [name, text]))
}

describe('requirements', () => {
  test('every line with a keyword is a requirement with an id', () => {
    const bare = chapters.flatMap((path) =>
      prose(path)
        .filter((line) => /\b(?:MUST|SHALL)\b/.test(line))
        .map((line) => ({ path, line })),
    )
    expect(bare.filter(({ line }) => !/^- \*\*[A-Z]{2}-\d+\*\* /.test(line))).toEqual([])
  })

  test('every requirement is one sentence with one keyword', () => {
    const wrong = requirements.filter(({ text }) => text.match(KEYWORD)?.length !== 1 || !text.endsWith('.'))
    expect(wrong).toEqual([])
  })

  test('every id stands once, and a chapter has one prefix of its own', () => {
    expect(requirements.map(({ id }) => id).filter((id, i, all) => all.indexOf(id) !== i)).toEqual([])
    const owners = new Set(requirements.map(({ path, id }) => `${id.slice(0, 2)} ${path}`))
    const prefixes = [...owners].map((owner) => owner.slice(0, 2))
    const paths = [...owners].map((owner) => owner.slice(3))
    expect(prefixes.filter((prefix, i) => prefixes.indexOf(prefix) !== i)).toEqual([])
    expect(paths.filter((path, i) => paths.indexOf(path) !== i)).toEqual([])
  })

  test('every id is in the title of a test or has its reason in exceptions.md', () => {
    const excepted = new Set(exceptions.map(({ id }) => id))
    expect([...known].filter((id) => !titled.has(id) && !excepted.has(id))).toEqual([])
  })

  test('every exception is of a requirement that no test names', () => {
    expect(exceptions.filter(({ id }) => !known.has(id) || titled.has(id))).toEqual([])
  })

  test('every id that code, tests and chapters cite exists', () => {
    const citing = ['src', 'test', 'spec'].flatMap((folder) => filesUnder(folder, folder === 'spec' ? '.md' : '.ts'))
    const cited = citing.flatMap((path) => idsAt(read(path)).map((id) => ({ path, id })))
    const unknown = cited.filter(({ id }) => !known.has(id)).map(({ path, id }) => `${id} in ${path}`)
    expect([...new Set(unknown)]).toEqual([])
  })

  test('src cites ids in comments alone', () => {
    expect(filesUnder('src', '.ts').filter((path) => idsAt(codeOf(read(path))).length > 0)).toEqual([])
  })
})

describe('tables and examples', () => {
  const tables = marked('table')
  const examples = marked('example')

  test('every quoted table and example is one the code makes, and the other way round', () => {
    expect([...tables.keys()].sort()).toEqual(Object.keys(TABLES).sort())
    expect([...examples.keys()].sort()).toEqual(Object.keys(EXAMPLES).sort())
  })

  test.each(Object.entries(TABLES))('table %s is the code’s', (name, rows) => {
    const quoted = (tables.get(name) ?? '')
      .split('\n')
      .filter((row) => row !== '')
      .map(cells)
    const right = rows()
    const [head = [], , ...body] = quoted
    expect([head, ...body], `the right table is:\n\n${markdown(right)}\n`).toEqual(right)
  })

  test.each(Object.entries(EXAMPLES))('example %s is the code’s', (name, make) => {
    const bare = (text: string): string => text.replaceAll(/\s/g, '')
    expect(bare(examples.get(name) ?? ''), `the right example is:\n\n${make()}\n`).toBe(bare(make()))
  })

  test('every error code in the chapters exists', () => {
    const layers = new Set(Object.keys(ERRORS).map((code) => code.split('/')[0] ?? ''))
    const named = chapters.flatMap((path) =>
      [...read(path).matchAll(/`([a-z]+)\/([a-z-]+)`/g)]
        .filter(([, layer = '']) => layers.has(layer))
        .map(([, layer, what]) => ({ path, code: `${layer}/${what}` })),
    )
    expect(named.filter(({ code }) => !Object.hasOwn(ERRORS, code))).toEqual([])
  })
})

describe('CDDL', () => {
  const blocks = chapters.flatMap((path) =>
    [...read(path).matchAll(/^```cddl\n([\s\S]*?)^```$/gm)].map(([, block = '']) => ({ path, block })),
  )

  test('wire.cddl is the blocks of the chapters, joined', async () => {
    const joined = blocks.map(({ path, block }) => `; ${path}\n\n${block}`).join('\n')
    await expect(joined).toMatchFileSnapshot('../spec/wire.cddl')
  })

  test('every rule is defined once', () => {
    const names = blocks.flatMap(({ block }) =>
      [...block.matchAll(/^([A-Za-z][\w.-]*)\s*\/{0,2}=/gm)].map(([, name]) => name),
    )
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
  })
})

test('the index of the specification lists every chapter', () => {
  const listed = [...read('spec/README.md').matchAll(/\]\((\w[\w-]*\.(?:md|cddl))\)/g)].map(
    ([, name]) => `spec/${name}`,
  )
  expect(listed.sort()).toEqual([...chapters, 'spec/exceptions.md', ...filesUnder('spec', '.cddl')].sort())
})
