import type { Contract } from '../contract/define.js'
import { parseContract } from '../contract/exported.js'

/** What a shim may claim (spec/conformance.md). */
export const LEVELS = ['core', 'messaging', 'policy'] as const

export type Level = (typeof LEVELS)[number]

const PLAIN = { subject: '', faults: [], visible: [], retain: false, idempotent: false } as const
const CALL = { ...PLAIN, kind: 'requestResponse' } as const

const flow = (steps: Readonly<Record<string, string>>) => ({ flow: { key: 'id', steps } })

/** The rows of `kit.v1`, in the order of their names. */
const ROWS = [
  { ...PLAIN, name: 'collect', kind: 'stream', up: 'items', down: 'items' },
  { ...PLAIN, name: 'count', kind: 'stream', up: 'nothing', down: 'items' },
  { ...CALL, name: 'crash' },
  { ...CALL, name: 'echo', visible: ['level'], idempotent: true },
  { ...CALL, name: 'fail', faults: ['Refused'] },
  { ...CALL, name: 'finish', ...flow({ going: 'end' }) },
  { ...CALL, name: 'go', ...flow({ going: 'going' }) },
  { ...CALL, name: 'never' },
  { ...PLAIN, name: 'news', kind: 'topic', subject: '{room}', visible: ['credit'], retain: true },
  { ...PLAIN, name: 'note', kind: 'oneWay', visible: ['level'] },
  { ...PLAIN, name: 'pour', kind: 'stream', up: 'bytes', down: 'bytes' },
  { ...CALL, name: 'start', ...flow({ start: 'going' }) },
  { ...PLAIN, name: 'work', kind: 'queue', subject: '{room}', visible: ['credit'] },
] as const

const CORE: readonly string[] = ['crash', 'echo', 'fail', 'never', 'note']

/** The operations that both ends use and serve, as far as `levels` go. */
export const operationsOf = (levels: readonly Level[]): readonly string[] =>
  levels.includes('messaging') ? ROWS.map(({ name }) => name) : CORE

/** `kit.v1` with the operations that are named. @throws contract/malformed if a flow is not whole */
export const kitContract = (names: readonly string[]): Contract =>
  parseContract({ name: 'kit.v1', operations: ROWS.filter(({ name }) => names.includes(name)) })
