import { type AuditLine, linesOf } from '../../kit/auditfiles.js'
import { attempt } from '../attempt.js'
import { type Command, EXIT } from '../command.js'
import { printable, worded } from '../printable.js'
import { logFile } from './logfile.js'

/** The last time that has a date. */
const LAST_DATE = 8.64e15

/** CL-27: what an audit log tells, which nobody has verified. */
export const show: Command = {
  usage: 'log show FILE... [--decision ID] [--denied] [--json]',
  summary:
    'Prints what an audit log tells: all, what was denied, or why one decision was made. `log verify` says whether it is whole.',
  options: { decision: { type: 'string' }, denied: { type: 'boolean' }, json: { type: 'boolean' } },
  run: async ({ values: { decision, denied, json }, positionals: files }, terminal) => {
    if (files.length === 0) return EXIT.usage
    const wanted = ({ record }: AuditLine): boolean =>
      (decision === undefined || record.decision === decision) && (denied !== true || record.effect === 'deny')
    let found = 0
    const exit = await attempt('log show', terminal, async () => {
      for (const line of linesOf(files.map((file) => logFile(file, terminal)))) {
        if (!wanted(line)) continue
        found++
        if (json === true) terminal.out(printable(JSON.stringify(line)))
        else terminal.out(decision === undefined ? lineOf(line) : blockOf(line))
      }
    })
    if (exit !== EXIT.ok || found > 0 || decision === undefined) return exit
    terminal.error('sotto log show: no line tells of this decision')
    return EXIT.failed
  },
}

const lineOf = ({ seq, time, record: { kind, ...fields } }: AuditLine): string =>
  [
    seq,
    timeOf(time),
    worded(kind),
    ...Object.entries(fields).map(([name, value]) => `${worded(name)}=${worded(value)}`),
  ].join(' ')

const blockOf = ({ seq, time, record }: AuditLine): string =>
  [['line', seq] as const, ['time', timeOf(time)] as const, ...Object.entries(record)]
    .map(([name, value]) => `${worded(name).padEnd(10)} ${worded(value)}`)
    .join('\n')

const timeOf = (time: number): string => (time > LAST_DATE ? String(time) : new Date(time).toISOString())
