import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Case, Finding } from '../kit/case.js'
import { LEVELS } from '../kit/kitcontract.js'
import { type Connection, type Phase, type Planned, runCases } from '../kit/kitrun.js'
import { type VectorFile, vectorCases } from '../kit/kitvectors.js'
import { LIVE } from '../kit/liveall.js'
import { MISBEHAVIOURS } from '../kit/misbehaviours/all.js'
import { countOf, jsonOf, junitOf, plain, type Report, textOf } from '../kit/report.js'
import { type Arguments, type Command, EXIT, type Exit, type Terminal } from './command.js'
import { printable } from './printable.js'
import { shimProcess, shimSocket } from './shimpeer.js'

/** Some cases wait for a clock, so several run at once. */
const AT_ONCE = 12
const MOST_AT_ONCE = 256
/** Of the package. */
const VECTORS = fileURLToPath(new URL('../../test-vectors', import.meta.url))

/** CL-44 to CL-48 */
export const conformance: Command = {
  usage:
    'conformance --peer "CMD" | --connect tcp:HOST:PORT|unix:PATH [--level core,messaging,policy] [--only TEXT] [--vectors DIR] [--at-once N] [--json] [--junit FILE]',
  summary: 'Tries an implementation, in any language, through its shim. CMD is run by the shell.',
  options: {
    peer: { type: 'string' },
    connect: { type: 'string' },
    level: { type: 'string' },
    only: { type: 'string' },
    vectors: { type: 'string' },
    'at-once': { type: 'string' },
    json: { type: 'boolean' },
    junit: { type: 'string' },
  },
  run: async (args, terminal) => {
    const asked = askedOf(args)
    if (asked === undefined) return EXIT.usage
    try {
      return await run(asked, terminal)
    } catch (error) {
      // The shim, the folder and the files are the user's: what is wrong with them is told, not thrown.
      const isTheirs =
        error instanceof Finding || error instanceof SyntaxError || (error instanceof Error && 'code' in error)
      if (!isTheirs) throw error
      // CL-49: it may be what the shim has said.
      terminal.error(plain(`sotto conformance: ${error.message}`))
      return EXIT.failed
    }
  },
}

interface Asked {
  readonly connect: () => Promise<Connection>
  readonly levels: readonly string[]
  readonly only: string
  readonly vectors: string
  readonly atOnce: number
  readonly json: boolean
  readonly junit: string | undefined
}

/** Undefined if it was called in a wrong way. */
const askedOf = ({ values, positionals }: Arguments): Asked | undefined => {
  const text = (name: string): string | undefined => {
    const value = values[name]
    return typeof value === 'string' ? value : undefined
  }
  const connect = connectOf(text('peer'), text('connect'))
  const levels = text('level')?.split(',') ?? LEVELS
  const atOnce = Number(text('at-once') ?? AT_ONCE)
  if (connect === undefined || positionals.length > 0) return undefined
  if (!levels.every((level) => LEVELS.some((each) => each === level))) return undefined
  if (!Number.isInteger(atOnce) || atOnce < 1 || atOnce > MOST_AT_ONCE) return undefined
  return {
    connect,
    levels,
    only: text('only') ?? '',
    vectors: text('vectors') ?? VECTORS,
    atOnce,
    json: values.json === true,
    junit: text('junit'),
  }
}

const connectOf = (peer: string | undefined, endpoint: string | undefined): Asked['connect'] | undefined => {
  if ((peer === undefined) === (endpoint === undefined)) return undefined
  if (peer !== undefined) return () => shimProcess(peer)
  const [, path] = /^unix:(.+)$/.exec(endpoint ?? '') ?? []
  if (path !== undefined) return () => shimSocket({ path })
  const [, host, port] = /^tcp:\[?(.+?)\]?:(\d{1,5})$/.exec(endpoint ?? '') ?? []
  return host === undefined ? undefined : () => shimSocket({ host, port: Number(port) })
}

const run = async (asked: Asked, terminal: Terminal): Promise<Exit> => {
  const cases = plan(asked)
  if (cases.length === 0) {
    terminal.error('sotto conformance: no case has such a name, rule, ask or level')
    return EXIT.failed
  }
  const first = await asked.connect()
  const { title, levels } = first.driver
  let isFirst = true
  const connect = (): Promise<Connection> => {
    if (!isFirst) return asked.connect()
    isFirst = false
    return Promise.resolve(first)
  }
  let done = 0
  const results = await runCases(cases, {
    connect,
    atOnce: asked.atOnce,
    done: () => terminal.progress(`${++done} of ${cases.length} cases`),
  })
  terminal.progress('')
  return report({ peer: title, levels, results }, asked, terminal)
}

/** CL-46 */
const plan = ({ levels, only, vectors }: Asked): readonly Planned[] => {
  const phase = (name: Phase, cases: readonly Case[]): readonly Planned[] =>
    cases.map((each) => ({ ...each, phase: name }))
  return [
    ...phase('vectors', vectorCases(readVectors(vectors))),
    ...phase('live', LIVE),
    ...phase('hostile', MISBEHAVIOURS),
  ].filter(
    ({ phase, name, rule, ask, level }) =>
      levels.includes(level) && (`${phase}: ${name}`.includes(only) || rule === only || ask === only),
  )
}

const readVectors = (folder: string): readonly VectorFile[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({
      name: file.slice(0, -'.json'.length),
      vectors: JSON.parse(readFileSync(join(folder, file), 'utf8')),
      schema: JSON.parse(readFileSync(join(folder, 'schema', file), 'utf8')),
    }))

/** CL-45 */
const report = (all: Report, { json, junit }: Asked, terminal: Terminal): Exit => {
  if (junit !== undefined) writeFileSync(junit, junitOf(all))
  // CL-49
  terminal.out(json ? printable(jsonOf(all)) : textOf(all))
  const isGood = countOf(all.results, 'failed') === 0 && countOf(all.results, 'passed') > 0
  return isGood ? EXIT.ok : EXIT.failed
}
