import { FAULTS, type FaultName } from './script.js'

/** What scripts came to. */
export interface Tally {
  sessions: number
  established: number
  clean: number
  messages: number
  records: number
  rekeys: number
  refreshes: number
  renewals: number
  readonly faults: Record<FaultName, number>
}

export const emptyTally = (): Tally => ({
  sessions: 0,
  established: 0,
  clean: 0,
  messages: 0,
  records: 0,
  rekeys: 0,
  refreshes: 0,
  renewals: 0,
  faults: { lose: 0, duplicate: 0, delay: 0, split: 0, merge: 0, cut: 0, crash: 0, jump: 0, flip: 0 },
})

export const addTally = (to: Tally, more: Tally): void => {
  to.sessions += more.sessions
  to.established += more.established
  to.clean += more.clean
  to.messages += more.messages
  to.records += more.records
  to.rekeys += more.rekeys
  to.refreshes += more.refreshes
  to.renewals += more.renewals
  for (const name of FAULTS) to.faults[name] += more.faults[name]
}
