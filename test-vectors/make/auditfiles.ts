import { utf8 } from '../../src/bytes.js'
import type { Provider } from '../../src/crypto/provider.js'
import type { Auditor } from '../../src/identity/auditor.js'
import { AuditCheck } from '../../src/policy/auditchain.js'
import type { Vectors } from '../schema.js'

type Audit = Vectors<'audit'>
type Taken = Audit['files'][number]
type Refused = Audit['filesRefused'][number]

/** The lines of one log in several files, of which the last alone may end within a line (AU-9). */
export const auditFiles = (
  lines: readonly string[],
  auditor: Auditor,
  provider: Provider,
): Pick<Audit, 'files' | 'filesRefused'> => {
  /** Lines from one to the other, each with its newline. */
  const part = (from: number, to: number): string =>
    lines
      .slice(from, to)
      .map((line) => `${line}\n`)
      .join('')
  const [third = ''] = lines.slice(2)
  const torn = third.slice(0, 20)
  const all = lines.length

  const yes = (name: string, files: string[], from = 1): Taken => {
    const whole = files.join('').split('\n')
    const check = new AuditCheck(auditor.id, from, provider)
    for (const line of whole.slice(0, -1)) check.take(utf8(line))
    const { signed, behind, exposed, lost, torn: cut, stepsBack } = check
    const told = { signed, behind, lost, log: check.log ?? null, exposed, torn: cut, stepsBack }
    return { name, auditor: auditor.id, from, files, ...told, tail: utf8(whole.at(-1) ?? '').length }
  }
  const no = (rule: string, name: string, line: number, files: string[], from = 1): Refused => ({
    name,
    code: 'audit/broken',
    rule,
    auditor: auditor.id,
    from,
    files,
    line,
  })
  return {
    files: [
      yes('one file', [part(0, all)]),
      yes('two files', [part(0, 3), part(3, all)]),
      yes(
        'a file for each line',
        lines.map((_, at) => part(at, at + 1)),
      ),
      yes('two files, of which older ones are gone', [part(2, 4), part(4, all)], 3),
      yes('one file that ends within a line', [part(0, 2) + torn]),
      yes('two files, of which the last ends within a line', [part(0, 1), part(1, 2) + torn]),
      yes('a last file of a torn line alone', [part(0, 2), torn]),
      yes('a last file without its last newline', [part(0, 2), third]),
    ],
    filesRefused: [
      no('AU-9', 'a torn line in the first of two files', 3, [part(0, 2) + torn, part(2, all)]),
      no('AU-9', 'a torn line that the next file ends', 3, [part(0, 2) + torn, `${third.slice(20)}\n`]),
      no('AU-9', 'a first file without its last newline', 3, [part(0, 2) + third, part(3, all)]),
      no('AU-9', 'a torn line in the second of three files', 4, [part(0, 1), part(1, 3) + torn, part(3, all)]),
      no('AU-3', 'two files that changed places', 1, [part(3, all), part(0, 3)]),
      no('AU-3', 'a file that was left out', 3, [part(0, 2), part(4, all)]),
      no('AU-3', 'the same file twice', 3, [part(0, 2), part(0, 2)]),
    ],
  }
}
