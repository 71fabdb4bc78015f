import { auditorId } from '../../index.js'
import { type Verified, verifyLog } from '../../kit/auditfiles.js'
import { attempt } from '../attempt.js'
import { type Command, EXIT } from '../command.js'
import { logFile } from './logfile.js'

/** CL-26: whether an audit log is as its auditor wrote it, and how much of it is signed. */
export const verify: Command = {
  usage: 'log verify FILE... --key ID [--from LINE] [--json]',
  summary:
    'Verifies the chain and the signatures of an audit log, its files in order; says what is signed and what is not.',
  options: { key: { type: 'string' }, from: { type: 'string' }, json: { type: 'boolean' } },
  run: async ({ values: { key, from = '1', json }, positionals: files }, terminal) => {
    if (files.length === 0 || typeof key !== 'string' || typeof from !== 'string') return EXIT.usage
    if (!/^[1-9][0-9]{0,14}$/.test(from)) return EXIT.usage
    let signed = 0
    const exit = await attempt('log verify', terminal, async () => {
      const sources = files.map((file) => logFile(file, terminal))
      const verified = verifyLog(sources, auditorId(key), Number(from))
      terminal.out(json === true ? JSON.stringify(verified) : linesOf(verified))
      signed = verified.signed
    })
    if (exit !== EXIT.ok || signed > 0) return exit
    terminal.error('sotto log verify: nothing is signed, so nothing shows that its auditor wrote it')
    return EXIT.failed
  },
}

const linesOf = (verified: Verified): string => {
  const { log, key, first, last, signed, behind, exposed, lost, torn, tail, stepsBack } = verified
  const notes: (readonly [count: number, note: string])[] = [
    [first - 1, 'older lines that were not read'],
    [behind, 'lines behind the last checkpoint, which anyone may have written who can write the file'],
    [exposed, 'lines lay behind the last checkpoint when a process took the log up again'],
    [lost, 'records lost, as the log says'],
    [torn, 'torn lines cut off, as the log says'],
    [tail, 'bytes of a torn line at the end'],
    [stepsBack, 'steps back of the clock'],
  ]
  return [
    `log      ${log ?? 'unknown: no line names it'}`,
    `key      ${key}`,
    `lines    ${first} to ${last}`,
    `signed   ${signed === 0 ? 'none' : `to ${signed}`}`,
    ...notes.flatMap(([count, note]) => (count > 0 ? [`note     ${count} ${note}`] : [])),
  ].join('\n')
}
