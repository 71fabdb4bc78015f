import { type Act, type Common, type Finding, reconcileLogs } from '../../kit/auditfiles.js'
import { attempt } from '../attempt.js'
import { type Command, EXIT } from '../command.js'
import { printable, worded } from '../printable.js'
import { logFile } from './logfile.js'

/** CL-28: what one end sent and the other never admitted, by the logs of both. */
export const reconcile: Command = {
  usage: 'log reconcile A B [--json]',
  summary:
    'Compares the audit logs of two ends by decision id: what one sent and the other never admitted, and the other way round.',
  options: { json: { type: 'boolean' } },
  run: async ({ values: { json }, positionals: [a, b, ...rest] }, terminal) => {
    if (a === undefined || b === undefined || rest.length > 0) return EXIT.usage
    let agree = false
    const exit = await attempt('log reconcile', terminal, async () => {
      const logs = reconcileLogs(logFile(a, terminal), logFile(b, terminal))
      const tell = (what: Finding | ({ readonly kind: 'common' } & Common)): void =>
        terminal.out(json === true ? printable(JSON.stringify(what)) : lineOf(what))
      let next = logs.next()
      let findings = 0
      for (; next.done !== true; next = logs.next()) {
        findings++
        tell(next.value)
      }
      tell({ kind: 'common', ...next.value })
      agree = findings === 0 && next.value.sessions > 0
    })
    return exit === EXIT.ok && !agree ? EXIT.failed : exit
  },
}

const OTHER = { a: 'B', b: 'A' } as const

const lineOf = (what: Finding | ({ readonly kind: 'common' } & Common)): string => {
  if (what.kind === 'common')
    return `${what.sessions} sessions and ${what.paired} messages are in both; A has ${what.elsewhere.a} sessions with others, B ${what.elsewhere.b}`
  const by = what.by.toUpperCase()
  const other = OTHER[what.by]
  switch (what.kind) {
    case 'alone':
      return `alone      ${by} tells of session ${worded(what.session)} with ${worded(what.peer)}, ${what.decisions} decisions; ${other} does not`
    case 'refused':
      return `refused    ${by} sent ${actOf(what.act)}; ${other} denied it: ${reasonOf(what.other)}`
    case 'different':
      return `different  ${by} sent ${actOf(what.act)}; ${other} has ${actOf(what.other)}, ${what.other.effect}`
    case 'missing':
      return `missing    ${by} sent ${actOf(what.act)}; ${other} has no decision, and its session ended ${what.ended === null ? 'cleanly' : `with ${worded(what.ended)}`}`
    case 'unsent':
      return `unsent     ${by} has ${actOf(what.act)}, ${what.act.effect}; ${other} never sent it`
    case 'lost':
      return `lost       ${by} has ${actOf(what.act)}, ${what.act.direction}; ${other} cannot say: ${UNSAID[what.unsaid]}`
  }
}

const UNSAID = {
  unopened: 'it begins later',
  unclosed: 'it has no end of the session',
  losses: 'it lost records',
} as const

const actOf = ({ decision, verb, address, bytes }: Act): string =>
  `${[decision, verb, address].map(worded).join(' ')} of ${bytes} bytes`

const reasonOf = ({ why = 'no reason', rules }: Act): string => [why, ...rules].map(worded).join(' ')
