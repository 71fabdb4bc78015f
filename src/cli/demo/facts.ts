import process from 'node:process'
import type { ErrorCode, PeerId, Ran, Verb } from '../../index.js'

/** CL-2: what a process of the demo is told by the one that started it. Nothing of it is secret. */
export interface Setup {
  /** Where the server listens. */
  readonly path: string
  readonly peer: PeerId
  /** For the client: what to send; undefined for bytes without end. */
  readonly file: string | undefined
}

/** What a process of the demo tells the one that started it. */
export type Fact =
  | { readonly is: 'born'; readonly id: PeerId }
  | { readonly is: 'listening' }
  | {
      readonly is: 'session'
      readonly session: string
      readonly suite: string
      readonly peer: PeerId
      readonly uses: readonly string[]
      readonly serves: readonly string[]
    }
  /** The handshake on the wire, as the client saw it. */
  | { readonly is: 'handshake'; readonly sent: number; readonly received: number; readonly ms: number }
  /** A message of the other end that the policy here let through. */
  | { readonly is: 'admitted'; readonly verb: Verb; readonly address: string; readonly decision: string }
  /** A message of the other end that the policy here refused. */
  | {
      readonly is: 'denied'
      readonly address: string
      readonly decision: string
      readonly why: string
      readonly rules: readonly string[]
    }
  | { readonly is: 'answered'; readonly address: string; readonly text: string }
  /** A call of this end that brought an error. */
  | {
      readonly is: 'failed'
      readonly address: string
      readonly code: ErrorCode
      readonly cause: ErrorCode | undefined
      readonly ran: Ran
      readonly decision: string
    }
  /** What has come of the file so far. */
  | { readonly is: 'progress'; readonly bytes: number }
  /** A whole file, sent or received. */
  | { readonly is: 'file'; readonly bytes: number; readonly sha256: string; readonly ms: number }
  | { readonly is: 'ended'; readonly code: ErrorCode | undefined; readonly message: string }

export type FactOf<K extends Fact['is']> = Extract<Fact, { readonly is: K }>

/** Both ends of the pipe between them are this package in one version, so only its framing is looked at. */
export const isFact = (value: unknown): value is Fact =>
  typeof value === 'object' && value !== null && 'is' in value && typeof value.is === 'string'

const isSetup = (value: unknown): value is Setup => typeof value === 'object' && value !== null && 'path' in value

export const tell = (fact: Fact): void => void process.send?.(fact)

/** What this process is told. It ends with the one that started it, however that ends. */
export const setup = (): Promise<Setup> => {
  process.once('disconnect', () => process.exit())
  // The terminal interrupts all processes; the one that started this one ends it.
  process.on('SIGINT', () => undefined)
  return new Promise((resolve) => {
    process.once('message', (value) => {
      if (isSetup(value)) resolve(value)
    })
  })
}
