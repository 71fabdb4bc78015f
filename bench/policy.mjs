// Decisions a second beside casbin and Cedar, and what the gate adds to a message. `node bench/policy.mjs`, or through run.mjs.
import { setFlagsFromString } from 'node:v8'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { newCachedEnforcer, newEnforcer, newModelFromString, StringAdapter } from 'casbin'
import { generateIdentity, policyStore } from 'sotto'

// Node 20 dies in its own compiler ("unreachable code") where calls into WebAssembly, which Cedar is, are inlined.
if (process.version.startsWith('v20.')) setFlagsFromString('--no-turbo-inline-js-wasm-calls')

const quick = process.argv.includes('--quick')
const ROUNDS = quick ? 3 : 7
const ROUND_MS = quick ? 30 : 150

const range = (count) => Array.from({ length: count }, (_, at) => at)
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** Microseconds of each of `ways`, by name; their rounds take turns, so that a slow moment meets all of them. */
const compare = async (ways) => {
  const times = new Map(ways.map(([name]) => [name, []]))
  for (let round = -2; round < ROUNDS; round++)
    for (const [name, act] of ways) {
      const us = await timed(act)
      // The first two rounds are for the compiler.
      if (round >= 0) times.get(name).push(us)
    }
  return new Map([...times].map(([name, values]) => [name, median(values)]))
}

/** Microseconds of one act, over as many as fit into a round. */
const timed = async (act) => {
  const start = performance.now()
  let done = 0
  for (let batch = 1; performance.now() - start < ROUND_MS; batch = Math.min(batch * 2, 4_096)) {
    for (let i = 0; i < batch; i++) {
      const answer = act(done++)
      if (answer instanceof Promise) await answer
    }
  }
  return ((performance.now() - start) * 1_000) / done
}

const line = (name, us, note = '') =>
  console.log(
    `  ${name.padEnd(44)} ${us.toFixed(3).padStart(11)} us ${Math.round(1e6 / us)
      .toLocaleString('en')
      .padStart(12)} /s   ${note}`,
  )

// One policy in three languages: for each rule a role, one verb and an address with one free token; every tenth denies.
const roleOf = (at) => `role${at % 10}`
const isDeny = (at) => at % 20 === 13
const peer = { id: generateIdentity().id, roles: ['role3'], claims: {} }
const operation = (at, rules) => (at * 7) % rules
const address = (at, rules) => `shop.v1.op${operation(at, rules)}.t${at}`

const sottoRules = (rules) =>
  range(rules).map((at) => ({
    id: `r${at}`,
    effect: isDeny(at) ? 'deny' : 'allow',
    by: [`role:${roleOf(at)}`],
    verbs: ['call'],
    on: [`shop.v1.op${at}.*`],
  }))

const sotto = (rules) => policyStore({ version: 1, rules: sottoRules(rules) }).forPeer(peer)

const CASBIN = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.sub == p.sub && r.act == p.act && keyMatch(r.obj, p.obj)
`

const casbin = async (rules, make) => {
  const lines = range(rules).map((at) => `p, ${roleOf(at)}, shop.v1.op${at}.*, call, ${isDeny(at) ? 'deny' : 'allow'}`)
  return make(newModelFromString(CASBIN), new StringAdapter(lines.join('\n')))
}

const cedarPolicies = (rules) => ({
  staticPolicies: Object.fromEntries(
    range(rules).map((at) => [
      `r${at}`,
      `${isDeny(at) ? 'forbid' : 'permit'}(principal == Role::"${roleOf(at)}", action == Action::"call", resource)` +
        ` when { context.address like "shop.v1.op${at}.*" };`,
    ]),
  ),
})

const cedarAnswer = (id, asked) => {
  const answer = cedar.statefulIsAuthorized({
    principal: { type: 'Role', id: 'role3' },
    action: { type: 'Action', id: 'call' },
    resource: { type: 'Any', id: 'any' },
    context: { address: asked },
    preparsedPolicySetId: id,
    entities: [],
  })
  if (answer.type !== 'success') throw new Error(JSON.stringify(answer.errors))
  return answer.response.decision === 'allow'
}

const beside = async (rules) => {
  const addresses = range(256).map((at) => address(at, rules))
  const many = range(10_000).map((at) => address(at, rules))
  const policy = sotto(rules)
  const enforcer = await casbin(rules, newEnforcer)
  const cached = await casbin(rules, newCachedEnforcer)
  const { type } = cedar.preparsePolicySet(`p${rules}`, cedarPolicies(rules))
  if (type !== 'success') throw new Error('expected Cedar to read its policies')
  for (const asked of addresses) {
    const own = policy.admit('in', 'call', asked, {}, 0).effect === 'allow'
    const others = [enforcer.enforceSync('role3', asked, 'call'), cedarAnswer(`p${rules}`, asked)]
    // The last of them also fills the cache.
    others.push(await cached.enforce('role3', asked, 'call'))
    if (others.some((other) => other !== own)) throw new Error(`expected one answer for ${asked}`)
  }
  const times = await compare([
    ['sotto', (at) => policy.admit('in', 'call', addresses[at % 256], {}, 0)],
    ['sotto, an address it has no plan for', (at) => policy.admit('in', 'call', many[at % 10_000], {}, 0)],
    ['casbin enforceSync', (at) => enforcer.enforceSync('role3', addresses[at % 256], 'call')],
    ['casbin CachedEnforcer, all in its cache', (at) => cached.enforce('role3', addresses[at % 256], 'call')],
    ['Cedar, preparsed', (at) => cedarAnswer(`p${rules}`, addresses[at % 256])],
  ])
  console.log(`\ndecisions, ${rules.toLocaleString('en')} rules, 256 addresses`)
  const [met, unmet] = times.values()
  for (const [name, us] of times) {
    // A cache that holds every answer is nothing to hold a first answer against.
    const unplanned = name.includes('cache') ? '' : `, ${(us / unmet).toFixed(1)}x where it has no plan`
    line(name, us, name.startsWith('sotto') ? '' : `sotto is ${(us / met).toFixed(1)}x as fast${unplanned}`)
  }
}

const gate = async () => {
  console.log('\nwhat the gate adds to a message: PeerPolicy.admit')
  const when = [
    { attribute: 'body.room', is: 'in', value: ['kitchen', 'hall'] },
    { attribute: 'bytes', is: 'le', value: 1_000 },
  ]
  const told = { bytes: 64, ttlMs: 500, suite: 'x', ageMs: 5, time: 0, 'body.room': 'hall' }
  for (const rules of [10, 100, 1_000, 10_000]) {
    const addresses = range(256).map((at) => address(at, rules))
    const many = range(10_000).map((at) => address(at, rules))
    const plain = sotto(rules)
    const reading = policyStore({ version: 1, rules: sottoRules(rules).map((rule) => ({ ...rule, when })) }).forPeer(
      peer,
    )
    const limit = { perSecond: 1e12, bytesPerSecond: 1e12 }
    const limits = sottoRules(rules).map((rule) => (rule.effect === 'allow' ? { ...rule, limit } : rule))
    const counting = policyStore({ version: 1, rules: limits }).forPeer(peer)
    const times = await compare([
      ['an address it has met', (at) => plain.admit('in', 'call', addresses[at % 256], told, at)],
      ['and two attributes to read', (at) => reading.admit('in', 'call', addresses[at % 256], told, at)],
      ['and a limit to charge', (at) => counting.admit('in', 'call', addresses[at % 256], told, at)],
      ['10,000 addresses in turn: never met', (at) => plain.admit('in', 'call', many[at % 10_000], told, at)],
    ])
    for (const [name, us] of times) line(`${rules.toLocaleString('en').padStart(6)} rules, ${name}`, us)
    if (rules === 1_000) {
      const [us] = times.values()
      console.log(`  under 1 us a message at 1,000 rules: ${us < 1 ? 'yes' : 'NO'} (${us.toFixed(3)} us)`)
    }
  }
}

/** Documents made to be slow, at the bounds of what loads: the time of an address that was never met. */
const worst = async () => {
  console.log('\nthe slowest documents that load: an address that was never met')
  const rule = (at, over) => ({ id: `r${at}`, effect: 'allow', by: ['any'], verbs: ['call'], on: ['a.v1.o'], ...over })
  const spread = (patterns) =>
    range(Math.ceil(patterns.length / 256)).map((at) => rule(at, { on: patterns.slice(at * 256, at * 256 + 256) }))
  const mixed = (depth) =>
    range(2 ** depth).map(
      (bits) =>
        `a.v1.o.${range(depth)
          .map((at) => ((bits >> at) & 1 ? '*' : 'x'))
          .join('.')}`,
    )
  const groups = (count) => Object.fromEntries(range(count).map((at) => [`g${at}`, [peer.id]]))
  const shapes = [
    ['10,000 rules for one address and everybody', { rules: range(10_000).map((at) => rule(at, {})) }, 'a.v1.o'],
    ['100 rules for one address and everybody', { rules: range(100).map((at) => rule(at, {})) }, 'a.v1.o'],
    ['65,536 patterns of x and *, 16 tokens', { rules: spread(mixed(16)) }, `a.v1.o${'.x'.repeat(16)}`],
    ['4,096 patterns of x and *, 12 tokens', { rules: spread(mixed(12)) }, `a.v1.o${'.x'.repeat(12)}`],
    ['100,000 claims at one level', { rules: spread(range(100_000).map((at) => `a.v1.o.{claim.c${at}}`)) }, 'a.v1.o.x'],
    ['1,000 claims at one level', { rules: spread(range(1_000).map((at) => `a.v1.o.{claim.c${at}}`)) }, 'a.v1.o.x'],
    [
      '1,000 groups that have the peer',
      { groups: groups(1_000), rules: range(1_000).map((at) => rule(at, { by: [`group:g${at}`], on: ['b.v1.o'] })) },
      'a.v1.o',
    ],
    [
      '1,000 rules that match nothing it asks',
      { rules: range(1_000).map((at) => rule(at, { on: [`b.v1.o.t${at}`] })) },
      'a.v1.o',
    ],
  ]
  for (const [name, parts, asked] of shapes) {
    const store = policyStore({ version: 1, ...parts })
    const times = await compare([[name, () => store.forPeer(peer).admit('in', 'call', asked, {}, 0)]])
    line(name, times.get(name))
  }
}

console.log(`node ${process.version}, medians of ${ROUNDS} rounds; Cedar ${cedar.getCedarVersion()}`)
for (const rules of [10, 100, 1_000]) await beside(rules)
await gate()
await worst()
