import { toHex } from '../../src/bytes.js'
import type { Provider } from '../../src/crypto/provider.js'
import type { Role } from '../../src/noise/patterns.js'
import type { Protocol } from '../../src/noise/protocol.js'
import { fromHex } from '../hex.js'
import { givenTo, type Setting } from './noiseplay.js'

/** `rule` where it is not the one that a failure of its code goes back to. */
type Wrong = readonly [comment: string, setting: Setting, rule: string | undefined]

const ROLES = ['initiator', 'responder'] as const

/** The sides do not agree on what they must know beforehand, or a side is given what it cannot start with. */
export const settings = (protocol: Protocol, right: Setting, provider: Provider): Wrong[] => [
  ...prologues(right),
  ...ROLES.flatMap((role) => psks(right, role)),
  ...ROLES.flatMap((role) => remotes(protocol, right, role, provider)),
  ...ROLES.flatMap((role) => missing(right, role)),
]

/** `right` with members of `role` changed; one that is undefined is left out. */
const changed = (
  right: Setting,
  role: Role,
  members: Readonly<Record<string, string | string[] | undefined>>,
): Setting => {
  const prefix = role === 'initiator' ? 'init' : 'resp'
  const over = Object.fromEntries(Object.entries(members).map(([name, value]) => [`${prefix}_${name}`, value]))
  const all = Object.entries({ ...right, ...over }).filter(([, value]) => value !== undefined)
  // A cast, for the names of members are computed.
  return Object.fromEntries(all) as unknown as Setting
}

const bit = (hex: string, at: number, mask: number): string =>
  toHex(fromHex(hex).map((byte, i) => (i === at ? byte ^ mask : byte)))

const prologues = (right: Setting): Wrong[] => {
  const { resp_prologue: prologue } = right
  const no = (comment: string, wrong: string): Wrong => [
    comment,
    changed(right, 'responder', { prologue: wrong }),
    undefined,
  ]
  return [
    no('the prologue of the responder: a bit changed', bit(prologue, 0, 0x01)),
    no('the prologue of the responder: empty', ''),
    no('the prologue of the responder: a zero byte behind', `${prologue}00`),
  ]
}

const psks = (right: Setting, role: Role): Wrong[] => {
  const { psks: given = [] } = givenTo(right, role)
  const no = (comment: string, wrong: string[] | undefined, rule?: string): Wrong => [
    `psks of the ${role}: ${comment}`,
    changed(right, role, { psks: wrong }),
    rule,
  ]
  const each = given.flatMap((psk, i) => [
    no(`a bit of number ${i + 1} changed`, given.with(i, bit(psk, 31, 0x80))),
    no(`number ${i + 1} is zeros`, given.with(i, '00'.repeat(32)), 'NO-3'),
    no(`number ${i + 1} has 31 bytes`, given.with(i, psk.slice(2)), 'NO-3'),
    no(`number ${i + 1} has 33 bytes`, given.with(i, `${psk}00`), 'NO-3'),
    no(`number ${i + 1} has no bytes`, given.with(i, ''), 'NO-3'),
  ])
  if (given.length === 0) return []
  return [...each, no('none', undefined), ...(given.length > 1 ? [no('swapped', given.toReversed())] : [])]
}

/** What a side knows of the other's static key beforehand, and what that one really has. */
const remotes = ({ dh }: Protocol, right: Setting, role: Role, provider: Provider): Wrong[] => {
  const { rs } = givenTo(right, role)
  if (rs === undefined) return []
  const other = toHex(
    provider.dh[dh].importKey(provider.hash.SHA512.digest(fromHex(rs)).subarray(0, rs.length / 2)).publicKey,
  )
  const no = (comment: string, remote_static: string | undefined): Wrong => [
    `the key of the other that the ${role} knows: ${comment}`,
    changed(right, role, { remote_static }),
    undefined,
  ]
  return [
    no('that of another', other),
    no('zeros', '00'.repeat(rs.length / 2)),
    ...(dh === '25519' ? [no('with bit 255 set', bit(rs, 31, 0x80))] : []),
    no('a byte too few', rs.slice(2)),
    no('a byte too many', `${rs}00`),
    no('none', undefined),
  ]
}

const missing = (right: Setting, role: Role): Wrong[] => {
  const { s } = givenTo(right, role)
  return s === undefined
    ? []
    : [[`the static key of the ${role}: none`, changed(right, role, { static: undefined }), undefined]]
}
