import { type Case, type End, Finding } from './case.js'
import { either, item, type Pair, told } from './live.js'
import { echoes } from './livecore.js'

/** Decisions of policies, with a peer that does as it must. */

const document = (rules: readonly object[], over: object = {}): object => ({
  version: 1,
  rules: rules.map((rule, index) => ({ id: `r${index}`, effect: 'allow', ...rule })),
  ...over,
})

const CALLS = { by: ['any'], verbs: ['call'], on: ['kit.v1.echo'] } as const

const refused = async (from: End, operation: string, code: string, body = '01'): Promise<void> => {
  from.act({ do: 'call', tag: `${operation} refused`, operation, body })
  await told(from, 'fault', { tag: `${operation} refused`, code, ran: 'no' })
}

/** Nothing was heard of what was refused. */
const unheard = async ({ shim }: Pair): Promise<void> => {
  const { events } = await shim.settled()
  if (events.some(({ event }) => event === 'heard')) throw new Finding('expected nothing to be heard, got heard')
}

const under = (rules: readonly object[], over: object = {}) =>
  ({ level: 'policy', shim: { policy: document(rules, over) } }) as const

const LEVELS_BELOW_3 = { ...CALLS, when: [{ attribute: 'body.level', is: 'lt', value: 3 }] }

export const LIVE_POLICIES: readonly Case[] = [
  ...either(
    'refuses a call that no rule allows',
    'PO-16',
    async (pair) => {
      await refused(pair.ours, 'crash', 'policy/denied')
      await unheard(pair)
      await echoes(pair.ours, pair.shim)
    },
    under([CALLS]),
  ),
  ...either(
    'refuses what a rule denies, whatever allows it',
    'PO-15',
    async (pair) => {
      await refused(pair.ours, 'echo', 'policy/denied')
      await unheard(pair)
    },
    under([CALLS, { ...CALLS, effect: 'deny' }]),
  ),
  ...either(
    'tells of a one-way message that is refused',
    'PO-16',
    async (pair) => {
      pair.ours.act({ do: 'send', operation: 'note', body: '01' })
      await told(pair.ours, 'refused', { verb: 'send', address: 'kit.v1.note' })
      await unheard(pair)
    },
    under([CALLS]),
  ),
  ...either(
    'is told of a one-way message that the peer refuses',
    'PO-16',
    async ({ shim }) => {
      shim.act({ do: 'send', operation: 'note', body: '01' })
      await told(shim, 'refused', { verb: 'send', address: 'kit.v1.note' })
    },
    { level: 'policy', ours: { policy: document([CALLS]) } },
  ),
  ...either('is refused a call by the peer', 'PO-16', ({ shim }) => refused(shim, 'echo', 'policy/denied'), {
    level: 'policy',
    ours: { policy: document([]) },
  }),
  ...either(
    'keeps its own acts back that a rule denies',
    'PO-17',
    async ({ shim, ours }) => {
      await refused(shim, 'echo', 'policy/denied')
      const { events } = await ours.settled()
      if (events.length > 0) throw new Finding('expected nothing to be heard, got heard')
    },
    under([{ effect: 'deny', to: ['any'], verbs: ['call'], on: ['kit.v1.echo'] }]),
  ),
  ...either(
    'keeps its own acts back that no rule allows, where that is the default',
    'PO-17',
    ({ shim }) => refused(shim, 'echo', 'policy/denied'),
    under([CALLS, { to: ['any'], verbs: ['initiate'], on: ['kit.v1'] }], { outbound: 'deny' }),
  ),
  ...either(
    'decides by what a message says',
    'PO-13',
    async ({ shim, ours }) => {
      const body = item({ level: 2 })
      ours.act({ do: 'call', tag: 'low', operation: 'echo', body })
      await told(shim, 'heard', { operation: 'echo', body })
      await told(ours, 'reply', { tag: 'low' })
      await refused(ours, 'echo', 'policy/denied', item({ level: 3 }))
    },
    under([LEVELS_BELOW_3]),
  ),
  ...either(
    'keeps to a limit',
    'PO-19',
    async ({ shim, ours }) => {
      await echoes(ours, shim)
      await refused(ours, 'echo', 'policy/limited')
    },
    under([{ ...CALLS, limit: { perSecond: 0.001 } }]),
  ),
  ...either(
    'puts another policy in force',
    'PO-24',
    async ({ shim, ours }) => {
      await echoes(ours, shim)
      shim.act({ do: 'replace', policy: document([]) })
      await shim.settled()
      await refused(ours, 'echo', 'policy/denied')
    },
    under([CALLS]),
  ),
  ...either(
    'ends what another policy denies',
    'SE-131',
    async ({ shim, ours }) => {
      ours.act({ do: 'call', tag: 'it', operation: 'never', body: '01' })
      await told(shim, 'heard', { operation: 'never' })
      shim.act({ do: 'replace', policy: document([]) })
      await told(ours, 'fault', { tag: 'it', code: 'policy/denied' })
      await told(shim, 'over', { operation: 'never', code: 'policy/denied' })
    },
    under([{ ...CALLS, on: ['kit.v1.never'] }]),
  ),
]
