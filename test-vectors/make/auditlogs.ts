import { utf8 } from '../../src/bytes.js'
import type { Provider } from '../../src/crypto/provider.js'
import type { Auditor } from '../../src/identity/auditor.js'
import { AuditChain } from '../../src/policy/auditchain.js'
import { counting } from '../hex.js'

const TIME = 1_767_225_600_000

/** A log of one auditor by what it shows, in lines without their newlines. */
export interface AuditLog {
  readonly name: string
  readonly lines: readonly string[]
}

/** Logs that a verifier takes, each written in another way. */
export const auditLogs = (auditor: Auditor, provider: Provider): AuditLog[] => {
  const log = (name: string, write: (chain: AuditChain) => readonly Uint8Array[]): AuditLog => {
    const chain = new AuditChain(auditor, { log: counting(0x50, 16) }, provider)
    const lines = [chain.first(TIME), ...write(chain)]
    return { name, lines: lines.map((line) => new TextDecoder().decode(line.subarray(0, -1))) }
  }
  /** One record, signed. */
  const record = (name: string, text: string): AuditLog =>
    log(name, (chain) => [chain.line(utf8(text), TIME), chain.checkpoint(TIME)])
  const unknown = utf8('{"kind":"x"}')
  return [
    log('a checkpoint right behind the first line', (chain) => [chain.checkpoint(TIME)]),
    log('two checkpoints, one behind the other', (chain) => [chain.checkpoint(TIME), chain.checkpoint(TIME)]),
    log('times that step back with each line', (chain) => [
      chain.line(unknown, TIME - 1),
      chain.line(unknown, 1),
      chain.checkpoint(0),
    ]),
    log('a time that steps back and forth', (chain) => [
      chain.line(unknown, TIME - 2),
      chain.line(unknown, TIME - 1),
      chain.line(unknown, TIME),
      chain.checkpoint(TIME),
    ]),
    log('the last time of all', (chain) => [chain.line(unknown, Number.MAX_SAFE_INTEGER)]),
    log('records that are lost for each reason', (chain) => [
      chain.lost(1, 'drop-newest', TIME),
      chain.lost(20, 'drop-oldest', TIME),
      chain.lost(300, 'failed', TIME),
      chain.checkpoint(TIME),
    ]),
    log('taken up again with nothing unsigned, and nothing torn', (chain) => [
      chain.checkpoint(TIME),
      chain.resumed(0, TIME),
    ]),
    log('taken up again three times, of which two cut off a torn line', (chain) => [
      chain.resumed(1, TIME),
      chain.line(unknown, TIME),
      chain.resumed(0, TIME),
      chain.checkpoint(TIME),
      chain.line(unknown, TIME),
      chain.line(unknown, TIME),
      chain.resumed(900, TIME),
    ]),
    record('a member that is not known, of a kind that is', '{"kind":"lost","records":1,"overflow":"failed","x":[]}'),
    record('a kind that is no text of ours', '{"kind":""}'),
    record('a kind behind other members', '{"a":1,"kind":"x"}'),
    record('white space inside a record', '{ "kind" :\t"x" , "a" : [ 1 , { } ] }'),
    record('escapes, of which one spells the kind', '{"\\u006bind":"x","a":"\\ud83d\\ude00\\/\\n"}'),
    record('text beyond ASCII', '{"kind":"é😀"}'),
    record('numbers in every spelling', '{"kind":"x","a":[-0,1E+2,0.5e-7,9007199254740993,1e400]}'),
    record('names that objects have', '{"kind":"x","__proto__":1,"constructor":2,"toString":{}}'),
    record('one name in two objects', '{"kind":"x","a":{"kind":1},"b":{"kind":2}}'),
  ]
}
